# shellcheck shell=bash
# A package that is configured from the skeleton of its sources. Sourced behind cut.sh.
#
# splitphaseSkeleton   output of the part that unpacks and patches: the skeleton goes there
# splitphaseSaid       output of the part that is configured from a skeleton (splitphaseBase): whether it was enough
# splitphaseOver       names of attributes that this part does without

splitphaseBegan=${EPOCHREALTIME/,/.}
splitphaseWatched=/tmp/.splitphase

# The sources' store paths, before phases change these variables.
set -f
# shellcheck disable=SC2206 # words
splitphaseSourcePaths=(${src[*]-} ${srcs[*]-})
set +f

splitphaseNoSkeleton() {
  if [ -n "${splitphaseSkeleton:-}" ]; then
    "$splitphaseHelper" unsplit --said "$splitphaseSkeleton" "$1"
  else
    splitphaseWatchEnds
    "$splitphaseHelper" unsplit --said "$splitphaseSaid" --seen "$splitphaseWatched/seen.json" "$1"
  fi
}

# These parts are of use or not; neither is a failure of the package.
splitphaseFail() {
  cd "$NIX_BUILD_TOP"
  splitphaseUnsplit "$1" || exit 1
  trap - EXIT
  exit 0
}

# What a cut loses: files outside of the tree, processes, open files, limits, traps and aliases, a line each.
splitphaseAround() {
  local splitphaseEntry splitphaseWatcher
  IFS=$' \t\n'
  set +f
  unset -v GLOBIGNORE
  shopt -s dotglob nullglob
  splitphaseWatcher=$(cat "$splitphaseWatched/process" 2>/dev/null) || :
  for splitphaseEntry in /* /tmp/* /var/tmp/* /dev/shm/* /proc/[0-9]* "/proc/$BASHPID/fd"/*; do
    case $splitphaseEntry in
      "$splitphaseWatched" | /dev/shm/.splitphase | "/proc/$BASHPID" | "/proc/$splitphaseWatcher") ;;
      "/proc/$BASHPID"/*) echo "the open file ${splitphaseEntry##*/}" ;;
      /proc/*) echo "the process ${splitphaseEntry##*/}" ;;
      *) echo "$splitphaseEntry" ;;
    esac
  done
  ulimit -Sa | sed 's/^/the limit /'
  ulimit -Ha | sed 's/^/the hard limit /'
  trap -p | sed 's/^/the /'
  alias -p | sed 's/^/the /'
}

# What `save` is to do beside: splitphaseArguments.
splitphaseSkeletonArguments() {
  local splitphaseSource splitphaseLeft
  if [ -n "${splitphaseSaid:-}" ]; then splitphaseWatchEnds; fi
  splitphaseLeft=$(splitphaseAround)
  splitphaseLeft=$(grep -vxF -m 1 -e "$splitphaseAroundBefore" <<<"$splitphaseLeft") || :
  if [ -n "$splitphaseLeft" ]; then splitphaseFail "a phase leaves behind what the next derivation does not have: $splitphaseLeft"; fi
  if [ -n "${splitphaseSkeleton:-}" ]; then
    if ! splitphaseBefore "$splitphaseToPhase" configurePhase; then splitphaseFail "there is no configurePhase behind $splitphaseToPhase"; fi
    splitphaseArguments+=(--skeleton "$splitphaseSkeleton" --began "$splitphaseBegan")
    for splitphaseSource in ${splitphaseSourcePaths[@]+"${splitphaseSourcePaths[@]}"}; do
      splitphaseArguments+=(--source "$splitphaseSource")
    done
  else
    for splitphaseSource in ${splitphaseOver[@]+"${splitphaseOver[@]}"}; do splitphaseArguments+=(--over "$splitphaseSource"); done
    splitphaseArguments+=(--configured "$splitphaseBase" --seen "$splitphaseWatched/seen.json" --said "$splitphaseSaid")
  fi
}

splitphaseWatchBegins() {
  mkdir "$splitphaseWatched"
  "$splitphaseHelper" watch --top "$NIX_BUILD_TOP" --skeleton "$splitphaseBase" --scratch "$splitphaseWatched"
}

splitphaseWatchEnds() {
  local splitphaseProcess
  if ! splitphaseProcess=$(cat "$splitphaseWatched/pid" 2>/dev/null); then return 0; fi
  mv "$splitphaseWatched/pid" "$splitphaseWatched/process"
  kill -TERM "$splitphaseProcess" 2>/dev/null || :
  while [ ! -e "$splitphaseWatched/seen.json" ] && kill -0 "$splitphaseProcess" 2>/dev/null; do sleep 0.02; done
}

if [ -z "${IN_NIX_SHELL:-}" ]; then
  eval "splitphaseStartItself () $(declare -f splitphaseStart | tail -n +2)"

  splitphaseStart() {
    splitphaseAroundBefore=$(splitphaseAround)
    splitphaseStartItself
  }
fi

if [ -z "${IN_NIX_SHELL:-}" ] && [ -n "${splitphaseSaid:-}" ]; then
  eval "splitphaseResumeItself () $(declare -f splitphaseResume | tail -n +2)"
  eval "splitphaseBuildItself () $(declare -f genericBuild | tail -n +2)"

  splitphaseResume() {
    splitphaseResumeItself
    splitphaseWatchBegins
  }

  # In a subshell: whatever the package does to traps, hooks and its process group, here it is known what became of it.
  genericBuild() {
    set +e
    trap : HUP INT QUIT USR1 USR2 PIPE ALRM TERM
    (
      set -e
      splitphaseBuildItself "$@"
    )
    if [ ! -e "$splitphaseSaid/said.json" ]; then splitphaseFail "configure fails on it"; fi
    trap - EXIT
    exit 0
  }
fi
