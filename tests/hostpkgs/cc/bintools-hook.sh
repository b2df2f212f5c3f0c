# The binary tools as an input: libraries of other inputs, AR, LD and so on.
[[ -z ${strictDeps-} ]] || ((hostOffset < 0)) || return 0

bintoolsWrapper_addLDVars() {
  local role_post libs
  getHostRoleEnvHook
  for libs in "$1/lib64" "$1/lib"; do
    if [ -d "$libs" ] && [ ! -L "$libs" ]; then
      # A folder without libraries (only pkgconfig, say) would lengthen every command line for nothing.
      set -- "$1" "$libs"/lib*
      if [ $# -gt 1 ]; then export "NIX_LDFLAGS$role_post+= -L$libs"; fi
    fi
  done
}
getTargetRole
case $targetOffset in
  -1) export NIX_BINTOOLS_WRAPPER_TARGET_BUILD_@salt@=1 ;;
  0) export NIX_BINTOOLS_WRAPPER_TARGET_HOST_@salt@=1 ;;
  1) export NIX_BINTOOLS_WRAPPER_TARGET_TARGET_@salt@=1 ;;
esac
addEnvHooks "$targetOffset" bintoolsWrapper_addLDVars

export "NIX_BINTOOLS$role_post=@out@"
for cmd in ar as nm objcopy objdump ranlib readelf size strings strip ld; do
  export "${cmd^^}$role_post=$cmd"
done
: "${NIX_HARDENING_ENABLE=@hardening@}"
export NIX_HARDENING_ENABLE
unset cmd role_post
