# Shrink the run paths of what was installed to what it needs.
fixupOutputHooks+=('if [ -z "${dontPatchELF-}" ]; then patchELF "$prefix"; fi')

patchELF() {
  local file
  [ -e "$1" ] || return 0
  echo "shrinking RPATHs of ELF executables and libraries in $1"
  while IFS= read -r -d '' file; do
    isELF "$file" || continue
    patchelf --shrink-rpath "$file" 2>/dev/null || true
  done < <(find "$1" -type f \( -perm -0100 -o -name '*.so*' \) -print0)
}
