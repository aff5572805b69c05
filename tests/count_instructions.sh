#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# count_instructions.sh PROGRAM LIMIT_FILE SCRATCH: the instructions of one warm gilloc_malloc(64) + gilloc_free,
# the calls and the PLT included: PROGRAM with 2N pairs less PROGRAM with N, by N. Fails above the number in
# LIMIT_FILE.
set -euo pipefail

program=$1
limit=$(grep -v '^#' "$2")
scratch=$3
pairs=20000

instructions() {
  valgrind --tool=callgrind --callgrind-out-file="$scratch/callgrind.out.$1" "$program" "$1" 2>&1 |
    awk '/Collected/ { print $NF }'
}

mkdir -p -- "$scratch"
once=$(instructions "$pairs")
twice=$(instructions $((2 * pairs)))
count=$(((twice - once + pairs / 2) / pairs))
echo "instructions of a warm gilloc_malloc(64) + gilloc_free: $count (held: at most $limit)"
((count <= limit))
