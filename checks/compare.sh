# shellcheck shell=bash
# compare STOCK SPLIT: fail unless two output trees are equal byte for byte after the mapping of their own hashes.
# $stockPaths and $splitPaths hold all outputs of each, in the same order.

# mapped FROM TO PATHS...: copy FROM to TO with the hashes of PATHS replaced by a number each.
mapped() {
  local from=$1 to=$2 path hash number=0
  local -a script=()
  shift 2
  for path; do
    hash=${path#/nix/store/}
    hash=${hash%%-*}
    number=$((number + 1))
    mark=$(printf '%032d' "$number")
    script+=(-e "s/$hash/$mark/g" -e "s/-frandom-seed=${hash:0:10}/-frandom-seed=${mark:0:10}/g")
  done
  cp -r --no-dereference --preserve=mode "$from" "$to"
  chmod -R u+w "$to"
  find "$to" -type f -exec env LC_ALL=C sed -i "${script[@]}" {} +
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
  cp -r --no-dereference --preserve=mode "$from" "$to"
  chmod -R u+w "$to"
  "$helper" escape "${outputs[@]}" "$to" >/dev/null
}

compare() {
  local -a stock=($stockPaths) split=($splitPaths)
  local index
  for index in "${!stock[@]}"; do
    mapped "${stock[index]}" "stock-$index" "${stock[@]}"
    mapped "${split[index]}" "split-$index" "${split[@]}"
    if [ -e "stock-$index/nix-support" ] && grep -rqs splitphase "stock-$index/nix-support"; then
      echo "the stock build mentions splitphase" >&2
      return 1
    fi
    if ! diff -r --no-dereference "stock-$index" "split-$index" >differences && [ -n "${helper:-}" ]; then
      escaped "${stock[index]}" "stock-$index" "${stock[@]}"
      escaped "${split[index]}" "split-$index" "${split[@]}"
    fi
    diff -r --no-dereference "stock-$index" "split-$index" >&2
    (cd "stock-$index" && find . -printf '%M %p %l\n' | sort) >stock-modes
    (cd "split-$index" && find . -printf '%M %p %l\n' | sort) >split-modes
    diff stock-modes split-modes >&2
    echo "equal: ${stock[index]} ($(find "stock-$index" -type f | wc -l) files)"
  done
}
