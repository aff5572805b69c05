#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# law_scripts.sh ROOT: shellcheck finds nothing in any shell script.
set -euo pipefail
cd -- "$1"
mapfile -t scripts < <(printf '%s\n' lab check .ci/run .ci/prepare.sh; find tests stress -name '*.sh' | sort)
shellcheck -x "${scripts[@]}"
echo "${#scripts[@]} scripts"
