#! @shell@
# Calls @prog@ with the flags that setup hooks and mkDerivation left in the environment.
set -eu -o pipefail +o posix
salt=@salt@
source @common@

declare -i dontLink=0 nonFlagArgs=0 isCxx=0 cc1=0 n
[[ @prog@ == *++ || @prog@ == *++-[0-9]* ]] && isCxx=1
expandResponseParams "$@"
for ((n = 0; n < ${#params[@]}; n++)); do
  case ${params[n]} in
    -[cSEM] | -MM | -fsyntax-only | -x*-header) dontLink=1 ;;
    -cc1) cc1=1 ;;
    -x) [[ ${params[n + 1]-} != *-header ]] || dontLink=1 ;;
    -?*) ;;
    *) nonFlagArgs=1 ;;
  esac
done
((nonFlagArgs)) || dontLink=1
# `gcc -v` and clang's inner call take no more flags.
if ((cc1)) || [ "$*" = -v ]; then exec @prog@ "$@"; fi

if [ -z "${NIX_CC_WRAPPER_FLAGS_SET_@salt@-}" ]; then
  mangleRoles CC NIX_CFLAGS_COMPILE NIX_CFLAGS_COMPILE_BEFORE NIX_CFLAGS_LINK NIX_CXXSTDLIB_COMPILE \
    NIX_CXXSTDLIB_LINK NIX_ENFORCE_NO_NATIVE
  NIX_CFLAGS_COMPILE_@salt@="-B@bintools@/bin/ $NIX_CFLAGS_COMPILE_@salt@"
  export NIX_CC_WRAPPER_FLAGS_SET_@salt@=1
fi
if [ -z "${NIX_BINTOOLS_WRAPPER_FLAGS_SET_@salt@-}" ]; then
  mangleRoles BINTOOLS @bintoolsVars@
  export NIX_BINTOOLS_WRAPPER_FLAGS_SET_@salt@=1
fi

if [[ $NIX_ENFORCE_NO_NATIVE_@salt@ == *1* ]]; then
  for n in "${!params[@]}"; do
    if [[ ${params[n]} == -m*=native ]]; then unset "params[n]"; fi
  done
fi

before=() after=()
declare -A hardening=()
for flag in ${NIX_HARDENING_ENABLE-}; do hardening[$flag]=1; done
[ -z "${hardening[fortify3]-}" ] || unset "hardening[fortify]"
for flag in fortify fortify3 stackprotector pie pic stackclashprotection strictoverflow trivialautovarinit \
  format zerocallusedregs; do
  [ -n "${hardening[$flag]-}" ] || continue
  case $flag in
    fortify*)
      before+=(-O2 -U_FORTIFY_SOURCE)
      after+=(-U_FORTIFY_SOURCE)
      if [ $flag = fortify ]; then after+=(-D_FORTIFY_SOURCE=2); else after+=(-D_FORTIFY_SOURCE=3); fi
      ;;
    stackprotector) before+=(-fstack-protector-strong --param ssp-buffer-size=4) ;;
    pie)
      before+=(-fPIE)
      [[ " ${params[*]} " == *" -shared "* || " ${params[*]} " == *" -static "* ]] || before+=(-pie)
      ;;
    pic) before+=(-fPIC) ;;
    stackclashprotection) before+=(-fstack-clash-protection) ;;
    strictoverflow) before+=(@strictoverflow@) ;;
    trivialautovarinit) before+=(-ftrivial-auto-var-init=pattern) ;;
    format) before+=(-Wformat -Wformat-security -Werror=format-security) ;;
    zerocallusedregs) before+=(-fzero-call-used-regs=used-gpr) ;;
  esac
done

before+=($NIX_CFLAGS_COMPILE_BEFORE_@salt@)
after+=($NIX_CFLAGS_COMPILE_@salt@)
((!isCxx)) || after+=($NIX_CXXSTDLIB_COMPILE_@salt@)
if ((!dontLink)); then
  linkTypeOf "${params[@]}" $NIX_CFLAGS_LINK_@salt@ $NIX_LDFLAGS_@salt@
  # Debian's compiler asks for build-ids, nixpkgs' does not; the ld wrapper adds one where NIX_SET_BUILD_ID says so.
  before+=(-Wl,--build-id=none)
  filterRpath $NIX_LDFLAGS_BEFORE_@salt@
  before+=("${REPLY_FLAGS[@]/#/-Wl,}")
  after+=($NIX_CFLAGS_LINK_@salt@)
  ((!isCxx)) || after+=($NIX_CXXSTDLIB_LINK_@salt@)
  filterRpath $NIX_LDFLAGS_@salt@
  for flag in "${REPLY_FLAGS[@]}"; do
    if [[ $flag == -L/* ]]; then after+=("$flag"); else after+=("-Wl,$flag"); fi
  done
  # The ld wrapper has nothing left to add of these.
  export NIX_LINK_TYPE_@salt@=$linkType
fi

if ((${NIX_DEBUG:-0} >= 1)); then
  printf '@prog@: before:%s\noriginal:%s\nafter:%s\n' "$(printf ' %q' "${before[@]}")" \
    "$(printf ' %q' "${params[@]}")" "$(printf ' %q' "${after[@]}")" >&2
fi
exec @prog@ "${before[@]}" "${params[@]}" "${after[@]}"
