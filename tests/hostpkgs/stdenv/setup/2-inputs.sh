# setup, part 2: PATH, the inputs, their setup hooks and environment hooks.
export SOURCE_DATE_EPOCH
: "${SOURCE_DATE_EPOCH:=315532800}" # 1980-01-01, the oldest time that zip can store

PATH=
HOST_PATH=
for i in $initialPath; do
  addToSearchPath PATH "$i/bin"
  [ -n "${strictDeps-}" ] || addToSearchPath HOST_PATH "$i/bin"
done
unset i
BASH=$SHELL
export CONFIG_SHELL=$SHELL
if [ -z "${shell:-}" ]; then export shell=$SHELL; fi
# Namerefs over unset arrays are errors under `set -u`, so the well-known ones exist from here on.
declare -a preConfigureHooks postConfigureHooks preFixupHooks fixupOutputHooks postFixupHooks postUnpackHooks \
  unpackCmdHooks postHooks
runHook preHook
runHook addInputsHook

# Platforms as offsets from the package's host platform: -1 build, 0 host, 1 target.
_platformNames=(Build Host Target)
_roleSuffixes=(_FOR_BUILD "" _FOR_TARGET)
_platformPairs=("-1 -1" "-1 0" "-1 1" "0 0" "0 1" "1 1")
declare -a pkgsBuildBuild=() pkgsBuildHost=() pkgsBuildTarget=() pkgsHostHost=() pkgsHostTarget=() pkgsTargetTarget=()
declare -a envBuildBuildHooks=() envBuildHostHooks=() envBuildTargetHooks=() envHostHostHooks=() \
  envHostTargetHooks=() envTargetTargetHooks=()
# The variable and the nix-support file that belong to each of the pairs above.
_depVars=(depsBuildBuild nativeBuildInputs depsBuildTarget depsHostHost buildInputs depsTargetTarget)
_propagatedVars=(depsBuildBuildPropagated propagatedNativeBuildInputs depsBuildTargetPropagated
  depsHostHostPropagated propagatedBuildInputs depsTargetTargetPropagated)
_propagatedFiles=(propagated-build-build-deps propagated-native-build-inputs propagated-build-target-deps
  propagated-host-host-deps propagated-build-inputs propagated-target-target-deps)

_pairName() { REPLY=${_platformNames[$1 + 1]}${_platformNames[$2 + 1]}; }

# addEnvHooks HOST_OFFSET FUNCTION...: call them with every input of that host platform.
addEnvHooks() {
  local pair hook
  for pair in "${_platformPairs[@]}"; do
    [ "${pair% *}" = "$1" ] || continue
    # shellcheck disable=SC2086
    _pairName $pair
    local -n envHooks=env${REPLY}Hooks
    for hook in "${@:2}"; do envHooks+=("$hook"); done
    unset -n envHooks
  done
}
# For the setup hook being sourced: the suffix (role_post) of the variables of its target platform.
getTargetRole() { role_post=${_roleSuffixes[targetOffset + 1]}; }
# The same for an environment hook: the suffix for the input's host platform.
getHostRoleEnvHook() { role_post=${_roleSuffixes[depHostOffset + 1]}; }

