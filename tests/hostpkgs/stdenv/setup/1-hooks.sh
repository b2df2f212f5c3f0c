# setup, part 1: hooks, variables that may be strings or arrays, small helpers.
_setupOptions=$-
set -eu -o pipefail
shopt -s inherit_errexit nullglob

if [ -f .attrs.sh ] || [ -n "${NIX_ATTRS_JSON_FILE:-}" ]; then
  __structuredAttrs=1
  echo "structuredAttrs is enabled"
  export NIX_ATTRS_JSON_FILE=${NIX_ATTRS_JSON_FILE:-$NIX_BUILD_TOP/.attrs.json}
  export NIX_ATTRS_SH_FILE=${NIX_ATTRS_SH_FILE:-$NIX_BUILD_TOP/.attrs.sh}
  for outputName in "${!outputs[@]}"; do
    export "$outputName=${outputs[$outputName]}"
  done
  for envVar in "${!env[@]}"; do
    declare -x "$envVar=${env[$envVar]}"
  done
else
  __structuredAttrs=
  : "${outputs:=out}"
fi

getAllOutputNames() {
  if [ -n "$__structuredAttrs" ]; then echo "${!outputs[*]}"; else echo "$outputs"; fi
}

# A hook is the function or the variable of that name, and after it each entry of the array <name>Hooks.
runHook() {
  local hookName=$1 hook
  shift
  local -n hookList=${hookName%Hook}Hooks
  local -a hookCalls=("_callImplicitHook 0 $hookName" "${hookList[@]}")
  unset -n hookList
  for hook in "${hookCalls[@]}"; do
    _eval "$hook" "$@"
  done
  return 0
}

# The same, but only until one of them succeeds.
runOneHook() {
  local hookName=$1 hook
  shift
  local -n hookList=${hookName%Hook}Hooks
  local -a hookCalls=("_callImplicitHook 1 $hookName" "${hookList[@]}")
  unset -n hookList
  for hook in "${hookCalls[@]}"; do
    if _eval "$hook" "$@"; then return 0; fi
  done
  return 1
}

_callImplicitHook() {
  if declare -F "$2" >/dev/null; then
    "$2"
  elif [ -n "${!2:-}" ]; then
    eval "${!2}"
  else
    return "$1"
  fi
}

# In a function, so that a `return` in a hook's text ends that hook only.
_eval() {
  if declare -F "$1" >/dev/null; then "$@"; else eval "$1"; fi
}

exitHandler() {
  exitCode=$?
  set +e
  if [ "$exitCode" = 0 ]; then
    runHook exitHook
  else
    runHook failureHook
    if [ -n "${succeedOnFailure:-}" ]; then
      echo "build failed with exit code $exitCode (ignored)"
      mkdir -p "$out/nix-support"
      printf %s "$exitCode" >"$out/nix-support/failed"
      exit 0
    fi
  fi
  return "$exitCode"
}
trap exitHandler EXIT

echoCmd() {
  printf '%s:' "$1"
  shift
  printf ' %q' "$@"
  echo
}
printLines() { [ $# = 0 ] || printf '%s\n' "$@"; }
printWords() { [ $# = 0 ] || printf '%s ' "$@"; }
nixLog() { echo "$@"; }

addToSearchPathWithCustomDelimiter() {
  local delimiter=$1 varName=$2 dir=$3
  if [[ -d $dir && "$delimiter${!varName:-}$delimiter" != *"$delimiter$dir$delimiter"* ]]; then
    export "$varName=${!varName:+${!varName}$delimiter}$dir"
  fi
}
addToSearchPath() { addToSearchPathWithCustomDelimiter : "$@"; }

# _isArray NAME: is it an array, or, while it does not exist, would it be one here?
_isArray() {
  local declared
  declared=$(declare -p "$1" 2>/dev/null) || declared=
  case $declared in
    "declare -a"*) return 0 ;;
    "declare -A"*)
      echo "error: $1 is an associative array; it cannot be used as a list of flags" >&2
      exit 1
      ;;
    "") [ -n "$__structuredAttrs" ] ;;
    *) return 1 ;;
  esac
}
prependToVar() {
  local -n varToChange=$1
  if _isArray "$1"; then
    varToChange=("${@:2}" ${varToChange+"${varToChange[@]}"})
  else
    varToChange="${*:2} ${varToChange-}"
  fi
}
appendToVar() {
  local -n varToChange=$1
  if _isArray "$1"; then
    varToChange=(${varToChange+"${varToChange[@]}"} "${@:2}")
  else
    varToChange="${varToChange-} ${*:2}"
  fi
}

# concatTo ARRAY NAME...: append the flags in each variable; NAME=default gives the default of an empty one.
concatTo() {
  local -n concatTarget=$1
  local arg
  for arg in "${@:2}"; do
    local concatName=${arg%%=*} concatDefault=
    [[ $arg == *=* ]] && concatDefault=${arg#*=}
    local -n concatSource=$concatName
    if [ -z "${concatSource[*]:-}" ]; then
      [ -z "$concatDefault" ] || concatTarget+=("$concatDefault")
    elif [[ $concatName == *Array ]] || _isArray "$concatName"; then
      concatTarget+=("${concatSource[@]}")
    else
      # shellcheck disable=SC2206 # a string of flags, to be split
      concatTarget+=(${concatSource})
    fi
    unset -n concatSource
  done
}
_accumFlagsArray() { concatTo flagsArray "$@"; }
concatStringsSep() {
  local separator=$1 word words=()
  concatTo words "$2"
  local joined=
  for word in "${words[@]}"; do joined+=${joined:+$separator}$word; done
  printf %s "$joined"
}

_addRpathPrefix() {
  if [ "${NIX_NO_SELF_RPATH:-0}" != 1 ]; then
    export NIX_LDFLAGS="-rpath $1/lib ${NIX_LDFLAGS-}"
  fi
}

_hasMagic() {
  local fd magic
  exec {fd}<"$1"
  LC_ALL=C read -r -n "$3" -u "$fd" magic 2>/dev/null || true
  exec {fd}<&-
  [ "${magic-}" = "$2" ]
}
isELF() { _hasMagic "$1" $'\x7fELF' 4; }
isScript() { _hasMagic "$1" '#!' 2; }

stripHash() {
  local strippedName
  strippedName=$(basename -- "$1")
  if [[ $strippedName =~ ^[a-z0-9]{32}- ]]; then strippedName=${strippedName:33}; fi
  echo "$strippedName"
}

dumpVars() {
  if [ "${noDumpEnvVars:-0}" != 1 ]; then
    export 2>/dev/null >|"$NIX_BUILD_TOP/env-vars" || true
  fi
}
