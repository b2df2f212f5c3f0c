# separateDebugInfo: build with -ggdb and build-ids, and move debug sections to $debug/lib/debug/.build-id.
export NIX_SET_BUILD_ID=1
export NIX_LDFLAGS+=" --compress-debug-sections=zlib"
export NIX_CFLAGS_COMPILE+=" -ggdb -Wa,--compress-debug-sections"
export NIX_RUSTFLAGS+=" -g"
fixupOutputHooks+=(_separateDebugInfo)

_separateDebugInfo() {
  local dst=${debug:-$out} file id
  if [ ! -e "$prefix" ] || [ "$prefix" = "$dst" ]; then return 0; fi
  mkdir -p "$dst"
  while IFS= read -r -d '' file; do
    isELF "$file" || continue
    id=$("$READELF" -n "$file" 2>/dev/null | sed -n 's/.*Build ID: \([0-9a-f]*\).*/\1/p')
    if [ "${#id}" != 40 ]; then
      echo "could not find build ID of $file, skipping" >&2
      continue
    fi
    echo "separating debug info from $file (build ID $id)"
    mkdir -p "$dst/lib/debug/.build-id/${id:0:2}"
    "$OBJCOPY" --only-keep-debug "$file" "$dst/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
    ln -sfn ".build-id/${id:0:2}/${id:2}.debug" "$dst/lib/debug/$(basename "$file")"
  done < <(find "$prefix" -type f -print0 | sort -z)
}
