# Find the .pc files of the inputs.
pkgConfigWrapper_addPkgConfigPath() {
  local role_post
  getHostRoleEnvHook
  addToSearchPath "PKG_CONFIG_PATH$role_post" "$1/lib/pkgconfig"
  addToSearchPath "PKG_CONFIG_PATH$role_post" "$1/share/pkgconfig"
}
addEnvHooks "$targetOffset" pkgConfigWrapper_addPkgConfigPath
getTargetRole
export "PKG_CONFIG$role_post=pkg-config"
unset role_post
