# shellcheck shell=bash
# Checkpoints. Sourced behind cut.sh, in the part of a package that runs buildPhase.
#
# splitphaseReuse       the checkpoint whose objects are taken up, or empty
# splitphaseCheckpoint  the output into which this build's own checkpoint is written, or empty
#
# Both happen where the build tool is about to run: behind preBuild, which has changed the tree and the environment.

# splitphaseTool: what buildPhase runs; and in splitphaseProblem why its objects cannot be reused, if so.
splitphaseLookAtBuild() {
  splitphaseTool=other
  splitphaseTargets=()
  if [ -n "$splitphaseCalls" ]; then
    if [ -e "$splitphaseCalled/call/ready" ]; then splitphaseTool=$(<"$splitphaseCalled/call/tool"); fi
    splitphaseProblem=$splitphaseCalledReason
    return
  fi
  case $(splitphasePhaseText buildPhase) in
    *ninja*) splitphaseTool=ninja ;;
    *make*) splitphaseTool=make ;;
  esac
  splitphaseProblem=$(splitphaseCutProblem)
  if [ -z "$splitphaseProblem" ] && { [ "$splitphaseTool" = ninja ] || [ -e CMakeFiles/Makefile2 ]; }; then
    splitphaseReadFlags
    if [ -z "$splitphaseProblem" ] && [ -n "${makefile:-}" ]; then splitphaseProblem="make gets the makefile $makefile"; fi
  fi
}

# splitphaseMake: what buildPhase calls make with, as options.
splitphaseMakeArguments() {
  local splitphaseName splitphaseFlag splitphaseFlags
  splitphaseMake=()
  if [ -n "${makefile:-}" ]; then splitphaseMake+=(--make-argument=-f "--make-argument=$makefile"); fi
  splitphaseMake+=("--make-argument=SHELL=$SHELL")
  for splitphaseName in makeFlags makeFlagsArray buildFlags buildFlagsArray; do
    if [[ "$(declare -p "$splitphaseName" 2>/dev/null)" == "declare -a"* ]]; then
      declare -n splitphaseFlags=$splitphaseName
      for splitphaseFlag in ${splitphaseFlags[@]+"${splitphaseFlags[@]}"}; do splitphaseMake+=("--make-argument=$splitphaseFlag"); done
      unset -n splitphaseFlags
    else
      for splitphaseFlag in ${!splitphaseName-}; do splitphaseMake+=("--make-argument=$splitphaseFlag"); done
    fi
  done
}

# splitphaseAbout COMMAND OPTIONS...: run the helper with what it must know of this build.
splitphaseAbout() {
  local splitphaseArguments splitphaseMake splitphaseTool splitphaseTargets splitphaseProblem splitphaseCommand=$1 splitphaseCall=()
  shift
  if [ -n "$splitphaseCalls" ] && [ -e "$splitphaseCalled/call/ready" ]; then splitphaseCall=(--call "$splitphaseCalled/call"); fi
  splitphaseLookAtBuild
  splitphaseMakeArguments
  splitphaseOutputArguments
  PATH=$PATH:$splitphasePath SPLITPHASE_PATH=$splitphasePath "$splitphaseHelper" "$splitphaseCommand" --top "$NIX_BUILD_TOP" "${splitphaseArguments[@]}" \
    --package "$splitphasePackage" --system "$splitphaseSystem" --tool "$splitphaseTool" --problem="$splitphaseProblem" \
    --flags="$(declare -p makefile makeFlags makeFlagsArray buildFlags buildFlagsArray MAKEFLAGS 2>/dev/null || :)" \
    ${splitphaseTargets[@]+"${splitphaseTargets[@]}"} ${splitphaseMake[@]+"${splitphaseMake[@]}"} \
    ${splitphaseCall[@]+"${splitphaseCall[@]}"} "$@"
}

# A checkpoint is of what the build tool made: postBuild runs where the package is built.
splitphaseNoPostBuild() {
  unset -v postBuild
  unset -f postBuild
  postBuildHooks=()
}

splitphaseBeforeBuild() {
  local splitphaseName splitphaseLaterArguments=()
  if [ -n "${splitphaseCheckpoint:-}" ]; then
    splitphaseAbout observe --checkpoint "$splitphaseCheckpoint"
    splitphaseNoPostBuild
  fi
  if [ -n "${splitphaseReuse:-}" ]; then
    for splitphaseName in ${splitphaseLater[@]+"${splitphaseLater[@]}"}; do splitphaseLaterArguments+=(--later "$splitphaseName"); done
    splitphaseAbout reuse --checkpoint "$splitphaseReuse" --jobs "${NIX_BUILD_CORES:-1}" ${splitphaseCheckpoint:+--carry "$splitphaseCheckpoint"} ${splitphaseLaterArguments[@]+"${splitphaseLaterArguments[@]}"}
  fi
}

