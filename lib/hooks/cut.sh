# shellcheck shell=bash
# The phase cut. Sourced from postHook, when setup.sh and all setup hooks have been read.
#
# splitphaseFrom   where this part takes up the build: phases before it are skipped, then tree, outputs and shell state
#                  come from the snapshot splitphaseBase. Empty: from the start.
# splitphaseTo     where this part leaves it: the helper saves tree, outputs and state; phases after it are skipped.
#                  Empty: nowhere, this is the package's final derivation.
#
# A place is "after P..." (behind the last of these phases that is in the list) or "in buildPhase" (before it: the part goes on to
# record it). It lies in genericBuild's own list, whoever wrote it, because it
# is found while that list is being run: runPhase is wrapped. A part runs the hook postResume when it has taken up the build.

# Our settings are the hook's alone: the package's phases do not see them.
for splitphaseName in "${!splitphase@}"; do export -n "${splitphaseName?}"; done

for splitphaseName in splitphaseManifest splitphaseSnapshot splitphasePacks splitphaseCheckpoint splitphaseSkeleton splitphaseSaid; do
  if [ -n "${__structuredAttrs:-}" ] || [ -e "${NIX_ATTRS_SH_FILE:-}" ]; then
    unset -v "outputs[$splitphaseName]"
  else
    outputs=${outputs//[[:space:]]$splitphaseName/}
  fi
done

# Lists are strings or arrays; as arrays they no longer depend on IFS and globbing, which phases may change.
set -f
for splitphaseName in splitphaseOutputs splitphaseOwn splitphaseOver splitphaseKeep splitphaseEnv splitphaseLeave; do
  declare -n splitphaseList=$splitphaseName
  # shellcheck disable=SC2206 # words
  splitphaseWords=(${splitphaseList[*]-})
  unset -v "$splitphaseName"
  splitphaseList=(${splitphaseWords[@]+"${splitphaseWords[@]}"})
  unset -n splitphaseList
done
set +f

# One of: skipping (before splitphaseFrom), running, done (behind splitphaseTo); empty before the first phase.
splitphaseState=

splitphaseFail() {
  printf 'error: splitphase: %s\n' "$1" >&2
  printf 'hint: %s\n' "$2" >&2
  exit 1
}

splitphaseOutputArguments() {
  local splitphaseOutput
  splitphaseArguments=()
  for splitphaseOutput in "${splitphaseOutputs[@]}"; do
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

splitphaseEmptyOutputs() {
  local splitphaseOutput
  for splitphaseOutput in "${splitphaseOutputs[@]}"; do
    mkdir -p "${!splitphaseOutput}"
  done
}

# splitphaseUnsplit REASON: leave outputs that say why this part is of no use. Fails where a part must be of use.
splitphaseUnsplit() {
  if [ -n "${splitphaseManifest:-}" ]; then
    "$splitphaseHelper" unsplit --manifest "$splitphaseManifest" "$1"
    mkdir -p "$splitphasePacks"
  elif declare -F splitphaseNoSkeleton >/dev/null; then
    splitphaseNoSkeleton "$1" || return 1
  else
    return 1
  fi
  mkdir -p "$splitphaseSnapshot"
  splitphaseEmptyOutputs
}

# splitphaseOptions "$-": the shell's options, as commands. A command substitution, in which this is run, has no errexit.
splitphaseOptions() {
  set +o | grep -v ' errexit$'
  if [[ $1 == *e* ]]; then echo "set -o errexit"; else echo "set +o errexit"; fi
  shopt -p || :
  printf 'umask %s\n' "$(umask)"
}

# The functions, each behind a line with its flags and name: text that looks like a function may stand in another one.
splitphaseFunctions() {
  local splitphaseFlags splitphaseName
  declare -F | while IFS=' ' read -r _ splitphaseFlags splitphaseName; do
    printf '@splitphase-function@ %s %s\n' "$splitphaseFlags" "$splitphaseName"
    declare -f "$splitphaseName"
  done
}

# The working directory, the one before it and the directory stack, as commands.
splitphaseDirectories() {
  local splitphaseIndex
  for ((splitphaseIndex = ${#DIRSTACK[@]} - 1; splitphaseIndex > 0; splitphaseIndex--)); do
    printf 'pushd -n -- %q >/dev/null\n' "$(dirs -l "+$splitphaseIndex")"
  done
  printf 'cd -- %q\n' "$PWD"
  if [ -n "${OLDPWD-}" ]; then printf 'OLDPWD=%q\n' "$OLDPWD"; fi
}

# splitphaseDump FOLDER: the shell's state, beside that of before the first phase, for the helper.
splitphaseDump() {
  mkdir "$1"
  printf '%s\n' "$splitphaseVariablesBefore" >"$1/variables-before"
  printf '%s\n' "$splitphaseFunctionsBefore" >"$1/functions-before"
  declare -p >"$1/variables"
  splitphaseFunctions >"$1/functions"
  splitphaseOptionsAfter=$(splitphaseOptions "$-")
  {
    grep -vxF -e "$splitphaseOptionsBefore" <<<"$splitphaseOptionsAfter" || :
    splitphaseDirectories
  } >"$1/options"
}

# At splitphaseTo: save tree, outputs and state as a snapshot. Inside buildPhase, the build goes on to be recorded.
splitphaseSave() {
  local splitphaseProblem= splitphaseScratch splitphaseArguments splitphaseName splitphaseErrors splitphaseStdout
  echo "splitphase: leaving the build ${splitphaseTo%% *} $splitphaseToPhase"
  splitphaseState=done
  if [[ $NIX_BUILD_TOP == */nix-* || $NIX_BUILD_TOP == */nix/* ]]; then
    splitphaseProblem="the sandbox is off: this build runs in $NIX_BUILD_TOP, the next one elsewhere"
  fi
  if [ -n "$splitphaseProblem" ]; then
    if splitphaseUnsplit "$splitphaseProblem"; then return; fi
    splitphaseFail "$splitphaseProblem" "build with 'sandbox = true', which always builds in the same directory"
  fi
  splitphaseScratch=$NIX_BUILD_TOP/.splitphase-scratch
  splitphaseDump "$splitphaseScratch"
  splitphaseOutputArguments
  if [ -n "${splitphaseManifest:-}" ]; then splitphaseArguments+=(--copy); fi
  if declare -F splitphaseSkeletonArguments >/dev/null; then splitphaseSkeletonArguments; fi
  for splitphaseName in ${splitphaseKeep[@]+"${splitphaseKeep[@]}"}; do splitphaseArguments+=(--keep "$splitphaseName"); done
  exec {splitphaseStdout}>&1
  if ! splitphaseErrors=$(PATH=$PATH:$splitphasePath "$splitphaseHelper" save --top "$NIX_BUILD_TOP" \
    --scratch "$splitphaseScratch" --snapshot "$splitphaseSnapshot" "${splitphaseArguments[@]}" 2>&1 >&"$splitphaseStdout"); then
    printf '%s\n' "$splitphaseErrors" >&2
    splitphaseProblem=$(sed -n 's/^error: //p' <<<"$splitphaseErrors" | head -n 1)
    splitphaseUnsplit "${splitphaseProblem:-the helper failed, what it said is in the log}" || exit 1
    return
  fi
  exec {splitphaseStdout}>&-
  if [ -n "$splitphaseErrors" ]; then printf '%s\n' "$splitphaseErrors" >&2; fi
  if [ -n "${splitphaseManifest:-}" ]; then splitphaseRecord; fi
  splitphaseRemember
  cd "$NIX_BUILD_TOP"
  splitphaseEmptyOutputs
}

# splitphaseRemember: leave the hashes of this part's outputs and of those before it, for the check of the results. They are
# written in two halves, so that nothing refers to them; none where the package accepts that an old path stays.
splitphaseRemember() {
  local splitphaseName splitphaseHash
  if [ -n "${splitphaseKeep[*]-}" ]; then return; fi
  {
    for splitphaseName in splitphaseBase splitphaseSources; do
      if [ -e "${!splitphaseName:-}/outputs" ]; then cat "${!splitphaseName}/outputs"; fi
    done
    for splitphaseName in "${splitphaseOutputs[@]}" splitphaseSnapshot splitphaseManifest splitphasePacks splitphaseSkeleton splitphaseSaid; do
      splitphaseHash=${!splitphaseName-}
      splitphaseHash=${splitphaseHash##*/}
      if [ -n "$splitphaseHash" ]; then printf '%s %s\n' "${splitphaseHash:0:16}" "${splitphaseHash:16:16}"; fi
    done
  } >"$splitphaseSnapshot/outputs"
}

# At the end of the last part: no result may refer to an earlier part, or hold a token, in any form that can be found.
splitphaseCheckResults() {
  local splitphaseArguments splitphaseFirst splitphaseSecond splitphaseName splitphaseTraces splitphaseFolders=()
  if [ ! -e "${splitphaseBase:-}/outputs" ]; then return; fi
  splitphaseOutputArguments
  while read -r splitphaseFirst splitphaseSecond; do
    splitphaseArguments+=(--hash "$splitphaseFirst$splitphaseSecond")
  done <"$splitphaseBase/outputs"
  for splitphaseName in "${splitphaseOutputs[@]}"; do
    if [ -e "${!splitphaseName}" ]; then splitphaseFolders+=("${!splitphaseName}"); fi
  done
  if ! splitphaseTraces=$(PATH=$PATH:$splitphasePath "$splitphaseHelper" verify --tokens "${splitphaseArguments[@]}" "${splitphaseFolders[@]}"); then
    printf '%s\n' "$splitphaseTraces" >&2
    splitphaseFail "an output refers to an earlier part of the build, or holds a token for its own path; the files are named above" \
      "a phase before the cut encoded the output path in a form that cannot be rewritten: cut before it, or use the package unsplit (passthru.splitphase.stock)"
  fi
}

# At splitphaseFrom: take up the build. What the package sets itself and earlier parts did not see stays as it is here.
splitphaseResume() {
  local splitphaseArguments splitphaseName splitphaseOwnValues=() splitphaseSource=$NIX_BUILD_TOP/.splitphase-state.sh
  echo "splitphase: taking up the build ${splitphaseFrom%% *} $splitphaseFromPhase"
  splitphaseState=running
  splitphaseOutputArguments
  PATH=$PATH:$splitphasePath "$splitphaseHelper" resume --top "$NIX_BUILD_TOP" --snapshot "$splitphaseBase" --state "$splitphaseSource" \
    ${splitphaseSources:+--sources "$splitphaseSources"} "${splitphaseArguments[@]}"
  for splitphaseName in ${splitphaseOwn[@]+"${splitphaseOwn[@]}"}; do
    if declare -p "$splitphaseName" &>/dev/null; then splitphaseOwnValues+=("$(declare -p "$splitphaseName")"); fi
  done
  # shellcheck source=/dev/null
  source "$splitphaseSource"
  rm "$splitphaseSource"
  for splitphaseName in ${splitphaseOwnValues[@]+"${splitphaseOwnValues[@]}"}; do
    eval "declare -g ${splitphaseName#declare }"
  done
  splitphaseMergeInstallFlags
  runHook postResume
}

# Parts that do not install have a placeholder for the package's own installFlags, beside what setup hooks add.
splitphaseMergeInstallFlags() {
  if ! declare -p splitphaseInstallFlags &>/dev/null; then return; fi
  local splitphaseFlag splitphaseMerged=() splitphasePlaceholder=@splitphase-install-flags@
  if [[ "$(declare -p installFlags 2>/dev/null)" == "declare -a"* ]]; then
    for splitphaseFlag in "${installFlags[@]}"; do
      if [ "$splitphaseFlag" = "$splitphasePlaceholder" ]; then
        splitphaseMerged+=(${splitphaseInstallFlags[@]+"${splitphaseInstallFlags[@]}"})
      else
        splitphaseMerged+=("$splitphaseFlag")
      fi
    done
    installFlags=(${splitphaseMerged[@]+"${splitphaseMerged[@]}"})
  elif [[ ${installFlags-} == *"$splitphasePlaceholder"* ]]; then
    splitphaseFlag=${splitphaseInstallFlags[*]-}
    installFlags=${installFlags/"$splitphasePlaceholder"/"$splitphaseFlag"}
  fi
}

# splitphasePlace "after P...": the phase in question, the last of these that is in the list of phases.
splitphasePlace() {
  local splitphasePhase splitphaseFound=
  for splitphasePhase in ${phases[*]}; do
    if [[ " ${1#* } " == *" $splitphasePhase "* ]]; then splitphaseFound=$splitphasePhase; fi
  done
  printf '%s' "$splitphaseFound"
}

# splitphaseNames "after P...": the phases, to be read.
splitphaseNames() {
  local splitphasePhases=${1#* }
  printf '%s' "${splitphasePhases// / or }"
}

# splitphaseBefore P Q: whether P comes before Q in the list of phases.
splitphaseBefore() {
  local splitphaseList
  splitphaseList=" $(splitphasePhases) "
  [[ $splitphaseList == *" $1 "* && " ${splitphaseList#*" $1 "}" == *" $2 "* ]]
}

# The list of phases, a blank between two.
splitphasePhases() {
  # shellcheck disable=SC2086 # words
  echo ${phases[*]}
}

# Before the first phase, when the list is known.
splitphaseStart() {
  splitphaseFromPhase=
  splitphaseToPhase=
  splitphaseState=running
  if [ -n "${splitphaseFrom:-}" ]; then
    splitphaseState=skipping
    splitphaseFromPhase=$(splitphasePlace "$splitphaseFrom")
    if [ -z "$splitphaseFromPhase" ]; then
      splitphaseFail "the phases have no $(splitphaseNames "$splitphaseFrom") any more, so the earlier part was never used; they are: $(splitphasePhases)" \
        "'phases' changed between the parts; override it on the split package"
    fi
  fi
  if [ -n "${splitphaseTo:-}" ]; then
    splitphaseToPhase=$(splitphasePlace "$splitphaseTo")
    if [ -z "$splitphaseToPhase" ] && [ -z "${splitphaseManifest:-}" ]; then
      splitphaseFail "there is no $(splitphaseNames "$splitphaseTo") to cut after; the phases are: $(splitphasePhases)" \
        "name one of these in splitPhases { after = [ ... ]; }, or leave the package whole"
    fi
    if [ -n "$splitphaseFromPhase" ] && [ -n "$splitphaseToPhase" ] && ! splitphaseBefore "$splitphaseFromPhase" "$splitphaseToPhase" &&
      [[ $splitphaseFrom != "in $splitphaseToPhase" ]]; then
      splitphaseFail "the cut after $splitphaseToPhase is not behind the one after $splitphaseFromPhase; the phases are: $(splitphasePhases)" \
        "name the phases in splitPhases { after = [ ... ]; } in this order"
    fi
    splitphaseVariablesBefore=$(declare -p)
    splitphaseFunctionsBefore=$(splitphaseFunctions)
    splitphaseOptionsBefore=$(splitphaseOptions "$-")
  fi
}

# In nix-shell and nix develop a person runs phases by hand, in a tree of their own: nothing is cut there.
if [ -z "${IN_NIX_SHELL:-}" ]; then
  eval "splitphaseOriginalRunPhase () $(declare -f runPhase | tail -n +2)"
  eval "splitphaseOriginalGenericBuild () $(declare -f genericBuild | tail -n +2)"

  runPhase() {
    if [ -z "$splitphaseState" ]; then splitphaseStart; fi
    if [ "$splitphaseState" = skipping ]; then
      if [ "$*" != "$splitphaseFromPhase" ]; then return; fi
      splitphaseResume
      if [[ $splitphaseFrom == after* ]]; then return; fi
    fi
    if [ "$splitphaseState" = running ] && [ "$*" = "$splitphaseToPhase" ] && [[ $splitphaseTo == in* ]]; then
      if [ -n "${dontBuild:-}" ]; then
        splitphaseState=done
        splitphaseUnsplit "dontBuild is set" || exit 1
      else
        splitphaseSave
      fi
    fi
    if [ "$splitphaseState" = running ]; then
      splitphaseOriginalRunPhase "$@"
      if [ "$*" = "$splitphaseToPhase" ]; then splitphaseSave; fi
    fi
  }

  genericBuild() {
    splitphaseOriginalGenericBuild "$@"
    if declare -F splitphaseInterceptDone >/dev/null; then splitphaseInterceptDone; fi
    if [ "$splitphaseState" = running ] && [ -n "${splitphaseManifest:-}" ]; then
      splitphaseUnsplit "the package has no buildPhase"
    elif [ "$splitphaseState" = skipping ] || { [ "$splitphaseState" = running ] && [ -n "${splitphaseTo:-}" ]; }; then
      splitphaseFail "the build ended before the place '${splitphaseTo:-$splitphaseFrom}'" \
        "a phase of the package runs other phases or ends the build by itself: cut elsewhere"
    elif [ -n "${splitphaseFrom:-}" ] && [ -z "${splitphaseTo:-}" ]; then
      splitphaseCheckResults
    fi
  }
fi
