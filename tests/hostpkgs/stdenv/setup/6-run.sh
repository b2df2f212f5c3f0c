# setup, part 6: fixupPhase, and the run through all phases.
recordPropagatedDependencies() {
  local n
  for n in "${!_propagatedVars[@]}"; do
    local -n propagated=${_propagatedVars[n]}
    if [ -n "${propagated[*]-}" ]; then
      mkdir -p "${!outputDev}/nix-support"
      # shellcheck disable=SC2068
      printWords ${propagated[@]} >"${!outputDev}/nix-support/${_propagatedFiles[n]}"
    fi
    unset -n propagated
  done
}

fixupPhase() {
  local output
  for output in $(getAllOutputNames); do
    if [ -e "${!output}" ]; then chmod -R u+w,u-s,g-s "${!output}"; fi
  done
  runHook preFixup
  for output in $(getAllOutputNames); do
    prefix=${!output} runHook fixupOutput
  done
  recordPropagatedDependencies
  local hook content
  # shellcheck disable=SC2068
  for hook in ${setupHook-} ${setupHooks[@]-}; do
    mkdir -p "${!outputDev}/nix-support"
    consumeEntire content <"$hook"
    substituteAllStream content "file '$hook'" >>"${!outputDev}/nix-support/setup-hook"
  done
  if [ -n "${propagatedUserEnvPkgs[*]:-}" ]; then
    mkdir -p "${!outputBin}/nix-support"
    # shellcheck disable=SC2068
    printWords ${propagatedUserEnvPkgs[@]} >"${!outputBin}/nix-support/propagated-user-env-packages"
  fi
  runHook postFixup
}

showPhaseHeader() { echo "Running phase: $1"; }
showPhaseFooter() {
  local seconds=$(($3 - $2))
  ((seconds < 30)) || echo "$1 completed in $((seconds / 60)) minutes $((seconds % 60)) seconds"
}

runPhase() {
  local curPhase=$* startTime
  case $curPhase in
    unpackPhase) [ -z "${dontUnpack:-}" ] || return 0 ;;
    patchPhase) [ -z "${dontPatch:-}" ] || return 0 ;;
    configurePhase) [ -z "${dontConfigure:-}" ] || return 0 ;;
    buildPhase) [ -z "${dontBuild:-}" ] || return 0 ;;
    checkPhase) [ -n "${doCheck:-}" ] || return 0 ;;
    installPhase) [ -z "${dontInstall:-}" ] || return 0 ;;
    fixupPhase) [ -z "${dontFixup:-}" ] || return 0 ;;
    installCheckPhase) [ -n "${doInstallCheck:-}" ] || return 0 ;;
    distPhase) [ -n "${doDist:-}" ] || return 0 ;;
  esac
  if [ -n "${NIX_LOG_FD:-}" ]; then
    echo "@nix { \"action\": \"setPhase\", \"phase\": \"$curPhase\" }" >&"$NIX_LOG_FD"
  fi
  showPhaseHeader "$curPhase"
  dumpVars
  startTime=$(date +%s)
  # A variable of the phase's name wins over the function.
  eval "${!curPhase:-$curPhase}"
  showPhaseFooter "$curPhase" "$startTime" "$(date +%s)"
  if [ "$curPhase" = unpackPhase ]; then
    [ -z "${sourceRoot:-}" ] || chmod +x "$sourceRoot"
    cd "${sourceRoot:-.}"
  fi
}

definePhases() {
  if [ -z "${phases[*]:-}" ]; then
    phases="${prePhases[*]:-} unpackPhase patchPhase ${preConfigurePhases[*]:-} configurePhase \
      ${preBuildPhases[*]:-} buildPhase checkPhase ${preInstallPhases[*]:-} installPhase ${preFixupPhases[*]:-} \
      fixupPhase installCheckPhase ${preDistPhases[*]:-} distPhase ${postPhases[*]:-}"
  fi
}

genericBuild() {
  export GZIP_NO_TIMESTAMPS=1
  if [ -f "${buildCommandPath:-}" ]; then
    source "$buildCommandPath"
    return
  fi
  if [ -n "${buildCommand:-}" ]; then
    eval "$buildCommand"
    return
  fi
  definePhases
  for curPhase in ${phases[*]}; do
    runPhase "$curPhase"
  done
}

runHook postHook
runHook userHook
dumpVars
[[ $_setupOptions == *e* ]] || set +e
[[ $_setupOptions == *u* ]] || set +u
unset _setupOptions
