#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# test_clients.sh BUILD SCRATCH CC GENERATOR: installs the build into a scratch prefix, moves the prefix, and builds and
# runs a client against it: by find_package, and by pkg-config.
set -euo pipefail

build=$1
scratch=$2
cc=$3
generator=$4
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

rm -rf -- "$scratch"
mkdir -p -- "$scratch"
cmake --install "$build" --prefix "$scratch/first" >"$scratch/install.log"
mv -- "$scratch/first" "$scratch/prefix"
prefix=$scratch/prefix

echo "== what is installed"
(cd "$prefix" && find . -type f -o -type l | sort)
for file in include/gilloc/gilloc.h bin/gilloc lib/libgilloc-fine.so lib/libgilloc-fine.a lib/libgilloc-fine-malloc.a; do
  [[ -e $prefix/$file ]] || { echo "missing: $file"; exit 1; }
done

echo "== find_package"
cmake -G "$generator" -S "$here/find_package" -B "$scratch/find_package" \
  -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF >"$scratch/configure.log"
cmake --build "$scratch/find_package" >"$scratch/build.log" || { cat "$scratch/build.log"; exit 1; }
ctest --test-dir "$scratch/find_package" --output-on-failure

echo "== pkg-config"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
# client PACKAGE FLAG...: builds a client with what pkg-config says of the package, and runs it.
client() {
  local package=$1 flags=() said
  shift
  eval "flags=($(pkg-config --cflags --libs "$package"))" # a path may hold blanks
  "$cc" "$here/client.c" -o "$scratch/client-$package" "${flags[@]}" "$@"
  said=$("$scratch/client-$package")
  echo "$said"
  [[ "gilloc-${said% *} ${said#* }" == "${package%-malloc} $(pkg-config --modversion "$package")" ]]
}
for flavour in none gil fine; do
  client "gilloc-$flavour" -Wl,-rpath,"$prefix/lib"
  client "gilloc-$flavour-malloc"
  client "gilloc-$flavour-malloc" -static
done

echo "== the installed command"
"$prefix/bin/gilloc" --version
