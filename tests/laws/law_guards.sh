#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# law_guards.sh ROOT CLANG: under every strategy, clang's thread safety analysis accepts a guard that is left
# again and refuses one that is leaked, one that is left without being entered and one entered twice.
set -euo pipefail

root=$1
clang=$2

# compile STRATEGY LOCK BODY
compile() {
  "$clang" -std=gnu17 -fsyntax-only -Wall -Wextra -Wthread-safety -Werror -I"$root/include" -I"$root/sync" \
    -D_GNU_SOURCE=1 -DGILLOC_STRATEGY="$1" -DGILLOC_LOCK="$2" -x c - <<END
#include "guard.h"
void touch(struct gilloc_guard *guard);
void touch(struct gilloc_guard *guard)
{
  struct gilloc_guard_node node;
  $3
}
END
}

enter='gilloc_guard_enter(guard, &node);'
leave='gilloc_guard_leave(guard, &node);'
wrong=0
for built in '0 0' '1 0' '2 1' '2 2' '2 3' '2 4' '2 5'; do
  read -r strategy lock <<<"$built"
  if ! compile "$strategy" "$lock" "$enter $leave"; then
    echo "strategy $strategy, lock $lock: refuses a guard that is left again"
    wrong=1
  fi
  for body in "$enter" "(void)node; $leave" "$enter $enter $leave"; do
    if compile "$strategy" "$lock" "$body" 2>/dev/null; then
      echo "strategy $strategy, lock $lock: accepts $body"
      wrong=1
    fi
  done
done
exit "$wrong"
