# Strip debug symbols in fixup.
fixupOutputHooks+=(_doStrip)

_doStrip() {
  if [ -n "${dontStrip-}${dontStripHost-}" ] || ! type -f "${STRIP-}" >/dev/null 2>&1; then return; fi
  stripDirs "$STRIP" "$RANLIB" "${stripDebugList[*]:-lib lib32 lib64 libexec bin sbin}" "${stripDebugFlags[*]:--S -p}"
  stripDirs "$STRIP" "$RANLIB" "${stripAllList[*]:-}" "${stripAllFlags[*]:--s -p}"
}

# stripDirs STRIP RANLIB DIRS FLAGS: both programs and flags are words of a command line.
stripDirs() {
  local cmd=$1 ranlibCmd=$2 stripFlags=$4 dir pattern
  local -a dirs=() exclude=(! -path "$prefix/lib/debug/*")
  for dir in $3; do
    if [ -e "$prefix/$dir" ]; then dirs+=("$prefix/$dir"); fi
  done
  [ "${#dirs[@]}" -gt 0 ] || return 0
  for pattern in ${stripExclude[@]+"${stripExclude[@]}"}; do
    exclude+=(! -name "$pattern" ! -wholename "$prefix/$pattern")
  done
  echo "stripping (with command $cmd and flags $stripFlags) in ${dirs[*]}"
  # 123: some files could not be stripped, which is fine for scripts and data.
  # shellcheck disable=SC2086
  find "${dirs[@]}" -type f "${exclude[@]}" -print0 | xargs -r -0 -n1 -- realpath -z | sort -u -z |
    xargs -r -0 -n1 -P "$NIX_BUILD_CORES" -- $cmd $stripFlags 2>/dev/null || [ $? = 123 ]
  find "${dirs[@]}" -name '*.a' -type f -exec $ranlibCmd {} \; 2>/dev/null
}
