# Make the first lines of scripts point into the store.
fixupOutputHooks+=(patchShebangsAuto)

patchShebangsAuto() {
  if [ -n "${dontPatchShebangs-}" ] || [ ! -e "$prefix" ]; then return; fi
  if [[ ${output-} != out && ${output-} = "$outputDev" ]]; then
    patchShebangs --build "$prefix"
  else
    patchShebangs --host "$prefix"
  fi
}

# patchShebangs [--build|--host] [--update] FILE_OR_DIR...: look interpreters up in PATH or HOST_PATH.
patchShebangs() {
  local searchPath=$HOST_PATH update= script
  while [[ ${1-} == --* ]]; do
    case $1 in
      --build) searchPath=$PATH ;;
      --host) searchPath=$HOST_PATH ;;
      --update) update=1 ;;
      --) shift && break ;;
      *) echo "patchShebangs: unknown option $1" >&2 && return 1 ;;
    esac
    shift
  done
  if [ $# = 0 ]; then
    echo "patchShebangs: no files given" >&2
    return 0
  fi
  echo "patching script interpreter paths in $*"
  while IFS= read -r -d '' script; do
    if isScript "$script"; then _patchShebang "$script"; fi
  done < <(find "$@" -type f -perm -0100 -print0)
}

_patchShebang() {
  local script=$1 line interpreter args program new
  LC_ALL=C read -r line <"$script" || [ -n "$line" ] || return 0
  read -r interpreter args <<<"${line#\#!}"
  [ -n "$interpreter" ] || return 0
  if [ -z "$update" ] && [[ $interpreter == "$NIX_STORE"/* ]]; then return 0; fi
  if [[ $interpreter == */env ]]; then
    [[ $args != -S* ]] || args=${args#-S }
    if [[ $args == -* || ${args%% *} == *=* ]]; then
      echo "$script: unsupported interpreter directive \"$line\"" >&2
      return 1
    fi
    program=${args%% *}
    if [[ $args == *" "* ]]; then args=${args#* }; else args=; fi
  else
    program=$(basename "$interpreter")
  fi
  program=$(PATH=$searchPath type -P "$program") || return 0
  new="#!$program${args:+ $args}"
  if [ "$new" != "$line" ]; then
    echo "$script: interpreter directive changed from \"$line\" to \"${new#\#!}\""
    local reference
    reference=$(mktemp)
    touch -r "$script" "$reference"
    { printf '%s\n' "$new" && tail -n +2 -- "$script"; } >"$reference.new"
    cat "$reference.new" >"$script"
    touch -r "$reference" "$script"
    rm "$reference" "$reference.new"
  fi
}
