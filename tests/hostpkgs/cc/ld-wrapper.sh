#! @shell@
# Calls @prog@ with NIX_LDFLAGS, a run path for each store library that is used, and a build-id where asked for.
set -eu -o pipefail +o posix
salt=@salt@
source @common@

if [ -z "${NIX_BINTOOLS_WRAPPER_FLAGS_SET_@salt@-}" ]; then
  mangleRoles BINTOOLS @bintoolsVars@
  export NIX_BINTOOLS_WRAPPER_FLAGS_SET_@salt@=1
fi
expandResponseParams "$@"

before=() after=()
for flag in ${NIX_HARDENING_ENABLE-}; do
  case $flag in
    relro) before+=(-z relro) ;;
    bindnow) before+=(-z now) ;;
  esac
done
if [ -n "${NIX_LINK_TYPE_@salt@-}" ]; then
  linkType=$NIX_LINK_TYPE_@salt@
else
  linkTypeOf "${params[@]}"
  filterRpath $NIX_LDFLAGS_@salt@
  after+=("${REPLY_FLAGS[@]}")
  filterRpath $NIX_LDFLAGS_BEFORE_@salt@
  before+=("${REPLY_FLAGS[@]}")
fi
filterRpath $NIX_LDFLAGS_AFTER_@salt@
after+=("${REPLY_FLAGS[@]}")

libDirs=()
declare -A libs=() rpaths=()
declare -i relocatable=0
prev=
for p in "${before[@]}" "${params[@]}" "${after[@]}"; do
  case $prev in
    -L) libDirs+=("$p") ;;
    -l) libs["lib$p.so"]=1 ;;
    -dynamic-linker | -plugin) ;;
    *)
      case $p in
        -L/*) libDirs+=("${p:2}") ;;
        -l?*) libs["lib${p:2}.so"]=1 ;;
        @storeDir@/*.so | @storeDir@/*.so.*)
          libDirs+=("${p%/*}")
          libs["${p##*/}"]=1
          ;;
        -r | --relocatable | -i) relocatable=1 ;;
      esac
      ;;
  esac
  prev=$p
done

if [[ $NIX_DONT_SET_RPATH_@salt@ != *1* && $linkType != static* ]]; then
  for dir in "${libDirs[@]}"; do
    [[ $dir != *[/.][/.]* ]] || dir=$(readlink -f "$dir" || echo "$dir")
    if [[ $dir != @storeDir@/* || -n ${rpaths[$dir]-} ]]; then continue; fi
    for lib in "${!libs[@]}"; do
      if [ -e "$dir/$lib" ]; then
        rpaths[$dir]=1
        after+=(-rpath "$dir")
        break
      fi
    done
  done
fi
if [[ $NIX_SET_BUILD_ID_@salt@ == *1* ]] && ((!relocatable)); then
  after+=("--build-id=${NIX_BUILD_ID_STYLE:-sha1}")
fi

if ((${NIX_DEBUG:-0} >= 1)); then
  printf '@prog@: before:%s\noriginal:%s\nafter:%s\n' "$(printf ' %q' "${before[@]}")" \
    "$(printf ' %q' "${params[@]}")" "$(printf ' %q' "${after[@]}")" >&2
fi
exec @prog@ "${before[@]}" "${params[@]}" "${after[@]}"
