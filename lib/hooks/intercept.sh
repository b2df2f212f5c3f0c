# shellcheck shell=bash
# The shim in front of the compilers, while a phase runs. Sourced behind cut.sh.
#
# splitphaseTake        the checkpoint whose results are taken, or empty
# splitphaseCheckpoint  the output into which results are kept, or empty
# splitphaseArtifacts   file with the outputs of the package's actions, whose results are taken, or empty
# splitphaseManifest    set where the build is recorded
# splitphaseShim, splitphaseIntercept   the shim, and the text of what BASH_ENV names

# splitphaseInterceptBegin COMMAND ARGUMENTS...: start the server by this command of the helper.
splitphaseInterceptBegin() {
  local splitphaseArguments splitphaseText splitphasePlace splitphaseCommand=$1
  shift
  splitphaseOutputArguments
  # A name of always: builds may note their environment.
  splitphaseServed=/tmp/.splitphase
  mkdir "$splitphaseServed" 2>/dev/null || splitphaseServed=$(mktemp -d "${TMPDIR:-/tmp}/.splitphase-XXXXXX")
  PATH=$PATH:$splitphasePath "$splitphaseHelper" "$splitphaseCommand" --top "$NIX_BUILD_TOP" "${splitphaseArguments[@]}" --scratch "$splitphaseServed" \
    --jobs "${NIX_BUILD_CORES:-1}" "$@"
  if [ -n "${BASH_ENV+set}" ]; then splitphaseChain="=$BASH_ENV"; else splitphaseChain=-; fi
  splitphaseText=$(<"$splitphaseIntercept")
  printf -v splitphasePlace '%q' "$splitphaseShim"
  splitphaseText=${splitphaseText//@shim@/"$splitphasePlace"}
  printf -v splitphasePlace '%q' "$splitphaseServed/socket"
  splitphaseText=${splitphaseText//@socket@/"$splitphasePlace"}
  printf -v splitphasePlace '%q' "$splitphaseChain"
  splitphaseText=${splitphaseText//@chain@/"$splitphasePlace"}
  {
    printf '%s\n' "$splitphaseText"
    if [ -n "${BASH_ENV:-}" ]; then printf 'if [[ -r %q ]]; then . %q; fi\n' "$BASH_ENV" "$BASH_ENV"; fi
  } >"$splitphaseServed/env"
  export BASH_ENV=$splitphaseServed/env
}

# splitphaseServerEnds: behind the phase. Prints what the server says; fails where it does not end as it should.
splitphaseServerEnds() {
  local splitphaseStatus=0
  if [ "$splitphaseChain" = - ]; then unset -v BASH_ENV; else BASH_ENV=${splitphaseChain#=}; fi
  "$splitphaseShim" --end "$splitphaseServed/socket" || splitphaseStatus=$?
  if [ -s "$splitphaseServed/log" ]; then sed 's/^/splitphase: server: /' "$splitphaseServed/log" >&2; fi
  rm -rf "$splitphaseServed"
  return "$splitphaseStatus"
}

splitphaseInterceptEnd() {
  splitphaseServerEnds || splitphaseFail "the server of this build ended before it, or could not end it; what it said is above" \
    "build again; if it fails again, report what it says"
}

# splitphaseRecord: run buildPhase with stubs in the place of what compilers make, and write what comes of it. It may fail, or
# wait for a program that is not there: what was recorded until then counts.
splitphaseRecord() {
  local splitphaseArguments=() splitphaseName splitphaseBuild splitphaseCalls splitphaseBefore=-1 splitphaseIdle=0 splitphaseSeconds=0
  for splitphaseName in ${splitphaseEnv[@]+"${splitphaseEnv[@]}"}; do splitphaseArguments+=(--env "$splitphaseName"); done
  for splitphaseName in ${splitphaseLeave[@]+"${splitphaseLeave[@]}"}; do splitphaseArguments+=(--leave "$splitphaseName"); done
  splitphaseInterceptBegin record --shim "$splitphaseShim" --manifest "$splitphaseManifest" --known "$splitphaseSnapshot" \
    --packs "$splitphasePacks" ${splitphaseArguments[@]+"${splitphaseArguments[@]}"}
  (
    set -e
    # Build tools go on with what does not need what failed.
    export MAKEFLAGS="k${MAKEFLAGS:+ $MAKEFLAGS}"
    if [[ "$(declare -p ninjaFlags 2>/dev/null)" == "declare -a"* ]]; then ninjaFlags+=(-k0); else ninjaFlags="${ninjaFlags-} -k0"; fi
    splitphaseRunPhaseItself buildPhase
  ) </dev/null &
  splitphaseBuild=$!
  while kill -0 "$splitphaseBuild" 2>/dev/null; do
    sleep 0.2
    splitphaseSeconds=$((splitphaseSeconds + 1))
    splitphaseCalls=$(cat "$splitphaseServed"/calls-* "$splitphaseServed"/left-* 2>/dev/null | wc -c)
    if [ "$splitphaseCalls" = "$splitphaseBefore" ]; then splitphaseIdle=$((splitphaseIdle + 1)); else splitphaseIdle=0; fi
    splitphaseBefore=$splitphaseCalls
    if [ "$splitphaseIdle" -gt $((5 * ${objcacheIdleSeconds:-60})) ] || [ "$splitphaseSeconds" -gt $((5 * ${objcacheRecordSeconds:-1800})) ]; then
      echo "splitphase: record ends: no new call for a long time, or objcacheRecordSeconds are over"
      splitphaseKill "$splitphaseBuild"
    fi
  done
  wait "$splitphaseBuild" || echo "splitphase: the recorded buildPhase ended with status $?; what was recorded until then counts"
  # A recording that fails is no failure of the package.
  splitphaseServerEnds || splitphaseUnsplit "its build could not be recorded; what the server said is in the log of its first part"
  # Nix must know the place of the packs, which is not known during evaluation if our inputs are content-addressed.
  printf %s "$splitphasePacks" >"$splitphaseManifest/packs"
}

# splitphaseKill PID: a process and all that it started.
splitphaseKill() {
  local splitphaseChild
  kill -STOP "$1" 2>/dev/null || return 0
  for splitphaseChild in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do splitphaseKill "$splitphaseChild"; done
  kill -KILL "$1" 2>/dev/null || :
}

# splitphaseReplay PHASE: run a phase and take the results of the package's actions.
splitphaseReplay() {
  splitphaseInterceptBegin serve --package "$splitphasePackage" --system "$splitphaseSystem" --known "$splitphaseBase/actions.json" \
    --artifacts "$splitphaseArtifacts" ${SPLITPHASE_VERIFY:+--verify}
  splitphaseRunPhaseItself "$1"
  splitphaseInterceptEnd
}

splitphaseFromCheckpoint() {
  if [[ $NIX_BUILD_TOP == */nix-* || $NIX_BUILD_TOP == */nix/* ]]; then
    splitphaseFail "the sandbox is off: this build runs in $NIX_BUILD_TOP, the checkpoint's elsewhere" \
      "build with 'sandbox = true', which always builds in the same directory"
  fi
  splitphaseInterceptBegin serve --package "$splitphasePackage" --system "$splitphaseSystem" ${splitphaseTake:+--take "$splitphaseTake"} \
    ${splitphaseCheckpoint:+--keep "$splitphaseCheckpoint"} ${SPLITPHASE_VERIFY:+--verify}
  splitphaseRunPhaseItself buildPhase
  splitphaseInterceptEnd
  if [ -n "${splitphaseCheckpoint:-}" ]; then
    splitphaseState=done
    cd "$NIX_BUILD_TOP"
    splitphaseEmptyOutputs
  fi
}

if [ -z "${IN_NIX_SHELL:-}" ]; then
  eval "splitphaseRunPhaseItself () $(declare -f splitphaseOriginalRunPhase | tail -n +2)"

  splitphaseOriginalRunPhase() {
    if [ "$*" = buildPhase ] && [ -n "${splitphaseTake:-}${splitphaseCheckpoint:-}" ]; then
      splitphaseFromCheckpoint
    elif [ -n "${splitphaseArtifacts:-}" ] && [[ "$*" == buildPhase || "$*" == checkPhase || "$*" == installPhase ]]; then
      splitphaseReplay "$*"
    else
      splitphaseRunPhaseItself "$@"
    fi
  }
fi
