# Phases of a build with Ninja.
_ninja() {
  local word=$1
  shift
  echoCmd "$word flags" "$@"
  TERM=dumb ninja "$@"
}

ninjaBuildPhase() {
  runHook preBuild
  local buildCores=1
  if [ -n "${enableParallelBuilding-1}" ]; then buildCores=$NIX_BUILD_CORES; fi
  local -a flagsArray=("-j$buildCores")
  concatTo flagsArray ninjaFlags ninjaFlagsArray
  _ninja build "${flagsArray[@]}"
  runHook postBuild
}

ninjaCheckPhase() {
  runHook preCheck
  if [ -z "${checkTarget:-}" ] && ninja -t query test >/dev/null 2>&1; then checkTarget=test; fi
  if [ -z "${checkTarget:-}" ]; then
    echo "no test target found in ninja, doing nothing"
  else
    local buildCores=1
    if [ -n "${enableParallelChecking-1}" ]; then buildCores=$NIX_BUILD_CORES; fi
    local -a flagsArray=("-j$buildCores")
    concatTo flagsArray ninjaFlags ninjaFlagsArray checkTarget
    _ninja check "${flagsArray[@]}"
  fi
  runHook postCheck
}

ninjaInstallPhase() {
  runHook preInstall
  local buildCores=1
  if [ -n "${enableParallelInstalling-1}" ]; then buildCores=$NIX_BUILD_CORES; fi
  local -a flagsArray=("-j$buildCores")
  concatTo flagsArray ninjaFlags ninjaFlagsArray installTargets=install
  _ninja install "${flagsArray[@]}"
  runHook postInstall
}

if [ -z "${dontUseNinjaBuild-}" ] && [ -z "${buildPhase-}" ]; then buildPhase=ninjaBuildPhase; fi
if [ -z "${dontUseNinjaCheck-}" ] && [ -z "${checkPhase-}" ]; then checkPhase=ninjaCheckPhase; fi
if [ -z "${dontUseNinjaInstall-}" ] && [ -z "${installPhase-}" ]; then installPhase=ninjaInstallPhase; fi
