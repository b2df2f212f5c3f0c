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
  splitphaseInFront
  if [ -n "${splitphaseTake:-}${splitphaseCheckpoint:-}" ]; then splitphaseInterceptRustc; fi
}

# splitphaseInFront, splitphaseAside: the shim stands in front of compilers, or does not.
splitphaseInFront() { export BASH_ENV=$splitphaseServed/env; }

splitphaseAside() {
  if [ "$splitphaseChain" = - ]; then unset -v BASH_ENV; else BASH_ENV=${splitphaseChain#=}; fi
}

# splitphaseInterceptRustc: a rustc that is a script of bash, as nixpkgs' is, meets the shim as compiler wrappers do. Before any
# other one a copy of the shim stands on PATH; that leaves no trace in cargo's fingerprints. RUSTC stays as it is: build scripts
# see it, and some write it down.
splitphaseInterceptRustc() {
  local splitphaseRustc
  if [[ ${RUSTC:-} == */* ]]; then
    if ! splitphaseIsBashScript "$RUSTC"; then echo "splitphase: calls of $RUSTC are not seen: RUSTC names it"; fi
  elif splitphaseRustc=$(type -P rustc) && ! splitphaseIsBashScript "$splitphaseRustc"; then
    printf '%s' "$splitphaseChain" >"$splitphaseServed/chain"
    mkdir "$splitphaseServed/bin"
    cp "$splitphaseShim" "$splitphaseServed/bin/rustc"
    PATH=$splitphaseServed/bin:$PATH
  fi
}

splitphaseIsBashScript() {
  local splitphaseStart
  LC_ALL=C read -r -n 256 splitphaseStart <"$1" || :
  [[ $splitphaseStart == '#!'*/bash || $splitphaseStart == '#!'*/bash' '* ]]
}

# splitphaseServerEnds: behind the last phase in which the shim was in front. Prints what the server says; fails where it does
# not end as it should.
splitphaseServerEnds() {
  local splitphaseStatus=0
  splitphaseAside
  PATH=${PATH//"$splitphaseServed/bin:"/}
  "$splitphaseShim" --end "$splitphaseServed/socket" || splitphaseStatus=$?
  if [ -s "$splitphaseServed/log" ]; then sed 's/^/splitphase: server: /' "$splitphaseServed/log" >&2; fi
  rm -rf "$splitphaseServed"
  splitphaseServed=
  return "$splitphaseStatus"
}

splitphaseInterceptEnd() {
  splitphaseServerEnds || splitphaseFail "the server of this build did not end well; what it said is above" \
    "build again; if it ends again, report what it says"
}

# splitphaseRecord: run buildPhase with stubs in the place of what compilers make, and write what comes of it. It may fail, or
# wait for a program that is not there: what was recorded until then counts.
splitphaseRecord() {
  local splitphaseArguments=() splitphaseName splitphaseBuild splitphaseWatch
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
  splitphaseWatch "$splitphaseBuild" &
  splitphaseWatch=$!
  wait "$splitphaseBuild" || echo "splitphase: the recorded buildPhase ended with status $?; what was recorded until then counts"
  kill "$splitphaseWatch" 2>/dev/null || :
  wait "$splitphaseWatch" 2>/dev/null || :
  # A recording that fails is no failure of the package.
  splitphaseServerEnds || splitphaseUnsplit "its build could not be recorded; what the server said is in the log of its first part"
  # Nix must know the place of the packs, which is not known during evaluation if our inputs are content-addressed.
  printf %s "$splitphasePacks" >"$splitphaseManifest/packs"
}

# splitphaseWatch PID: end a recorded build that makes no new call for a long time, or that takes very long. A long time is one
# by the clock, in which it got as much CPU time (a loaded machine takes longer), or in which it only waited.
splitphaseWatch() {
  local splitphaseCalls splitphaseBefore= splitphaseIdle=0 splitphaseSeconds=0 splitphaseTicks splitphaseAtCall=0 splitphaseSpent=0
  while [ "$splitphaseSeconds" -lt "$splitphaseRecordSeconds" ]; do
    sleep 1
    splitphaseSeconds=$((splitphaseSeconds + 1)) splitphaseIdle=$((splitphaseIdle + 1)) splitphaseTicks=0
    splitphaseCountTicks "$1"
    # Calls, and what is made for real because the build runs it.
    splitphaseCalls=$(cat "$splitphaseServed"/calls-* "$splitphaseServed"/left-* "$splitphaseServed"/ran-* 2>/dev/null | wc -c)
    splitphaseCalls+=" $(find "$splitphaseServed/real" 2>/dev/null | wc -l)"
    if [ "$splitphaseCalls" != "$splitphaseBefore" ]; then splitphaseIdle=0 splitphaseAtCall=$splitphaseTicks; fi
    splitphaseBefore=$splitphaseCalls
    splitphaseSpent=$((splitphaseTicks - splitphaseAtCall))
    if [ "$splitphaseIdle" -lt "$splitphaseIdleSeconds" ]; then continue; fi
    if [ "$splitphaseSpent" -ge $((splitphaseIdleSeconds * 100)) ] || [ "$splitphaseSpent" -le "$splitphaseIdle" ]; then break; fi
  done
  echo "splitphase: record ends after $splitphaseSeconds s: no new call for $splitphaseIdle s, in which the build ran for $((splitphaseSpent / 100)) s"
  splitphaseKill "$1"
}

# splitphaseCountTicks PID: add to splitphaseTicks the CPU time of a process and of all that it started, in 1/100 s (proc_pid_stat(5)).
splitphaseCountTicks() {
  local splitphaseStat splitphaseChild
  splitphaseStat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  read -r -a splitphaseStat <<<"${splitphaseStat##*)}"
  splitphaseTicks=$((splitphaseTicks + splitphaseStat[11] + splitphaseStat[12] + splitphaseStat[13] + splitphaseStat[14]))
  for splitphaseChild in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do splitphaseCountTicks "$splitphaseChild"; done
}

# splitphaseKill PID: a process and all that it started.
splitphaseKill() {
  local splitphaseChild
  kill -STOP "$1" 2>/dev/null || return 0
  for splitphaseChild in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do splitphaseKill "$splitphaseChild"; done
  kill -KILL "$1" 2>/dev/null || :
}

# splitphaseReplay PHASE: run a phase and take the results of the package's actions. The server stays for the next one.
splitphaseReplay() {
  if [ -z "${splitphaseServed:-}" ]; then
    splitphaseInterceptBegin serve --package "$splitphasePackage" --system "$splitphaseSystem" --known "$splitphaseBase/actions.json" \
      --artifacts "$splitphaseArtifacts" ${splitphaseVerify:+--verify}
  fi
  splitphaseInFront
  splitphaseReplaying=$1
  splitphaseRunPhaseItself "$1"
  splitphaseReplaying=
  splitphaseAside
}

# At the end of all phases.
splitphaseInterceptDone() {
  if [ -n "${splitphaseServed:-}" ]; then splitphaseInterceptEnd; fi
}

# When buildPhase fails after results were taken: results come faster than compiles, and some builds win a race only because a
# compile takes time. So the derivation starts once more, from nothing, and compiles for itself: in the environment and with the
# command line that Nix gave to its shell. Where a compile failed that failed in its own derivation as well, that is the reason.
splitphaseStartAgain() {
  local splitphaseSaid splitphaseOutput splitphaseEntry splitphaseEnvironment splitphaseShell
  if [ -z "${splitphaseServed:-}" ]; then return; fi
  splitphaseSaid=$(splitphaseInterceptEnd)
  printf '%s\n' "$splitphaseSaid"
  # In verify mode a result that differs is to be seen.
  if [ "${splitphaseReplaying:-}" != buildPhase ] || [ -n "$splitphaseVerify" ]; then return; fi
  if [[ $splitphaseSaid == *"fails in its derivation"* ]] || ! [[ $splitphaseSaid =~ [1-9][0-9]*\ (objects|links)\ taken ]]; then return; fi
  mapfile -d '' -t splitphaseEnvironment </proc/$$/environ
  mapfile -d '' -t splitphaseShell </proc/$$/cmdline
  cd "$NIX_BUILD_TOP"
  for splitphaseOutput in "${splitphaseOutputs[@]}" splitphaseSnapshot; do
    if [ -e "${!splitphaseOutput:-}" ]; then
      chmod -R u+w "${!splitphaseOutput}"
      rm -rf "${!splitphaseOutput}"
    fi
  done
  find . -mindepth 1 -maxdepth 1 -print0 | while IFS= read -r -d '' splitphaseEntry; do
    if [[ $'\n'$splitphaseAtFirst$'\n' != *$'\n'"$splitphaseEntry"$'\n'* ]]; then
      find "$splitphaseEntry" -type d ! -perm -u=rwx -exec chmod u+rwx {} +
      rm -rf -- "$splitphaseEntry"
    fi
  done
  echo "splitphase: buildPhase failed after results were taken; once more, with the compilers alone"
  : >.splitphase-again
  trap - EXIT
  exec env -i "${splitphaseEnvironment[@]}" "$BASH" "${splitphaseShell[@]:1}"
}

splitphaseFromCheckpoint() {
  if [[ $NIX_BUILD_TOP == */nix-* || $NIX_BUILD_TOP == */nix/* ]]; then
    splitphaseFail "the sandbox is off: this build runs in $NIX_BUILD_TOP, the checkpoint's elsewhere" \
      "build with 'sandbox = true', which always builds in the same directory"
  fi
  splitphaseInterceptBegin serve --package "$splitphasePackage" --system "$splitphaseSystem" ${splitphaseTake:+--take "$splitphaseTake"} \
    ${splitphaseCheckpoint:+--keep "$splitphaseCheckpoint"} ${splitphaseVerify:+--verify}
  splitphaseRunPhaseItself buildPhase
  splitphaseInterceptEnd
  if [ -n "${splitphaseCheckpoint:-}" ]; then
    splitphaseState=done
    cd "$NIX_BUILD_TOP"
    splitphaseEmptyOutputs
  fi
}

splitphaseVerify=${SPLITPHASE_VERIFY:-}
if [ "$splitphaseVerify" = 0 ]; then splitphaseVerify=; fi
# What Nix put into the build directory.
splitphaseAtFirst=$(cd "$NIX_BUILD_TOP" && find . -mindepth 1 -maxdepth 1)
if [ -e "$NIX_BUILD_TOP/.splitphase-again" ]; then
  rm "$NIX_BUILD_TOP/.splitphase-again"
  splitphaseArtifacts=
elif [ -n "${splitphaseArtifacts:-}" ]; then
  failureHooks+=(splitphaseStartAgain)
fi

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
