# The compiler as an input: headers of other inputs, CC and CXX.
[[ -z ${strictDeps-} ]] || ((hostOffset < 0)) || return 0

ccWrapper_addCVars() {
  local role_post
  getHostRoleEnvHook
  if [ -d "$1/include" ]; then export "NIX_CFLAGS_COMPILE$role_post+= -isystem $1/include"; fi
}
getTargetRole
case $targetOffset in
  -1) export NIX_CC_WRAPPER_TARGET_BUILD_@salt@=1 ;;
  0) export NIX_CC_WRAPPER_TARGET_HOST_@salt@=1 ;;
  1) export NIX_CC_WRAPPER_TARGET_TARGET_@salt@=1 ;;
esac
addEnvHooks "$targetOffset" ccWrapper_addCVars

export "NIX_CC$role_post=@out@" "CC$role_post=@cc@" "CXX$role_post=@cxx@"
: "${NIX_HARDENING_ENABLE=@hardening@}"
export NIX_HARDENING_ENABLE
unset role_post
