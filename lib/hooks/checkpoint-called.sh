# shellcheck shell=bash
# Checkpoints of packages whose buildPhase cannot be cut: the package's own text, or a hook's that calls cargo. Sourced behind
# checkpoint.sh.
#
# What is observed, and put in place, is seen from where the build tool is called: with its arguments, its variables and in its
# working directory, whatever buildPhase is. So while buildPhase runs, programs of the tools' names stand before the tools on
# PATH. Each takes itself off PATH again, so that what the tool runs and prints is as in the stock build, and hands it the very
# environment that it got itself: a shell sets PWD and other variables.
#
# $splitphaseCalled/calls  all calls that build, a line each
# $splitphaseCalled/idle   calls before these that compile nothing
# $splitphaseCalled/call/  the first one: tool, directory, arguments, environment; ready (observed), ended.json (stamps)
# $splitphaseCalled/said   what the helper said. It is printed behind buildPhase, since a call's output may go anywhere

splitphaseCalled=$NIX_BUILD_TOP/.splitphase-called
splitphaseCalls=

# splitphaseCalledBegin TOOLS...: those of them that there are.
splitphaseCalledBegin() {
  local splitphaseName splitphaseArguments splitphaseFound=
  local -a splitphaseCommon splitphaseLaterArguments=()
  splitphaseOutputArguments
  for splitphaseName in ${splitphaseLater[@]+"${splitphaseLater[@]}"}; do splitphaseLaterArguments+=(--later "$splitphaseName"); done
  splitphaseCommon=(--top "$NIX_BUILD_TOP" "${splitphaseArguments[@]}" --package "$splitphasePackage" --system "$splitphaseSystem"
    --call "$splitphaseCalled/call" --builder "$$")
  mkdir -p "$splitphaseCalled/bin"
  for splitphaseName; do
    if ! type -P "$splitphaseName" >/dev/null; then continue; fi
    {
      # Nothing is exported: variables would count twice against the limit on arguments, and may have our names.
      # shellcheck disable=SC2016 # for the program
      printf '#!%s -p\nset -eu\nwhile read -r name; do export -n "$name"; done < <(compgen -e)\n' "$BASH"
      printf 'folder=%q helper=%q added=%q checkpoint=%q reuse=%q env=%q tool=%q PATH=%q jobs=%q\n' "$splitphaseCalled" "$splitphaseHelper" \
        "$splitphasePath" "${splitphaseCheckpoint:-}" "${splitphaseReuse:-}" "$(type -P env)" "$splitphaseName" "$PATH" "${NIX_BUILD_CORES:-1}"
      printf 'common=(%s)\n' "$(printf '%q ' "${splitphaseCommon[@]}")"
      printf 'later=(%s)\n' "$(printf '%q ' ${splitphaseLaterArguments[@]+"${splitphaseLaterArguments[@]}"})"
      cat "$splitphaseShim"
    } >"$splitphaseCalled/bin/$splitphaseName"
    chmod +x "$splitphaseCalled/bin/$splitphaseName"
    splitphaseFound=1
  done
  if [ -n "$splitphaseFound" ]; then PATH=$splitphaseCalled/bin:$PATH; fi
  if [ -n "${splitphaseCheckpoint:-}" ]; then splitphaseNoPostBuild; fi
  failureHooks+=(splitphaseCalledSay)
}

splitphaseCalledSay() {
  if [ -e "$splitphaseCalled/said" ]; then cat "$splitphaseCalled/said"; fi
}

# splitphaseCalledEnd TOOLS...: behind buildPhase.
splitphaseCalledEnd() {
  PATH=:$PATH:
  while [[ $PATH == *":$splitphaseCalled/bin:"* ]]; do PATH=${PATH//":$splitphaseCalled/bin:"/:}; done
  PATH=${PATH#:}
  PATH=${PATH%:}
  splitphaseCalledSay
  : >"$splitphaseCalled/said"
  if [ -e "$splitphaseCalled/failed" ]; then
    splitphaseFail "the helper failed where buildPhase called $(<"$splitphaseCalled/failed")" "its message is above"
  fi
  splitphaseCalledLook "$@"
  if [ -n "${splitphaseReuse:-}" ] && [ ! -e "$splitphaseCalled/call/ready" ]; then
    echo "splitphase: built anew: $splitphaseCalledReason"
  fi
}

# Behind buildPhase: why nothing can be made of the call in splitphaseCalledReason, where a tool was not called, or not once;
# in splitphaseCalledLeak the first file in which the build noted where it found one, if any: no stock build has that.
splitphaseCalledLook() {
  local splitphaseOutput splitphasePlaces=("$NIX_BUILD_TOP")
  splitphaseCalledReason=
  if [ ! -s "$splitphaseCalled/calls" ] && [ -e "$splitphaseCalled/idle" ]; then
    splitphaseCalledReason="buildPhase calls make for nothing that is known to compile: $(head -n 1 "$splitphaseCalled/idle" | sed 's,/nix/store/[0-9a-z]*-,,g')"
  elif [ ! -e "$splitphaseCalled/calls" ]; then
    splitphaseCalledReason="buildPhase is the package's own, and calls none of $* by its name"
  elif [ "$(wc -l <"$splitphaseCalled/calls")" -gt 1 ]; then
    splitphaseCalledReason="buildPhase calls a build tool for more than one build: $(head -n 4 "$splitphaseCalled/calls" | sed 's,/nix/store/[0-9a-z]*-,,g' | paste -sd ';' | sed 's/;/; /g')"
  elif [ ! -e "$splitphaseCalled/call/ready" ]; then
    splitphaseCalledReason="buildPhase calls a build tool otherwise: $(sed 's,/nix/store/[0-9a-z]*-,,g' "$splitphaseCalled/calls")"
  fi
  for splitphaseOutput in "${splitphaseOutputs[@]}"; do
    if [ -e "${!splitphaseOutput}" ]; then splitphasePlaces+=("${!splitphaseOutput}"); fi
  done
  splitphaseCalledLeak=$({
    grep -rlsF --exclude-dir=.splitphase-called --exclude=env-vars --exclude='.attrs.*' .splitphase-called/bin "${splitphasePlaces[@]}" || :
    find "${splitphasePlaces[@]}" -lname '*.splitphase-called/bin*' 2>/dev/null || :
  } | head -n 1)
  if [ -n "$splitphaseCalledLeak" ]; then
    splitphaseCalledReason="buildPhase writes where it finds a build tool: ${splitphaseCalledLeak#"$NIX_BUILD_TOP/"}"
  fi
}
