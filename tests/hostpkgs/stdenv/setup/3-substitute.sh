# setup, part 3: replacing text in files.
consumeEntire() {
  if IFS='' read -r -d '' "$1"; then
    echo "consumeEntire(): ERROR: Input null bytes, won't process" >&2
    return 1
  fi
}

substituteStream() {
  local streamVar=$1 description=$2 mode pattern replacement
  local text=${!streamVar} before
  shift 2
  while (($#)); do
    mode=$1
    case $mode in
      --replace | --replace-fail | --replace-warn | --replace-quiet)
        pattern=$2 replacement=$3
        shift 3
        before=$text
        text=${text//"$pattern"/"$replacement"}
        [ "$text" != "$before" ] || [ "$pattern" = "$replacement" ] && continue
        case $mode in
          --replace-fail)
            printf "substituteStream(): ERROR: pattern %q doesn't match anything in %s\n" "$pattern" "$description" >&2
            return 1
            ;;
          --replace | --replace-warn)
            printf "substituteStream(): WARNING: pattern %q doesn't match anything in %s\n" "$pattern" "$description" >&2
            ;;
        esac
        ;;
      --subst-var)
        if ! [[ $2 =~ ^[a-zA-Z_][a-zA-Z0-9_]*$ ]] || [ -z "${!2+x}" ]; then
          echo "substituteStream(): ERROR: variable \$$2 is unset or has no valid name" >&2
          return 1
        fi
        text=${text//"@$2@"/"${!2}"}
        shift 2
        ;;
      --subst-var-by)
        text=${text//"@$2@"/"$3"}
        shift 3
        ;;
      *)
        echo "substituteStream(): ERROR: Invalid command line argument: $1" >&2
        return 1
        ;;
    esac
  done
  printf -v "$streamVar" %s "$text"
  printf %s "$text"
}

substitute() {
  local input=$1 output=$2 content
  shift 2
  if [ ! -f "$input" ]; then
    echo "substitute(): ERROR: file '$input' does not exist" >&2
    return 1
  fi
  consumeEntire content <"$input"
  if [ -e "$output" ]; then chmod +w "$output"; fi
  substituteStream content "file '$input'" "$@" >"$output"
}

substituteInPlace() {
  local -a fileNames=()
  while (($#)) && [[ $1 != --* ]]; do
    fileNames+=("$1")
    shift
  done
  local fileName
  for fileName in "${fileNames[@]}"; do
    substitute "$fileName" "$fileName" "$@"
  done
}

# Every exported variable that starts with a small letter.
_allFlags() {
  export system pname name version
  local varName
  for varName in $(compgen -e); do
    if [[ $varName =~ ^[a-z][a-zA-Z0-9_]*$ ]]; then args+=(--subst-var "$varName"); fi
  done
}
substituteAllStream() {
  local -a args=()
  _allFlags
  substituteStream "$1" "$2" "${args[@]}"
}
substituteAll() {
  local -a args=()
  _allFlags
  substitute "$1" "$2" "${args[@]}"
}
substituteAllInPlace() { substituteAll "$1" "$1"; }
