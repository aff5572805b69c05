#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Checks gil_handover.pml: each policy by itself and with a change of policy in between, for 3 threads; or one case.
#   tests/model/gil_handover.sh [POLICY CHANGES ROUNDS]      POLICY: 0 interval, 1 ticks, 2 fifo, 3 priority, 4 fair
# Needs spin (Debian's package of that name) and a C compiler; without them it ends with 77, which CTest calls skipped.
set -euo pipefail

model=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/gil_handover.pml
if ! command -v spin >/dev/null || ! command -v cc >/dev/null; then
  echo "gil_handover: spin or cc is not installed" >&2
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$model" "$folder"
cd "$folder"

check() {
  local policy=$1 changes=$2 rounds=$3 names=(interval ticks fifo priority fair)
  spin -DFIRST_POLICY="$policy" -DCHANGES="$changes" -DROUNDS="$rounds" -a gil_handover.pml >spin.out
  cc -O0 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=2048 -DMEMLIM=3000 -o pan pan.c
  ./pan -m1000000 >pan.out
  local states
  states=$(awk '/states, stored/ { print $1; exit }' pan.out)
  if ! grep -q 'errors: 0' pan.out || grep -q 'max search depth too small' pan.out ||
    grep -q 'Search not completed' pan.out; then
    echo "gil_handover: ${names[policy]}, $changes changes of policy, $rounds rounds: an error" >&2
    cat pan.out >&2
    [ -e gil_handover.pml.trail ] && spin -DFIRST_POLICY="$policy" -DCHANGES="$changes" -DROUNDS="$rounds" -t -p -g gil_handover.pml | tail -60 >&2
    exit 1
  fi
  echo "${names[policy]}, $changes changes of policy, $rounds rounds: $states states, no error"
}

if [ $# -eq 3 ]; then
  check "$1" "$2" "$3"
  exit
fi
for policy in 0 1 2 3; do
  check "$policy" 0 2
done
check 4 0 1
for policy in 0 1 2 3 4; do
  check "$policy" 1 1
done