# When all is built: what was taken must be what this build would have made. Where it may not be, the derivation starts again
# from nothing, without the checkpoint: in the environment and with the command line that Nix gave to its shell.
splitphaseConfirm() {
  local splitphaseReason splitphaseEntry splitphaseOutput splitphaseEnvironment splitphaseShell
  splitphaseReason=
  if [ -e "$NIX_BUILD_TOP/.splitphase-taken.json" ]; then
    splitphaseReason=$(splitphaseAbout confirm --checkpoint "$splitphaseReuse")
  fi
  if [ -n "$splitphaseCalls" ] && [ -n "$splitphaseCalledLeak" ]; then splitphaseReason=$splitphaseCalledReason; fi
  if [ -z "$splitphaseReason" ]; then return; fi
  mapfile -d '' -t splitphaseEnvironment </proc/$$/environ
  mapfile -d '' -t splitphaseShell </proc/$$/cmdline
  cd "$NIX_BUILD_TOP"
  for splitphaseOutput in "${splitphaseOutputs[@]}" splitphaseCheckpoint splitphaseSnapshot; do
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
  printf '%s\n' "$splitphaseReason" >.splitphase-anew
  exec env -i "${splitphaseEnvironment[@]}" "$BASH" "${splitphaseShell[@]:1}"
}

splitphaseSaveCheckpoint() {
  splitphaseState=done
  if [ ! -e "$splitphaseCheckpoint/observed.json" ]; then splitphaseAbout observe --checkpoint "$splitphaseCheckpoint"; fi
  splitphaseAbout checkpoint --checkpoint "$splitphaseCheckpoint"
  cd "$NIX_BUILD_TOP"
  splitphaseEmptyOutputs
}

# splitphaseRunCalled TOOLS...: run a buildPhase that cannot be cut.
splitphaseRunCalled() {
  # An empty checkpoint says why; then nothing has to stand before the tools.
  if [ -n "${splitphaseReuse:-}" ] && grep -qF '"tool":""' "$splitphaseReuse/checkpoint.json"; then
    splitphaseAbout reuse --checkpoint "$splitphaseReuse"
    splitphaseReuse=
  fi
  if [ -z "${splitphaseReuse:-}${splitphaseCheckpoint:-}" ]; then
    splitphaseRunPhaseItself buildPhase
    return
  fi
  splitphaseCalledBegin "$@"
  splitphaseRunPhaseItself buildPhase
  splitphaseCalls="$*"
  splitphaseCalledEnd "$@"
  if [ -n "${splitphaseReuse:-}" ]; then splitphaseConfirm; fi
  if [ -n "${splitphaseCheckpoint:-}" ]; then splitphaseSaveCheckpoint; fi
  splitphaseCalls=
  rm -r "$splitphaseCalled"
}

# What Nix put into the build directory.
splitphaseAtFirst=$(cd "$NIX_BUILD_TOP" && find . -mindepth 1 -maxdepth 1)
if [ -e "$NIX_BUILD_TOP/.splitphase-anew" ]; then
  echo "splitphase: built anew: $(<"$NIX_BUILD_TOP/.splitphase-anew")"
  rm "$NIX_BUILD_TOP/.splitphase-anew"
  splitphaseReuse=
fi

if [ -z "${IN_NIX_SHELL:-}" ]; then
  eval "splitphaseRunPhaseItself () $(declare -f splitphaseOriginalRunPhase | tail -n +2)"

  splitphaseOriginalRunPhase() {
    local splitphaseProblem
    if [ "$*" != buildPhase ]; then
      splitphaseRunPhaseItself "$@"
      return
    fi
    if [ -n "${splitphaseReuse:-}" ] && [[ $NIX_BUILD_TOP == */nix-* || $NIX_BUILD_TOP == */nix/* ]]; then
      splitphaseFail "the sandbox is off: this build runs in $NIX_BUILD_TOP, the checkpoint's elsewhere" \
        "build with 'sandbox = true', which always builds in the same directory"
    fi
    if [ -z "${dontBuild:-}" ] && [[ $(splitphasePhaseText buildPhase) == *cargo* ]]; then
      splitphaseRunCalled cargo
      return
    elif [ -z "${dontBuild:-}" ] && [ -n "$(splitphaseCutProblem)" ]; then
      splitphaseRunCalled make ninja cargo
      return
    elif [ -z "${dontBuild:-}" ]; then
      preBuildHooks+=(splitphaseBeforeBuild)
    else
      splitphaseBeforeBuild
    fi
    splitphaseRunPhaseItself "$@"
    if [ -n "${splitphaseReuse:-}" ]; then splitphaseConfirm; fi
    if [ -n "${splitphaseCheckpoint:-}" ]; then splitphaseSaveCheckpoint; fi
  }
fi
