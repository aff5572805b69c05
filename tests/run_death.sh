#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# run_death.sh SOURCE PROGRAM [ARGUMENT...]: passes when PROGRAM dies by SIGABRT and its standard error has a
# line that matches the extended regular expression in SOURCE's first line, `/* expect: ... */`.
set -euo pipefail

source_file=$1
shift
expected=$(sed -n '1s|^/\* expect: \(.*\) \*/$|\1|p' "$source_file")
if [[ -z $expected ]]; then
  echo "$source_file: the first line is not /* expect: <regular expression> */"
  exit 1
fi

ulimit -c 0
said=$(mktemp)
trap 'rm -f "$said"' EXIT
status=0
"$@" 2>"$said" || status=$?
cat "$said"
if ((status != 128 + 6)); then
  echo "expected death by SIGABRT (status 134), but the status is $status"
  exit 1
fi
if ! grep -Eq -- "$expected" "$said"; then
  echo "expected on standard error: $expected"
  exit 1
fi
