# shellcheck shell=bash
# A package that is configured from the skeleton of its sources. Sourced behind cut.sh.
#
# splitphaseSkeleton   output of the part that unpacks and patches: the skeleton goes there
# splitphaseSaid       output of the part that is configured from a skeleton (splitphaseBase): whether it was enough

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

# What `save` is to do beside: splitphaseArguments.
splitphaseSkeletonArguments() {
  local splitphaseSource
  if [ -n "$(find /tmp -mindepth 1 -maxdepth 1 ! -path "$splitphaseWatched" -print -quit 2>/dev/null)" ] && ! [ /tmp -ef "$NIX_BUILD_TOP" ]; then
    splitphaseFail "a phase leaves files in /tmp"
  fi
  if [ -n "${splitphaseSkeleton:-}" ]; then
    if ! splitphaseBefore "$splitphaseToPhase" configurePhase; then splitphaseFail "there is no configurePhase behind $splitphaseToPhase"; fi
    splitphaseArguments+=(--skeleton "$splitphaseSkeleton" --began "$splitphaseBegan")
    for splitphaseSource in ${splitphaseSourcePaths[@]+"${splitphaseSourcePaths[@]}"}; do
      splitphaseArguments+=(--source "$splitphaseSource")
    done
  else
    splitphaseWatchEnds
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
  rm "$splitphaseWatched/pid"
  kill -TERM "$splitphaseProcess" 2>/dev/null || :
  while [ ! -e "$splitphaseWatched/seen.json" ] && kill -0 "$splitphaseProcess" 2>/dev/null; do sleep 0.02; done
}

if [ -z "${IN_NIX_SHELL:-}" ] && [ -n "${splitphaseSaid:-}" ]; then
  eval "splitphaseResumeItself () $(declare -f splitphaseResume | tail -n +2)"
  eval "splitphaseBuildItself () $(declare -f genericBuild | tail -n +2)"

  splitphaseResume() {
    splitphaseResumeItself
    splitphaseWatchBegins
  }

  # In a subshell: whatever the package does to traps and hooks, here it is known what became of it.
  genericBuild() {
    set +e
    (
      set -e
      splitphaseBuildItself "$@"
    )
    if [ ! -e "$splitphaseSaid/said.json" ]; then splitphaseFail "configure fails on it"; fi
    trap - EXIT
    exit 0
  }
fi
