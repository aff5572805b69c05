#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# count_instructions.sh PROGRAM LIMIT_FILE SCRATCH [ARGUMENT]: the instructions of one of the pairs that
# PROGRAM makes N of (calls and the PLT included): PROGRAM with 2N pairs less PROGRAM with N, by N. Fails above
# the number in LIMIT_FILE, whose first line says what is counted.
set -euo pipefail

program=$1
limit=$(grep -v '^#' "$2")
scratch=$3
pairs=20000

instructions() {
  valgrind --tool=callgrind --callgrind-out-file="$scratch/callgrind.out.$1" "$program" "$@" 2>&1 |
    awk '/Collected/ { print $NF }'
}

mkdir -p -- "$scratch"
once=$(instructions "$pairs" "${@:4}")
twice=$(instructions $((2 * pairs)) "${@:4}")
count=$(((twice - once + pairs / 2) / pairs))
head -n 1 -- "$2"
echo "$count (held: at most $limit)"
((count <= limit))
