# setup, part 5: configurePhase to installPhase for configure scripts and Makefiles.
_fixLibtoolScripts() {
  export lt_cv_deplibs_check_method=${lt_cv_deplibs_check_method-pass_all}
  local i
  find . -iname ltmain.sh -print0 | while IFS= read -r -d '' i; do
    echo "fixing libtool script $i"
    sed -i "$i" -e "s^eval \(sys_lib_search_path=\).*^\1''^" -e 's^eval sys_lib_.+search_path=.*^^'
  done
  # Keep the time of configure, or Make may want to run autoconf again.
  find . -executable -type f -name configure \
    -exec grep -l 'GNU Libtool is free software; you can redistribute it and/or modify' {} \; |
    while IFS= read -r i; do
      touch -r "$i" "$NIX_BUILD_TOP/.configure-time"
      sed -i s_/usr/bin/file_file_g "$i"
      touch -r "$NIX_BUILD_TOP/.configure-time" "$i"
      rm "$NIX_BUILD_TOP/.configure-time"
    done
}

configurePhase() {
  runHook preConfigure
  : "${configureScript=}"
  if [[ -z $configureScript && -x ./configure ]]; then configureScript=./configure; fi
  if [ -z "${dontFixLibtool:-}" ]; then _fixLibtoolScripts; fi
  if [[ -z ${dontAddPrefix:-} && -n $prefix ]]; then
    prependToVar configureFlags "${prefixKey:---prefix=}$prefix"
  fi
  if [ -f "$configureScript" ]; then
    if [ -z "${dontAddDisableDepTrack:-}" ] && grep -q dependency-tracking "$configureScript"; then
      prependToVar configureFlags --disable-dependency-tracking
    fi
    if [ -z "${dontDisableStatic:-}" ] && grep -q enable-static "$configureScript"; then
      prependToVar configureFlags --disable-static
    fi
    if [ -z "${dontPatchShebangsInConfigure:-}" ]; then patchShebangs --build "$configureScript"; fi
  fi
  if [ -n "$configureScript" ]; then
    local -a flagsArray=()
    concatTo flagsArray configureFlags configureFlagsArray
    echoCmd 'configure flags' "${flagsArray[@]}"
    # shellcheck disable=SC2086
    $configureScript "${flagsArray[@]}"
    unset flagsArray
  else
    echo "no configure script, doing nothing"
  fi
  runHook postConfigure
}

_haveMakefile() {
  [[ -n ${makeFlags[*]-} || -n ${makefile:-} || -e Makefile || -e makefile || -e GNUmakefile ]]
}
# _make WORD FLAG...: run make, the flags logged under that word.
_make() {
  local word=$1
  shift
  echoCmd "$word flags" "$@"
  make ${makefile:+-f "$makefile"} "$@"
}
_makeHas() { make -n ${makefile:+-f "$makefile"} "$1" >/dev/null 2>&1; }

buildPhase() {
  runHook preBuild
  if ! _haveMakefile; then
    echo "no Makefile or custom buildPhase, doing nothing"
  else
    foundMakefile=1
    local -a flagsArray=(${enableParallelBuilding:+-j"$NIX_BUILD_CORES"} "SHELL=$SHELL")
    concatTo flagsArray makeFlags makeFlagsArray buildFlags buildFlagsArray
    _make build "${flagsArray[@]}"
    unset flagsArray
  fi
  runHook postBuild
}

checkPhase() {
  runHook preCheck
  if [ -z "${foundMakefile:-}" ]; then
    echo "no Makefile or custom checkPhase, doing nothing"
    runHook postCheck
    return
  fi
  if [ -z "${checkTarget:-}" ]; then
    if _makeHas check; then checkTarget=check; elif _makeHas test; then checkTarget=test; fi
  fi
  if [ -z "${checkTarget:-}" ]; then
    echo "no check/test target in ${makefile:-Makefile}, doing nothing"
  else
    local -a flagsArray=(${enableParallelChecking:+-j"$NIX_BUILD_CORES"} "SHELL=$SHELL")
    concatTo flagsArray makeFlags makeFlagsArray checkFlags=VERBOSE=y checkFlagsArray checkTarget
    _make check "${flagsArray[@]}"
    unset flagsArray
  fi
  runHook postCheck
}

installPhase() {
  runHook preInstall
  if ! _haveMakefile; then
    echo "no Makefile or custom installPhase, doing nothing"
    runHook postInstall
    return
  fi
  foundMakefile=1
  if [ -n "$prefix" ]; then mkdir -p "$prefix"; fi
  local -a flagsArray=(${enableParallelInstalling:+-j"$NIX_BUILD_CORES"} "SHELL=$SHELL")
  concatTo flagsArray makeFlags makeFlagsArray installFlags installFlagsArray installTargets=install
  _make install "${flagsArray[@]}"
  unset flagsArray
  runHook postInstall
}

installCheckPhase() {
  runHook preInstallCheck
  if [ -z "${foundMakefile:-}" ]; then
    echo "no Makefile or custom installCheckPhase, doing nothing"
  elif [ -z "${installCheckTarget:-}" ] && ! _makeHas installcheck; then
    echo "no installcheck target in ${makefile:-Makefile}, doing nothing"
  else
    local -a flagsArray=(${enableParallelChecking:+-j"$NIX_BUILD_CORES"} "SHELL=$SHELL")
    concatTo flagsArray makeFlags makeFlagsArray installCheckFlags installCheckFlagsArray \
      installCheckTarget=installcheck
    _make installcheck "${flagsArray[@]}"
    unset flagsArray
  fi
  runHook postInstallCheck
}

distPhase() {
  runHook preDist
  local -a flagsArray=()
  concatTo flagsArray distFlags distFlagsArray distTarget=dist
  _make dist "${flagsArray[@]}"
  if [ "${dontCopyDist:-0}" != 1 ]; then
    mkdir -p "$out/tarballs"
    # shellcheck disable=SC2086 # wildcards are allowed in it
    cp -pvd ${tarballs[*]:-*.tar.gz} "$out/tarballs"
  fi
  runHook postDist
}
