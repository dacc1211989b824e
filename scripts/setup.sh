#!/usr/bin/env bash
# setup.sh: installs every dependency from the distribution's packages. Safe to run again.
#   --minimum  only what a build needs without guests and tests (-DBUILD_TESTING=OFF -DWG_GUESTS=OFF)
#   --check    installs nothing: says what is missing and what for; exit status 1 if a build cannot do without it
set -euo pipefail

build=(build-essential cmake ninja-build pkg-config libcapstone-dev libsqlite3-dev libzstd-dev zlib1g-dev libjansson-dev libssl-dev
  libxxhash-dev)
shell=(libedit-dev)
jit=(llvm-dev llvm clang)
guests=(gcc-powerpc-linux-gnu)
tests=(libcunit1-dev libmspack-dev gcc-powerpc64-linux-gnu qemu-user zstd cabextract python3 python3-jsonschema zsh lnav
  gdb-multiarch)
house=(clang clang-format clang-tidy libclang-rt-14-dev git lintian lld)

minimum=false check=false
for a in "$@"; do
  case $a in
    --minimum) minimum=true ;;
    --check) check=true ;;
    *) echo "setup: expected --minimum or --check, got '$a'" >&2; exit 2 ;;
  esac
done
packages=("${build[@]}" "${shell[@]}")
$minimum || packages+=("${jit[@]}")
$minimum || packages+=("${guests[@]}" "${tests[@]}" "${house[@]}")

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this script knows Debian and its derivatives. Install the equivalents of these packages:" >&2
  printf '  %s\n' "${packages[@]}" >&2
  exit 2
fi
missing_of() { # packages: those that are not installed
  local p
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || echo "$p"
  done
}

if $check; then
  tell() { # what for, what then, packages
    local what=$1 then=$2 lacking
    shift 2
    lacking=$(missing_of "$@" | paste -sd' ')
    [ -z "$lacking" ] && return 0
    echo "setup: missing for $what: $lacking ($then)"
    return 1
  }
  rc=0
  tell "building" "nothing builds without them" "${build[@]}" || rc=1
  tell "editing in the shell of wedge query" "its lines are read as they come without it" "${shell[@]}" || true
  if ! $minimum; then
    tell "the compiler of what runs often" "or -DWG_JIT=OFF" "${jit[@]}" || true
    tell "the guest programs" "or -DWG_GUESTS=OFF" "${guests[@]}" || true
    tell "the tests" "or -DBUILD_TESTING=OFF" "${tests[@]}" || true
    tell "format, lint and packages" "nothing that is built needs them" "${house[@]}" || true
  fi
  [ $rc -eq 0 ] && echo "setup: a build has what it needs"
  exit $rc
fi

mapfile -t missing < <(missing_of "${packages[@]}")
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
