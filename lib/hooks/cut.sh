# shellcheck shell=bash
# The phase cut. Sourced from postHook, when setup.sh and all setup hooks have been read.
#
# splitphaseMode=prepare  run the phases before the cut, then the helper's prepare; run none of the phases after it
# splitphaseMode=final    skip the phases before the cut; at the cut take tree, outputs and shell state from the
#                         snapshot, stage the artifacts, and run the phases from the cut on
#
# The cut lies in genericBuild's own list, whoever wrote it, because it is found while that list is being run: runPhase
# is wrapped. It lies before the phase in splitphaseCut; with buildPhase it lies inside it, behind preBuild, so that what
# preBuild changes is seen by every action. Final runs the hook postResume when it has taken up the build.

# Our settings are the hook's alone: the package's phases do not see them.
for splitphaseName in "${!splitphase@}"; do export -n "${splitphaseName?}"; done

if [ -n "${__structuredAttrs:-}" ] || [ -e "${NIX_ATTRS_SH_FILE:-}" ]; then
  unset -v "outputs[splitphaseManifest]" "outputs[splitphaseSnapshot]" "outputs[splitphasePacks]"
else
  outputs=${outputs//[[:space:]]splitphaseManifest/}
  outputs=${outputs//[[:space:]]splitphaseSnapshot/}
  outputs=${outputs//[[:space:]]splitphasePacks/}
fi

splitphasePast=
splitphaseStarted=

splitphaseOutputArguments() {
  local splitphaseOutput
  splitphaseArguments=()
  for splitphaseOutput in ${splitphaseOutputs[*]}; do
    splitphaseArguments+=(--output "$splitphaseOutput=${!splitphaseOutput}")
  done
}

# The shell text of a phase: the variable of that name, else the function's body.
splitphasePhaseText() {
  local splitphaseText=${!1:-$1}
  if [[ $splitphaseText =~ ^[A-Za-z_][A-Za-z_0-9]*$ ]] && declare -F "$splitphaseText" >/dev/null; then
    splitphaseText=$(declare -f "$splitphaseText" | tail -n +3)
  fi
  printf '%s\n' "$splitphaseText"
}

# Why the phase at the cut cannot be run in two halves; prints nothing if it can.
splitphaseCutProblem() {
  local splitphaseFirst
  if [ "$splitphaseCut" != buildPhase ]; then return; fi
  splitphaseFirst=$(splitphasePhaseText buildPhase | sed -e 's/^[[:space:]]*//' -e '/^\(#.*\)\?$/d' -e 's/;$//' | head -n 1)
  if [ -n "${buildPhase:-}" ] && ! declare -F "$buildPhase" >/dev/null; then
    echo "the package sets buildPhase itself, which may change what compilers see"
  elif [ "$splitphaseFirst" != "runHook preBuild" ]; then
    echo "buildPhase does not begin with 'runHook preBuild' but with '$splitphaseFirst'"
  fi
}

# What the build is asked for (splitphaseTargets), and a flag that changes commands without make noticing, if any.
splitphaseReadFlags() {
  local splitphaseFlag
  splitphaseTargets=()
  splitphaseProblem=
  for splitphaseFlag in ${makeFlags[*]-} ${buildFlags[*]-} ${ninjaFlags[*]-} ${makeFlagsArray[@]+"${makeFlagsArray[@]}"} \
    ${buildFlagsArray[@]+"${buildFlagsArray[@]}"} ${ninjaFlagsArray[@]+"${ninjaFlagsArray[@]}"} ${MAKEFLAGS-}; do
    case ${splitphaseFlag%%=*}${splitphaseFlag:+=} in
      SHELL= | V= | VERBOSE= | PREFIX= | prefix= | DESTDIR= | -j*= | -k*= | -s= | -v= | -l*= | --silent= | --no-print-directory=) ;;
      -* | [0-9]*) splitphaseProblem="the build tool gets $splitphaseFlag, which may change what it runs" ;;
      *)
        if [[ $splitphaseFlag == *=* ]]; then
          splitphaseProblem="make gets $splitphaseFlag, which may change its commands"
        else
          splitphaseTargets+=(--target "$splitphaseFlag")
        fi
        ;;
    esac
  done
}

splitphaseUnsplit() {
  "$splitphaseHelper" unsplit --manifest "$splitphaseManifest" "$1"
  mkdir -p "$splitphaseSnapshot" "$splitphasePacks"
  splitphaseEmptyOutputs
}

splitphaseEmptyOutputs() {
  local splitphaseOutput
  for splitphaseOutput in ${splitphaseOutputs[*]}; do
    mkdir -p "${!splitphaseOutput}"
  done
}

