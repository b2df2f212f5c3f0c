# shellcheck shell=bash
# What dev/test, dev/demo and dev/bench need on a bare Debian: sourced, then `setup_tools` and `setup_nixpkgs`.

setup_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=dev/apt.sh
. "$setup_here/apt.sh"

# setup_tools: the host's tools that tests/hostpkgs wraps, from apt where they are missing.
setup_tools() {
  local -a missing=()
  local tool package
  while read -r tool package; do
    [ -x "/usr/bin/$tool" ] || missing+=("$package")
  done <<'TOOLS'
gcc gcc
g++ g++
clang clang
make make
cmake cmake
ninja ninja-build
meson meson
python3 python3
zstd zstd
xz xz-utils
bzip2 bzip2
file file
patch patch
patchelf patchelf
gawk gawk
ld.lld lld
unzip unzip
zip zip
git git
cargo cargo
rustc rustc
TOOLS
  [ "${#missing[@]}" -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "note: not on this machine: ${missing[*]}; needed only where tests/hostpkgs stands in for nixpkgs" >&2
    return 0
  fi
  echo "dev: installing ${missing[*]}" >&2
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >&2 ||
    { apt-get -qq update >&2 && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >&2; }
}

# setup_nixpkgs: set `nixpkgs` to what is imported as the package set: SPLITPHASE_NIXPKGS, <nixpkgs>, the locked input
# where it can be fetched, else tests/hostpkgs.
setup_nixpkgs() {
  nixpkgs=${SPLITPHASE_NIXPKGS:-}
  [ -n "$nixpkgs" ] || nixpkgs=$("$setup_here/nix" nix-instantiate --find-file nixpkgs 2>/dev/null) || nixpkgs=
  [ -n "$nixpkgs" ] || nixpkgs=$(locked_nixpkgs) || nixpkgs=
  [ -n "$nixpkgs" ] || nixpkgs=$setup_here/../tests/hostpkgs
  nixpkgs=$(realpath "$nixpkgs")
  echo "dev: nixpkgs is $nixpkgs" >&2
}

locked_nixpkgs() {
  timeout 300 "$setup_here/nix" eval --raw --option download-attempts 1 --impure \
    --expr "(builtins.getFlake \"git+file://$(realpath "$setup_here/..")\").inputs.nixpkgs.outPath" 2>/dev/null
}

# setup_scanner: compile the helper's libraries where they are loaded from.
setup_scanner() {
  local part source library
  for part in hashes/scan scan/stat; do
    source=$setup_here/../python/splitphase/$part.c
    library=${source%/*}/_$(basename "$source" .c).so
    if [ ! -e "$library" ] || [ "$source" -nt "$library" ]; then
      "${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror -shared -fPIC -o "$library.new" "$source"
      mv "$library.new" "$library"
    fi
  done
}

# setup_python: a private virtual environment with what the tests import; sets `venv`. The scanner is compiled.
setup_python() {
  setup_scanner
  venv=$splitphase_cache/venv-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  local packages=('pytest>=8' 'pytest-xdist>=3' 'hypothesis>=6' 'jsonschema>=4' 'ruff>=0.6' 'mypy>=1.11') complete
  complete=$venv/complete-$(cksum <<<"${packages[*]}" | cut -d ' ' -f 1)
  if [ ! -e "$complete" ]; then
    if ! python3 -c 'import ensurepip' 2>/dev/null && [ "$(id -u)" = 0 ]; then
      DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3-venv >&2
    fi
    python3 -m venv "$venv"
    "$venv/bin/pip" -q install "${packages[@]}" >&2
    touch "$complete"
  fi
}

# setup_ninja: a Ninja 1.12, which PyPI does not have, from Debian's next suite; it runs with the libraries of the private
# Nix from there, where dev/nix has unpacked one. Adds it to SPLITPHASE_TEST_NINJAS.
setup_ninja() {
  local libraries=$splitphase_cache/nix-trixie/lib program=$splitphase_cache/ninja-1.12/ninja work
  [ -z "${SPLITPHASE_TEST_NINJAS:-}" ] && [ -d "$libraries" ] || return 0
  if [ ! -x "$program" ]; then
    local -a options
    mapfile -t options < <(apt_private trixie deb trixie)
    work=$(mktemp -d)
    (
      cd "$work"
      apt-get "${options[@]}" -qq download ninja-build >&2
      dpkg -x ninja-build_*.deb tree
      patchelf --set-interpreter "$(find "$libraries" -name 'ld-linux*' | head -n 1)" --force-rpath --set-rpath "$libraries" tree/usr/bin/ninja
    )
    mkdir -p "${program%/*}"
    mv "$work/tree/usr/bin/ninja" "$program"
    rm -rf "$work"
  fi
  export SPLITPHASE_TEST_NINJAS=$program
}
