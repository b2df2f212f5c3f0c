# Which output gets what: output<Kind> names an output; flags for configure, and moves in fixup.
preConfigureHooks+=(_multioutConfig)
preFixupHooks+=(_multioutDocs _multioutDevs)
postFixupHooks+=(_multioutPropagateDev)

# _overrideFirst VAR NAME...: unless VAR is set, set it to the first NAME that is a non-empty variable.
_overrideFirst() {
  local candidate REMOVE=REMOVE
  [ -z "${!1-}" ] || return 0
  for candidate in "${@:2}"; do
    if [ -n "${!candidate-}" ]; then
      eval "$1=$candidate"
      return
    fi
  done
  echo "error: no output for $1: none of these outputs exists: ${*:2}" >&2
  return 1
}
_overrideFirst outputDev dev out
_overrideFirst outputBin bin out
_overrideFirst outputInclude "$outputDev"
_overrideFirst outputLib lib out
_overrideFirst outputDoc doc out
_overrideFirst outputDevdoc devdoc REMOVE
_overrideFirst outputMan man "$outputBin"
_overrideFirst outputDevman devman devdoc "$outputMan"
_overrideFirst outputInfo info "$outputBin"

_addRpathPrefix "${!outputLib}"
NIX_NO_SELF_RPATH=1

_multioutConfig() {
  if [ "$(getAllOutputNames)" = out ] || [ -z "${setOutputFlags-1}" ]; then return; fi
  if [ -z "${shareDocName:-}" ]; then
    local script=${configureScript:-./configure} shareDocName=
    if [ -f "$script" ]; then shareDocName=$(sed -n "s/^PACKAGE_TARNAME='\(.*\)'$/\1/p" "$script"); fi
    if ! [[ $shareDocName =~ ^[a-zA-Z0-9_-]+$ ]]; then shareDocName=${name%%-[!a-zA-Z]*}; fi
  fi
  prependToVar configureFlags \
    "--bindir=${!outputBin}/bin" "--sbindir=${!outputBin}/sbin" \
    "--includedir=${!outputInclude}/include" "--oldincludedir=${!outputInclude}/include" \
    "--mandir=${!outputMan}/share/man" "--infodir=${!outputInfo}/share/info" \
    "--docdir=${!outputDoc}/share/doc/$shareDocName" \
    "--libdir=${!outputLib}/lib" "--libexecdir=${!outputLib}/libexec" "--localedir=${!outputLib}/share/locale"
  prependToVar installFlags \
    "pkgconfigdir=${!outputDev}/lib/pkgconfig" "m4datadir=${!outputDev}/share/aclocal" \
    "aclocaldir=${!outputDev}/share/aclocal"
}

# moveToOutput GLOB OUTPUT_PATH: move what matches in any output there; REMOVE deletes it.
moveToOutput() {
  local patt=$1 dstOut=$2 output srcPath dstPath srcParent
  for output in $(getAllOutputNames); do
    [ "${!output}" != "$dstOut" ] || continue
    for srcPath in "${!output}"/$patt; do
      if [ ! -e "$srcPath" ] && [ ! -L "$srcPath" ]; then continue; fi
      if [ "$dstOut" = REMOVE ]; then
        echo "Removing $srcPath"
        rm -r "$srcPath"
      else
        dstPath=$dstOut${srcPath#"${!output}"}
        echo "Moving $srcPath to $dstPath"
        if [ -d "$dstPath" ] && [ -d "$srcPath" ]; then
          find "$srcPath" -mindepth 1 -maxdepth 1 -exec mv -t "$dstPath" {} +
          rmdir "$srcPath"
        else
          mkdir -p "$(dirname "$dstPath")"
          mv "$srcPath" "$dstPath"
        fi
      fi
      srcParent=$(readlink -m "$srcPath/..")
      rmdir -p --ignore-fail-on-non-empty "$srcParent" 2>/dev/null || true
    done
  done
}

_multioutDocs() {
  local REMOVE=REMOVE
  moveToOutput share/info "${!outputInfo}"
  moveToOutput share/doc "${!outputDoc}"
  moveToOutput share/gtk-doc "${!outputDevdoc}"
  moveToOutput share/devhelp/books "${!outputDevdoc}"
  moveToOutput share/man "${!outputMan}"
  moveToOutput share/man/man3 "${!outputDevman}"
}

_multioutDevs() {
  if [ "$(getAllOutputNames)" = out ] || [ -z "${moveToDev-1}" ]; then return; fi
  moveToOutput include "${!outputInclude}"
  local part
  for part in lib/pkgconfig share/pkgconfig lib/cmake share/aclocal; do moveToOutput $part "${!outputDev}"; done
  for part in "${!outputDev}"/{lib,share}/pkgconfig/*.pc; do
    echo "Patching '$part' includedir to output ${!outputInclude}"
    sed -i "/^includedir=/s,=\${prefix},=${!outputInclude}," "$part"
  done
}

# Who takes dev as an input gets binaries, headers and libraries too.
_multioutPropagateDev() {
  if [ "$(getAllOutputNames)" = out ]; then return; fi
  if [ -z "${propagatedBuildOutputs+1}" ]; then
    propagatedBuildOutputs=$(printf '%s\n' "$outputBin" "$outputInclude" "$outputLib" |
      sed "/^$outputDev\$/d" | sort -u | tr '\n' ' ')
  fi
  if [ -z "$propagatedBuildOutputs" ]; then return; fi
  mkdir -p "${!outputDev}/nix-support"
  local output
  for output in $propagatedBuildOutputs; do
    echo -n " ${!output}" >>"${!outputDev}/nix-support/propagated-build-inputs"
  done
}
