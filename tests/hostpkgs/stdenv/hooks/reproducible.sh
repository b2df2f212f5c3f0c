# Fixed random seed, times from the source, no times in what is installed.
_seed=${NIX_OUTPATH_USED_AS_RANDOM_SEED:-$out}
_seed=${_seed##*/}
export NIX_CFLAGS_COMPILE="${NIX_CFLAGS_COMPILE:-} -frandom-seed=${_seed:0:10}"
unset _seed

# SOURCE_DATE_EPOCH becomes the time of the newest file in the source, if that is newer than the default.
updateSourceDateEpoch() {
  local newest
  newest=$(find "$1" -type f -not -newer "$NIX_BUILD_TOP/.." -printf '%T@\n' | sort -n | tail -n 1)
  newest=${newest%%.*}
  if [ "${newest:-0}" -gt "$SOURCE_DATE_EPOCH" ]; then
    echo "setting SOURCE_DATE_EPOCH to timestamp $newest"
    export SOURCE_DATE_EPOCH=$newest
  fi
}
_updateSourceDateEpochFromSourceRoot() {
  if [ -n "$sourceRoot" ]; then updateSourceDateEpoch "$sourceRoot"; fi
}
postUnpackHooks+=(_updateSourceDateEpochFromSourceRoot)

_compressManPages() {
  if [ -n "${dontGzipMan-}" ] || [ ! -d "$prefix/share/man" ]; then return; fi
  echo "gzipping man pages under $prefix/share/man/"
  find "$prefix/share/man" -type f ! -name '*.gz' -exec gzip -9 -n -f {} +
  local link
  find "$prefix/share/man" -type l ! -name '*.gz' | while read -r link; do
    if [ -e "$link.gz" ] || [ ! -e "$link" ]; then
      ln -sf "$(readlink "$link").gz" "$link.gz"
      rm -f "$link"
    fi
  done
}
fixupOutputHooks+=(_compressManPages)