# findInputs PACKAGE HOST TARGET: add it and what it propagates, each once per pair.
findInputs() {
  local pkg=$1 hostOffset=$2 targetOffset=$3 n pair next host target
  _pairName "$hostOffset" "$targetOffset"
  local -n known=pkgs$REPLY
  [[ " ${known[*]} " == *" $pkg "* ]] && return 0
  known+=("$pkg")
  unset -n known
  if [ ! -e "$pkg" ]; then
    echo "build input $pkg does not exist" >&2
    exit 1
  fi
  for n in "${!_platformPairs[@]}"; do
    pair=${_platformPairs[n]}
    [ -f "$pkg/nix-support/${_propagatedFiles[n]}" ] || continue
    host=$((${pair% *} <= 0 ? ${pair% *} + hostOffset : ${pair% *} - 1 + targetOffset))
    target=$((${pair#* } <= 0 ? ${pair#* } + hostOffset : ${pair#* } - 1 + targetOffset))
    ((host >= -1 && host <= 1 && target >= -1 && target <= 1)) || continue
    for next in $(<"$pkg/nix-support/${_propagatedFiles[n]}"); do
      findInputs "$next" "$host" "$target"
    done
  done
}

# Store paths have no spaces, so strings and arrays can be read alike here.
for n in "${!_platformPairs[@]}"; do
  for var in "${_depVars[n]}" "${_propagatedVars[n]}"; do
    declare -n deps=$var
    for pkg in ${deps[@]-}; do
      # shellcheck disable=SC2086
      findInputs "$pkg" ${_platformPairs[n]}
    done
    unset -n deps
  done
done
for pkg in $defaultNativeBuildInputs; do findInputs "$pkg" -1 0; done
for pkg in $defaultBuildInputs; do findInputs "$pkg" 0 1; done

activatePackage() {
  local pkg=$1 hostOffset=$2 targetOffset=$3
  if [ -f "$pkg" ]; then source "$pkg"; fi
  if [[ -z ${strictDeps-} || $hostOffset -le -1 ]]; then addToSearchPath _PATH "$pkg/bin"; fi
  if ((hostOffset <= -1)); then addToSearchPath _XDG_DATA_DIRS "$pkg/share"; fi
  if ((hostOffset == 0)); then addToSearchPath _HOST_PATH "$pkg/bin"; fi
  if [ -f "$pkg/nix-support/setup-hook" ]; then source "$pkg/nix-support/setup-hook"; fi
}
_activatePkgs() {
  local pair pkg
  for pair in "${_platformPairs[@]}"; do
    # shellcheck disable=SC2086
    _pairName $pair
    local -n pkgsOfPair=pkgs$REPLY
    for pkg in "${pkgsOfPair[@]}"; do
      # shellcheck disable=SC2086
      activatePackage "$pkg" $pair
    done
    unset -n pkgsOfPair
  done
}
_activatePkgs

# Without strictDeps every environment hook sees every input, as long as nothing is cross compiled.
_addToEnv() {
  local pair pkg visited hookArray
  local depHostOffset depTargetOffset
  for pair in "${_platformPairs[@]}"; do
    depHostOffset=${pair% *} depTargetOffset=${pair#* }
    _pairName "$depHostOffset" "$depTargetOffset"
    hookArray=env${REPLY}Hook
    local -n pkgsOfPair=pkgs$REPLY
    local -a candidates=("${pkgsOfPair[@]}")
    unset -n pkgsOfPair
    if [ -z "${strictDeps-}" ]; then
      candidates=("${pkgsBuildBuild[@]}" "${pkgsBuildHost[@]}" "${pkgsBuildTarget[@]}" "${pkgsHostHost[@]}"
        "${pkgsHostTarget[@]}" "${pkgsTargetTarget[@]}")
    fi
    visited=" "
    for pkg in "${candidates[@]}"; do
      [[ $visited == *" $pkg "* ]] && continue
      visited+="$pkg "
      runHook "$hookArray" "$pkg"
    done
  done
}
_addToEnv

_addRpathPrefix "$out" # unless the multiple-outputs hook has chosen another output already

export TZ=UTC
: "${prefix:=$out}"
PATH=${_PATH-}${_PATH:+:}$PATH
HOST_PATH=${_HOST_PATH-}${_HOST_PATH:+:}$HOST_PATH
export XDG_DATA_DIRS=${_XDG_DATA_DIRS-}
unset _PATH _HOST_PATH _XDG_DATA_DIRS

NIX_BUILD_CORES=${NIX_BUILD_CORES:-1}
if ((NIX_BUILD_CORES <= 0)); then NIX_BUILD_CORES=$(nproc); fi
export NIX_BUILD_CORES
export NIX_SSL_CERT_FILE=${NIX_SSL_CERT_FILE:-/no-cert-file.crt} SSL_CERT_FILE=${SSL_CERT_FILE:-/no-cert-file.crt}
