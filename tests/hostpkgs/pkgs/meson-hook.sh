# Phases of a build with Meson, on top of Ninja's.
mesonConfigurePhase() {
  runHook preConfigure
  : "${mesonBuildDir:=build}"
  local -a flagsArray=()
  if [ -z "${dontAddPrefix-}" ]; then flagsArray+=("--prefix=$prefix"); fi
  flagsArray+=("--libdir=${!outputLib}/lib" "--libexecdir=${!outputLib}/libexec" "--bindir=${!outputBin}/bin"
    "--sbindir=${!outputBin}/sbin" "--includedir=${!outputInclude}/include" "--mandir=${!outputMan}/share/man"
    "--infodir=${!outputInfo}/share/info" "--localedir=${!outputLib}/share/locale"
    "-Dauto_features=${mesonAutoFeatures:-enabled}" "-Dwrap_mode=${mesonWrapMode:-nodownload}"
    "--buildtype=${mesonBuildType:-plain}")
  concatTo flagsArray mesonFlags mesonFlagsArray
  echoCmd 'mesonConfigurePhase flags' "${flagsArray[@]}"
  meson setup "$mesonBuildDir" "${flagsArray[@]}"
  cd "$mesonBuildDir"
  if ! [ -v enableParallelBuilding ]; then
    enableParallelBuilding=1
    echoCmd mesonConfigurePhase "enabled parallel building"
  fi
  if [ "${checkPhase-ninjaCheckPhase}" = ninjaCheckPhase ] && [ -z "${dontUseMesonCheck-}" ]; then
    checkPhase=mesonCheckPhase
  fi
  if [ "${installPhase-ninjaInstallPhase}" = ninjaInstallPhase ] && [ -z "${dontUseMesonInstall-}" ]; then
    installPhase=mesonInstallPhase
  fi
  runHook postConfigure
}

mesonCheckPhase() {
  runHook preCheck
  local -a flagsArray=()
  concatTo flagsArray mesonCheckFlags mesonCheckFlagsArray
  echoCmd 'mesonCheckPhase flags' "${flagsArray[@]}"
  meson test --no-rebuild "${flagsArray[@]}"
  runHook postCheck
}

mesonInstallPhase() {
  runHook preInstall
  local -a flagsArray=()
  if [ -n "${mesonInstallTags[*]-}" ]; then flagsArray+=(--tags "$(concatStringsSep , mesonInstallTags)"); fi
  concatTo flagsArray mesonInstallFlags mesonInstallFlagsArray
  echoCmd 'mesonInstallPhase flags' "${flagsArray[@]}"
  meson install --no-rebuild "${flagsArray[@]}"
  runHook postInstall
}

if [ -z "${dontUseMesonConfigure-}" ] && [ -z "${configurePhase-}" ]; then
  setOutputFlags=
  configurePhase=mesonConfigurePhase
fi
