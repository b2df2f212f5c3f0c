# shellcheck shell=bash
# A private apt: other suites and source packages of the machine's own Debian mirror, without touching its settings.
# Sourced by dev/nix and dev/fetch. The mirror is whatever the machine's apt uses; none is named here.

splitphase_cache=${SPLITPHASE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/splitphase}

# apt_mirror: the first archive URI that the machine's apt is set up with.
apt_mirror() {
  local uri
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    grep -v -- -security | head -n 1)
  if [ -z "$uri" ]; then
    echo "error: apt has no package index, so the Debian mirror is unknown" >&2
    echo "hint: run 'apt-get update' first; dev/ scripts need Debian 12 or newer" >&2
    return 1
  fi
  printf '%s\n' "$uri"
}

# apt_private NAME deb|deb-src SUITE: print the apt options of a private apt, its index fetched once a day.
apt_private() {
  local name=$1 kind=$2 suite=$3 root mirror
  root=$splitphase_cache/apt/$name
  mkdir -p "$root/lists/partial" "$root/archives/partial" "$root/etc"
  if [ ! -s "$root/etc/sources.list" ] || [ -n "$(find "$root/etc/sources.list" -mtime +0)" ]; then
    mirror=$(apt_mirror) || return 1
    echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$root/etc/new.list"
    : >"$root/etc/status"
    apt_options "$root" >"$root/options"
    local -a options
    mapfile -t options <"$root/options"
    apt-get "${options[@]}" -o Dir::Etc::sourcelist="$root/etc/new.list" -qq update >&2 || return 1
    mv "$root/etc/new.list" "$root/etc/sources.list"
  fi
  cat "$root/options"
}

apt_options() {
  printf '%s\n' -o "Dir::Etc::sourcelist=$1/etc/sources.list" -o Dir::Etc::sourceparts=- \
    -o "Dir::State::lists=$1/lists" -o "Dir::State::status=$1/etc/status" \
    -o "Dir::Cache::archives=$1/archives" -o "Dir::Cache::pkgcache=$1/pkgcache.bin" \
    -o "Dir::Cache::srcpkgcache=$1/srcpkgcache.bin" -o APT::Sandbox::User=root -o Acquire::Languages=none
}
