#!/usr/bin/env bash
# Installs every dependency from the distribution's packages. Safe to run again.
set -euo pipefail

packages=(build-essential cmake ninja-build pkg-config clang clang-format clang-tidy libclang-rt-14-dev
  libcapstone-dev libsqlite3-dev libzstd-dev zlib1g-dev libjansson-dev libcunit1-dev libssl-dev libxxhash-dev libmspack-dev
  gcc-powerpc-linux-gnu gcc-powerpc64-linux-gnu qemu-user zstd cabextract python3 python3-jsonschema)

if ! command -v apt-get >/dev/null; then
  echo "setup: this script knows Debian and its derivatives. Install the equivalents of these packages:" >&2
  printf '  %s\n' "${packages[@]}" >&2
  exit 2
fi

missing=()
for p in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: every dependency is installed"
  exit 0
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup: not root and no sudo; install: ${missing[*]}" >&2; exit 2; }
  sudo=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${sudo[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "setup: done"
