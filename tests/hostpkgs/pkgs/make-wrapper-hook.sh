# makeWrapper ORIGINAL WRAPPER [--set V X] [--set-default V X] [--unset V] [--prefix V SEP X] [--suffix V SEP X]
#   [--run CODE] [--chdir DIR] [--add-flags TEXT] [--append-flags TEXT] [--argv0 NAME] [--inherit-argv0]
makeWrapper() {
  local original=$1 wrapper=$2 flags='' later='' argv0=''
  shift 2
  mkdir -p "$(dirname "$wrapper")"
  {
    echo "#! $SHELL -e"
    while (($#)); do
      case $1 in
        --set) printf 'export %s=%q\n' "$2" "$3" && shift 3 ;;
        --set-default) printf 'export %s=${%s-%q}\n' "$2" "$2" "$3" && shift 3 ;;
        --unset) printf 'unset %s\n' "$2" && shift 2 ;;
        --prefix) printf 'export %s=%q${%s:+%q$%s}\n' "$2" "$4" "$2" "$3" "$2" && shift 4 ;;
        --suffix) printf 'export %s=${%s:+$%s%q}%q\n' "$2" "$2" "$2" "$3" "$4" && shift 4 ;;
        --run) printf '%s\n' "$2" && shift 2 ;;
        --chdir) printf 'cd %q\n' "$2" && shift 2 ;;
        --add-flag) printf -v flags '%s %q' "$flags" "$2" && shift 2 ;;
        --add-flags) flags+=" $2" && shift 2 ;;
        --append-flag) printf -v later '%s %q' "$later" "$2" && shift 2 ;;
        --append-flags) later+=" $2" && shift 2 ;;
        --argv0) printf -v argv0 -- '-a %q' "$2" && shift 2 ;;
        --inherit-argv0) argv0='-a "$0"' && shift ;;
        --resolve-argv0) shift ;;
        *)
          echo "makeWrapper: does not know $1" >&2
          exit 1
          ;;
      esac
    done
    printf 'exec %s %q %s "$@" %s\n' "$argv0" "$original" "$flags" "$later"
  } >"$wrapper"
  chmod +x "$wrapper"
}
makeShellWrapper() { makeWrapper "$@"; }

wrapProgram() {
  local program=$1 hidden
  hidden=$(dirname "$1")/.$(basename "$1")-wrapped
  while [ -e "$hidden" ]; do hidden+=_; done
  mv "$program" "$hidden"
  makeWrapper "$hidden" "$program" --inherit-argv0 "${@:2}"
}
wrapProgramShell() { wrapProgram "$@"; }
