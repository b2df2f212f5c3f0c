# shellcheck shell=bash
# Checkpoints of packages that cargo builds. Sourced behind checkpoint.sh.
#
# What is observed, and put in place, is seen from where cargo is called: with its arguments, its variables and in its working
# directory, whatever buildPhase is. So while buildPhase runs, a program of cargo's name stands before cargo on PATH.

splitphaseCargoFolder=$NIX_BUILD_TOP/.splitphase-cargo

splitphaseCargoBegin() {
  local splitphaseName splitphaseArguments
  local -a splitphaseCommon splitphaseLaterArguments=()
  splitphaseOutputArguments
  for splitphaseName in ${splitphaseLater[@]+"${splitphaseLater[@]}"}; do splitphaseLaterArguments+=(--later "$splitphaseName"); done
  splitphaseCommon=(--top "$NIX_BUILD_TOP" "${splitphaseArguments[@]}" --package "$splitphasePackage" --system "$splitphaseSystem" --tool cargo)
  mkdir -p "$splitphaseCargoFolder/bin"
  {
    printf '#!%s\nset -eu\n' "$BASH"
    printf 'folder=%q helper=%q path=%q checkpoint=%q reuse=%q\n' "$splitphaseCargoFolder" "$splitphaseHelper" "$splitphasePath" \
      "${splitphaseCheckpoint:-}" "${splitphaseReuse:-}"
    printf 'common=(%s)\n' "$(printf '%q ' "${splitphaseCommon[@]}")"
    printf 'later=(%s)\n' "$(printf '%q ' ${splitphaseLaterArguments[@]+"${splitphaseLaterArguments[@]}"})"
    cat <<'SHIM'
PATH=:$PATH:
PATH=${PATH//":$folder/bin:"/:}
PATH=${PATH#:}
PATH=${PATH%:}
case ${1:-} in
  build | b)
    echo build >>"$folder/calls"
    if [ "$(cat "$folder/calls")" = build ]; then
      for argument; do common+=("--cargo-argument=$argument"); done
      if [ -n "$checkpoint" ]; then PATH=$PATH:$path SPLITPHASE_PATH=$path "$helper" observe "${common[@]}" --checkpoint "$checkpoint"; fi
      if [ -n "$reuse" ]; then
        PATH=$PATH:$path SPLITPHASE_PATH=$path "$helper" reuse "${common[@]}" --checkpoint "$reuse" ${checkpoint:+--carry "$checkpoint"} ${later[@]+"${later[@]}"}
      fi
    fi
    ;;
  "" | -V | -vV | --version | -h | --help | metadata | pkgid | locate-project | tree | version | help | read-manifest) ;;
  *) printf '%s\n' "${1//$'\n'/ }" >>"$folder/calls" ;;
esac
unset -v folder helper path checkpoint reuse common later argument
exec cargo "$@"
SHIM
  } >"$splitphaseCargoFolder/bin/cargo"
  chmod +x "$splitphaseCargoFolder/bin/cargo"
  PATH=$splitphaseCargoFolder/bin:$PATH
  if [ -n "${splitphaseCheckpoint:-}" ]; then splitphaseNoPostBuild; fi
}

splitphaseCargoEnd() {
  PATH=:$PATH:
  PATH=${PATH//":$splitphaseCargoFolder/bin:"/:}
  PATH=${PATH#:}
  PATH=${PATH%:}
}

# What is in splitphaseProblem where the program was never called, or not as the first thing.
splitphaseCargoProblem() {
  if [ "$(cat "$splitphaseCargoFolder/calls" 2>/dev/null)" = build ]; then
    splitphaseProblem=
  elif [ -e "$splitphaseCargoFolder/calls" ]; then
    splitphaseProblem="buildPhase calls cargo for more than one build: $(paste -sd ' ' "$splitphaseCargoFolder/calls")"
  else
    splitphaseProblem="buildPhase does not call 'cargo build' by this name"
  fi
}
