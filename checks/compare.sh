# shellcheck shell=bash
# compare STOCK SPLIT: fail unless two output trees are equal byte for byte after the mapping of their own hashes.
# $stockPaths and $splitPaths hold all outputs of each, in the same order. Where $mayEscape is set, what still differs is
# mapped again by the helper ($helper), and the output says so.

# mapped FROM TO PATHS...: copy FROM to TO with the hashes of PATHS replaced by a number each.
mapped() {
  local from=$1 to=$2 path hash number=0
  local -a script=()
  shift 2
  for path; do
    hash=${path##*/}
    hash=${hash%%-*}
    number=$((number + 1))
    mark=$(printf '%032d' "$number")
    script+=(-e "s/$hash/$mark/g" -e "s/-frandom-seed=${hash:0:10}/-frandom-seed=${mark:0:10}/g")
  done
  cp -r --no-dereference --preserve=mode "$from" "$to" || return 1
  chmod -R u+w "$to"
  find "$to" -type f -exec env LC_ALL=C sed -i "${script[@]}" {} + || return 1
  find "$to" -depth -mindepth 1 | while IFS= read -r path; do
    name=$(sed "${script[@]}" <<<"${path##*/}")
    if [ "$name" != "${path##*/}" ]; then mv "$path" "${path%/*}/$name"; fi
  done
  find "$to" -type l | while IFS= read -r link; do
    ln -sfn "$(readlink "$link" | sed "${script[@]}")" "$link"
  done
}

# escaped FROM TO PATHS...: the same by the helper, for hashes that a compiler cut up. It turns all hashes of PATHS into
# tokens, and no other: what is left of another hash still differs.
escaped() {
  local from=$1 to=$2 path number=0
  local -a outputs=()
  shift 2
  for path; do outputs+=(--output "$((number++))=$path"); done
  rm -rf "$to"
  cp -r --no-dereference --preserve=mode "$from" "$to" || return 1
  chmod -R u+w "$to"
  "$helper" escape "${outputs[@]}" "$to" >/dev/null
}

# differ NUMBER: whether the outputs of this number differ, as they are mapped by now; the differences go to `differences`.
differ() {
  ! diff -r --no-dereference "stock-$1" "split-$1" >differences 2>&1
}

# Each step that may fail says so: in an `if`, errexit is off.
compare() {
  local -a stock=($stockPaths) split=($splitPaths)
  local index how
  if [ "${#stock[@]}" != "${#split[@]}" ] || [ "${#stock[@]}" = 0 ]; then
    echo "error: ${#stock[@]} and ${#split[@]} outputs are not to be compared" >&2
    return 1
  fi
  for index in "${!stock[@]}"; do
    how=
    mapped "${stock[index]}" "stock-$index" "${stock[@]}" || return 1
    mapped "${split[index]}" "split-$index" "${split[@]}" || return 1
    if [ -e "stock-$index/nix-support" ] && grep -rqs splitphase "stock-$index/nix-support"; then
      echo "the stock build mentions splitphase" >&2
      return 1
    fi
    if differ "$index" && [ -n "${mayEscape:-}" ]; then
      how=", hashes mapped by the helper itself"
      escaped "${stock[index]}" "stock-$index" "${stock[@]}" || return 1
      escaped "${split[index]}" "split-$index" "${split[@]}" || return 1
    fi
    if differ "$index"; then
      cat differences >&2
      return 1
    fi
    (cd "stock-$index" && find . -printf '%M %p %l\n' | sort) >stock-modes || return 1
    (cd "split-$index" && find . -printf '%M %p %l\n' | sort) >split-modes || return 1
    diff stock-modes split-modes >&2 || return 1
    echo "equal: ${stock[index]} ($(find "stock-$index" -type f | wc -l) files$how)"
  done
}
