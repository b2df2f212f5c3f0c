# shellcheck shell=bash
# A package that is configured from the skeleton of its sources. Sourced behind cut.sh.
#
# splitphaseSkeleton   output of the part that unpacks and patches: the skeleton goes there
# splitphaseSaid       output of the part that is configured from a skeleton (splitphaseBase): whether it was enough

splitphaseBegan=$EPOCHREALTIME
splitphaseWatched=

# The sources' store paths, before phases change these variables.
set -f
# shellcheck disable=SC2206 # words
splitphaseSourcePaths=(${src[*]-} ${srcs[*]-})
set +f

splitphaseNoSkeleton() {
  if [ -n "${splitphaseSkeleton:-}" ]; then
    "$splitphaseHelper" unsplit --said "$splitphaseSkeleton" "$1"
  else
    "$splitphaseHelper" unsplit --said "$splitphaseSaid" ${splitphaseWatched:+--seen "$splitphaseWatched/seen.json"} "$1"
  fi
}

# What `save` is to do beside: splitphaseArguments.
splitphaseSkeletonArguments() {
  local splitphaseSource
  if [ -n "${splitphaseSkeleton:-}" ]; then
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
  splitphaseWatched=/tmp/.splitphase
  mkdir "$splitphaseWatched" 2>/dev/null || splitphaseWatched=$(mktemp -d "${TMPDIR:-/tmp}/.splitphase-XXXXXX")
  # Where it cannot watch, nothing was seen, and that is the reason in the end.
  "$splitphaseHelper" watch --top "$NIX_BUILD_TOP" --skeleton "$splitphaseBase" --scratch "$splitphaseWatched" || :
}

splitphaseWatchEnds() {
  local splitphaseProcess splitphaseTries
  if ! splitphaseProcess=$(cat "$splitphaseWatched/pid" 2>/dev/null); then return 0; fi
  rm "$splitphaseWatched/pid"
  kill -TERM "$splitphaseProcess" 2>/dev/null || :
  for ((splitphaseTries = 0; splitphaseTries < 3000; splitphaseTries++)); do
    if [ -e "$splitphaseWatched/seen.json" ]; then break; fi
    sleep 0.02
  done
}

# A configure step that fails on the skeleton is no failure of the package.
splitphaseConfigureFailed() {
  if [ "$splitphaseState" != running ]; then return 0; fi
  splitphaseWatchEnds
  trap - EXIT
  cd "$NIX_BUILD_TOP"
  splitphaseUnsplit "configure fails on it"
  exit 0
}

if [ -z "${IN_NIX_SHELL:-}" ] && [ -n "${splitphaseSaid:-}" ]; then
  failureHooks+=(splitphaseConfigureFailed)
  eval "splitphaseResumeItself () $(declare -f splitphaseResume | tail -n +2)"

  splitphaseResume() {
    splitphaseResumeItself
    splitphaseWatchBegins
  }
fi
