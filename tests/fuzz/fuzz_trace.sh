#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# fuzz_trace.sh PROGRAM CORPUS FOLDER: the kept corpus, then five seconds of new inputs, which go into FOLDER.
set -euo pipefail
program=$1
corpus=$2
found=$3
mkdir -p "$found"
"$program" -runs=0 "$corpus"
"$program" -max_total_time=5 -timeout=10 -max_len=4096 -artifact_prefix="$found/" "$found" "$corpus"
