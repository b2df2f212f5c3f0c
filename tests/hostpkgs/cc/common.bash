# Shared by the compiler and the linker wrapper: response files, roles, -rpath when linking statically.

# expandResponseParams ARG...: set params to the arguments, @files replaced by the words in them.
expandResponseParams() {
  local arg text
  params=("$@")
  for arg; do
    if [[ $arg == @* && -e ${arg#@} ]]; then
      params=()
      for arg; do
        if [[ $arg == @* && -e ${arg#@} ]]; then
          text=$(<"${arg#@}")
          _splitResponse "$text"
        else
          params+=("$arg")
        fi
      done
      return
    fi
  done
}

# GCC's rules: words end at white space, quotes group, a backslash takes the next character as it is.
_splitResponse() {
  local LC_ALL=C # by bytes: characters of a long text are slow to count
  local text=$1 word='' inWord='' quote='' char n
  for ((n = 0; n < ${#text}; n++)); do
    char=${text:n:1}
    if [ "$char" = \\ ]; then
      n+=1 word+=${text:n:1} inWord=1
    elif [ -n "$quote" ]; then
      if [ "$char" = "$quote" ]; then quote=''; else word+=$char; fi
    elif [[ $char == [\'\"] ]]; then
      quote=$char inWord=1
    elif [[ $char == [[:space:]] ]]; then
      if [ -n "$inWord" ]; then params+=("$word"); fi
      word='' inWord=''
    else
      word+=$char inWord=1
    fi
  done
  if [ -n "$inWord" ]; then params+=("$word"); fi
}

# mangleRoles WRAPPER VAR...: VAR_<salt> is VAR, VAR_FOR_BUILD, VAR_FOR_TARGET joined, as far as this wrapper has the role.
mangleRoles() {
  local wrapper=$1 var role suffix
  for var in "${@:2}"; do
    for role in BUILD:_FOR_BUILD HOST: TARGET:_FOR_TARGET; do
      suffix=${role#*:}
      local active=NIX_${wrapper}_WRAPPER_TARGET_${role%%:*}_$salt source=$var$suffix target=${var}_$salt
      if [ -n "${!active-}" ]; then
        export "$target=${!target-}${!target:+ }${!source-}"
      fi
    done
    local target=${var}_$salt
    export "$target=${!target-}"
  done
}

# filterRpath FLAG...: set REPLY_FLAGS; a static program has no use for a run path.
filterRpath() {
  REPLY_FLAGS=("$@")
  [[ $linkType == static* ]] || return 0
  REPLY_FLAGS=()
  while (($#)); do
    if [ "$1" = -rpath ]; then shift; else REPLY_FLAGS+=("$1"); fi
    shift
  done
}

linkTypeOf() {
  local p
  linkType=dynamic
  for p; do
    case $p in
      -static) linkType=static ;;
      -static-pie) linkType=static-pie ;;
    esac
  done
}
