# shellcheck shell=bash
# What stands before a build tool on PATH, behind the variables that checkpoint-called.sh writes before it.

# builds LETTERS VALUED LONG ARGUMENTS...: whether a call builds; not if it has one of LETTERS or of the LONG options. VALUED
# are letters of options whose value is the rest of the word, or the next one; behind `?` those that have it in the same word.
builds() {
  local asking=$1 valued=${2%%\?*} joined=${2#*\?} long=$3 word letters
  shift 3
  while [ $# -gt 0 ]; do
    word=$1
    shift
    case $word in
      --) return 0 ;;
      --directory | --file | --makefile | --include-dir | --old-file | --assume-old | --what-if | --new-file | --assume-new | --eval)
        if [ $# -gt 0 ]; then shift; fi
        ;;
      --*) if [[ " $long " == *" ${word#--} "* ]]; then return 1; fi ;;
      -*)
        letters=${word#-}
        while [ -n "$letters" ]; do
          if [[ ${letters:0:1} == [$asking] ]]; then return 1; fi
          if [[ ${letters:0:1} == [$valued] ]]; then
            if [ ${#letters} = 1 ] && [ $# -gt 0 ]; then shift; fi
            break
          fi
          if [[ ${letters:0:1} == [$joined] ]]; then break; fi
          letters=${letters:1}
        done
        ;;
    esac
  done
  return 0
}

# What the call is for, in a line; nothing where it only asks.
purpose() {
  local line="$tool${*:+ $*}"
  case $tool in
    make) builds vhnq 'CfIoWE?jlO' "version help dry-run just-print recon question" "$@" || return 0 ;;
    ninja) builds nth 'dfjklwC?C' "version help" "$@" || return 0 ;;
    cargo)
      case ${1:-} in
        "" | -V | -vV | --version | -h | --help | metadata | pkgid | locate-project | tree | version | help | read-manifest) return 0 ;;
      esac
      ;;
  esac
  printf '%s' "${line//$'\n'/ }"
}

# tell COMMAND OPTIONS...: run the helper; it reads the environment from the call's folder.
tell() {
  if SPLITPHASE_PATH=$added PATH=$PATH "$helper" "$@" --tool "$tool" "${common[@]}" </dev/null >>"$folder/said" 2>&1; then return; fi
  printf '%s' "$line" >"$folder/failed"
  : >"$folder/call/ready"
  cat "$folder/said" >&2
  exit 1
}

# The environment as it came, less this program.
mapfile -d '' -t environment </proc/$$/environ
path=$PATH
level=0
for index in "${!environment[@]}"; do
  case ${environment[index]} in
    PATH=*)
      path=:${environment[index]#PATH=}:
      while [[ $path == *":$folder/bin:"* ]]; do path=${path//":$folder/bin:"/:}; done
      path=${path#:}
      path=${path%:}
      environment[index]=PATH=$path
      ;;
    _="$folder"/*) environment[index]=_=$(PATH=$path type -P "$tool" || :) ;;
    MAKELEVEL=*) level=${environment[index]#MAKELEVEL=} ;;
  esac
done

first=
line=$(purpose "$@")
if [ -n "$line" ]; then
  if [ ! -s "$folder/calls" ]; then first=1; fi
  # A make that was called by its path runs this one: what it does was not seen.
  if [ "$tool" = make ] && [ "$level" != 0 ]; then
    first=
    line="$line (in a make that was called otherwise)"
  fi
  if [ "$tool" = cargo ] && [ "$1" != build ] && [ "$1" != b ]; then first=; fi
  printf '%s\n' "$line" >>"$folder/calls"
  if [ -n "$first" ] && mkdir "$folder/call" 2>/dev/null; then
    printf '%s' "$tool" >"$folder/call/tool"
    printf '%s' "$PWD" >"$folder/call/directory"
    : >"$folder/call/arguments"
    if [ $# -gt 0 ]; then printf '%s\0' "$@" >"$folder/call/arguments"; fi
    printf '%s\0' "${environment[@]}" >"$folder/call/environment"
    if [ -n "$checkpoint" ]; then tell observe --checkpoint "$checkpoint"; fi
    if [ -n "$reuse" ] && [ ! -e "$folder/call/idle" ]; then
      tell reuse --jobs "$jobs" --checkpoint "$reuse" ${checkpoint:+--carry "$checkpoint"} ${later[@]+"${later[@]}"}
    fi
    if [ -e "$folder/call/idle" ]; then
      # It compiles nothing: a command before the build.
      printf '%s\n' "$line" >>"$folder/idle"
      sed -i 1d "$folder/calls"
      rm -r "$folder/call"
      first=
    else
      : >"$folder/call/ready"
    fi
  else
    first=
    # Called beside the first one: not before the tree is as it was.
    while [ -e "$folder/call" ] && [ ! -e "$folder/call/ready" ]; do sleep 0.1; done
  fi
fi

if [ -z "$first" ] || [ -z "$checkpoint" ]; then exec "$env" -i -- "${environment[@]}" "$tool" "$@"; fi

# A checkpoint is of what the tool made, not of what later commands make of it.
status=0
"$env" -i -- "${environment[@]}" "$tool" "$@" || status=$?
tell ended
exit "$status"