splitphaseRunPrepare() {
  local splitphaseProblem splitphaseScratch splitphaseArguments splitphaseTargets splitphaseName
  splitphaseProblem=$(splitphaseCutProblem)
  if [ -z "$splitphaseProblem" ]; then splitphaseReadFlags; fi
  if [[ $NIX_BUILD_TOP == */nix-* || $NIX_BUILD_TOP == */nix/* ]]; then
    splitphaseProblem="the sandbox is off: this build runs in $NIX_BUILD_TOP, the next one elsewhere"
  fi
  if [ -n "$splitphaseProblem" ]; then
    splitphaseUnsplit "$splitphaseProblem"
    return
  fi
  if [ "$splitphaseCut" = buildPhase ]; then runHook preBuild; fi
  splitphaseScratch=$NIX_BUILD_TOP/.splitphase-scratch
  mkdir "$splitphaseScratch"
  printf '%s\n' "$splitphaseVariablesBefore" >"$splitphaseScratch/variables-before"
  printf '%s\n' "$splitphaseFunctionsBefore" >"$splitphaseScratch/functions-before"
  declare -p >"$splitphaseScratch/variables"
  declare -f >"$splitphaseScratch/functions"
  {
    set +o
    shopt -p || :
    printf 'umask %s\ncd -- %q\n' "$(umask)" "$PWD"
  } | grep -v -e 'set .o errexit' -e 'set .o nounset' >"$splitphaseScratch/options"
  splitphaseOutputArguments
  splitphaseArguments+=(${splitphaseTargets[@]+"${splitphaseTargets[@]}"})
  for splitphaseName in ${splitphaseEnv[*]-}; do splitphaseArguments+=(--env "$splitphaseName"); done
  for splitphaseName in ${splitphaseLeave[*]-}; do splitphaseArguments+=(--leave "$splitphaseName"); done
  PATH=$PATH:$splitphasePath "$splitphaseHelper" prepare --top "$NIX_BUILD_TOP" --scratch "$splitphaseScratch" --jobs "${NIX_BUILD_CORES:-1}" \
    --manifest "$splitphaseManifest" --snapshot "$splitphaseSnapshot" --packs "$splitphasePacks" \
    "${splitphaseArguments[@]}"
  cd "$NIX_BUILD_TOP"
  splitphaseEmptyOutputs
}

splitphaseRunResume() {
  local splitphaseArguments splitphaseState=$NIX_BUILD_TOP/.splitphase-state.sh
  splitphaseOutputArguments
  PATH=$PATH:$splitphasePath "$splitphaseHelper" resume --top "$NIX_BUILD_TOP" --snapshot "$splitphaseSnapshot" --state "$splitphaseState" \
    ${splitphaseArtifacts:+--artifacts "$splitphaseArtifacts"} "${splitphaseArguments[@]}"
  # shellcheck source=/dev/null
  source "$splitphaseState"
  rm "$splitphaseState"
  if [ "$splitphaseCut" = buildPhase ]; then
    # preBuild ran before the cut.
    unset -v preBuild
    unset -f preBuild
    preBuildHooks=()
  fi
  runHook postResume
}

splitphaseAtCut() {
  echo "splitphase: $splitphaseMode, at the cut before $splitphaseCut"
  splitphasePast=1
  if [ "$splitphaseMode" = prepare ]; then splitphaseRunPrepare; else splitphaseRunResume; fi
}

# In nix-shell and nix develop a person runs phases by hand, in a tree of their own: nothing is cut there.
if [ -z "${IN_NIX_SHELL:-}" ]; then
  eval "splitphaseOriginalRunPhase () $(declare -f runPhase | tail -n +2)"
  eval "splitphaseOriginalGenericBuild () $(declare -f genericBuild | tail -n +2)"

  runPhase() {
    if [ -z "$splitphaseStarted" ]; then
      splitphaseStarted=1
      if [ "$splitphaseMode" = prepare ]; then
        splitphaseVariablesBefore=$(declare -p)
        splitphaseFunctionsBefore=$(declare -f)
      fi
    fi
    if [ -z "$splitphasePast" ] && [ "$*" = "$splitphaseCut" ]; then
      if [ "$splitphaseMode" = prepare ] && [ "$splitphaseCut" = buildPhase ] && [ -n "${dontBuild:-}" ]; then
        splitphasePast=1
        splitphaseUnsplit "dontBuild is set"
      else
        splitphaseAtCut
      fi
    fi
    case $splitphaseMode$splitphasePast in
      prepare | final1) splitphaseOriginalRunPhase "$@" ;;
    esac
  }

  genericBuild() {
    splitphaseOriginalGenericBuild "$@"
    if [ -z "$splitphasePast" ]; then
      if [ "$splitphaseMode" = prepare ]; then
        splitphaseUnsplit "the package has no ${splitphaseCut}"
      else
        echo "error: splitphase: the phases have no $splitphaseCut any more, so the prepared tree was never used" >&2
        echo "hint: 'phases' changed between prepare and final; override it on the split package" >&2
        exit 1
      fi
    fi
  }
fi
