# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# prepare.sh: sourced by ./lab and ./check. Finds and installs packages, configures and builds a preset.
# The caller sets `me` (its name, for messages) and `root` (the project's folder).
: "${me:?}" "${root:?}"

# packages_for lab|check: each package, and how to tell that it is there without dpkg: a command, or
# pc:<pkg-config module>.
packages_for() {
  printf '%s\n' gcc:gcc libc6-dev:gcc cmake:cmake ninja-build:ninja pkg-config:pkg-config \
    libck-dev:pc:ck liburcu-dev:pc:liburcu-bp libjansson-dev:pc:jansson libpopt-dev:pc:popt
  if [[ $1 == check ]]; then
    printf '%s\n' g++:g++ clang:clang libcmocka-dev:pc:cmocka valgrind:valgrind python3:python3 \
      shellcheck:shellcheck sqlite3:sqlite3 perl:perl gawk:gawk make:make xz-utils:xz libpython3.11:pc:none \
      libpython3.11-dev:pc:python-3.11-embed libclang-rt-14-dev:pc:none spin:spin protobuf-compiler:protoc
  fi
}

say() {
  printf '%s: %s\n' "$me" "$*" >&2
}

# One line that says what was wrong and what would be right.
refuse() {
  say "$*"
  exit 2
}

is_present() {
  local package=$1 probe=$2
  if [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]]; then
    return 0
  fi
  if [[ $probe == pc:* ]]; then
    pkg-config --exists "${probe#pc:}" 2>/dev/null
  else
    command -v "$probe" >/dev/null
  fi
}

# Waits for a lock a while, asks nothing, and never for ever.
apt() {
  local become=()
  if ((EUID != 0)); then
    become=(sudo -n)
  fi
  timeout 1200 "${become[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
    apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

may_install() {
  command -v apt-get >/dev/null && { ((EUID == 0)) || sudo -n true 2>/dev/null; }
}

# install_packages lab|check: names the missing ones and installs them.
install_packages() {
  local entry missing=() log
  while read -r entry; do
    is_present "${entry%%:*}" "${entry#*:}" || missing+=("${entry%%:*}")
  done < <(packages_for "$1")
  if ((${#missing[@]} == 0)); then
    return
  fi
  if ! may_install; then
    refuse "missing packages; ask the administrator for: apt-get install ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  log=$(mktemp)
  apt update >"$log" 2>&1 || say "apt-get update failed; trying with the lists there are"
  if ! apt --no-install-recommends install "${missing[@]}" >>"$log" 2>&1; then
    tail -n 5 "$log" >&2
    rm -f "$log"
    refuse "apt-get could not install; ask the administrator for: apt-get install ${missing[*]}"
  fi
  rm -f "$log"
}

# log_run LOG COMMAND...: quiet, its output in LOG; the end of it where the command fails.
log_run() {
  local log=$1
  shift
  if "$@" >>"$log" 2>&1; then
    return 0
  fi
  grep -E -m 4 -A 12 'error|FAILED|Error' "$log" >&2 || tail -n 30 "$log" >&2
  say "failed; all of it is in $log"
  return 1
}

# build_preset PRESET TARGET: build/<preset> up to date. Its output is in build/<preset>/build.log.
build_preset() {
  local preset=$1 target=$2 build=$root/build/$1 fresh=()
  if ! mkdir -p "$build" 2>/dev/null || [[ ! -w $build ]]; then
    refuse "cannot write to $build; make it yours or remove it"
  fi
  # A copied or moved tree brings a cache that speaks of the old place.
  if [[ -f $build/CMakeCache.txt ]] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"; then
    fresh=(--fresh)
  fi
  if command -v ninja >/dev/null; then
    export CMAKE_GENERATOR=Ninja
  fi
  : >"$build/build.log"
  log_run "$build/build.log" cmake -S "$root" --preset "$preset" "${fresh[@]}" || return
  log_run "$build/build.log" cmake --build "$build" --target "$target" --parallel "$(nproc)"
}
