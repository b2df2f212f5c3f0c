# shellcheck shell=bash
# The builder of every object and link derivation: a raw derivation with bash, coreutils, sed, tar and zstd only.
#   pack         archive of all that the action reads from the build tree, with .splitphase/action.sh
#   inputsPath   file with the store paths of the actions whose outputs this one reads, a line each
#   helper       the helper's program, for the proof by two tokens
# The output is a tree: each file stands where the build puts it, below $NIX_BUILD_TOP.
set -euo pipefail

fail() {
  printf 'error: splitphase: %s\n' "$1" >&2
  printf 'hint: %s\n' "$2" >&2
  exit 1
}

# leave REASON: no usable result; the final derivation's compiler does this step itself.
leave() {
  rm -rf "${out:?}"
  mkdir "$out"
  printf '%s\n' "$1" >"$out/.splitphase-left"
  echo "splitphase: left to the compiler: ${splitphaseSource:-$name}: $1"
  # An exec'ed last command that closes its standard output early would make Nix kill the builder.
  exit 0
}

unpack() {
  local input
  cd "$NIX_BUILD_TOP"
  zstd -dqc "$pack" | tar -xf -
  for input in ${inputs[@]+"${inputs[@]}"}; do
    if [ -e "$input/.splitphase-left" ]; then
      leave "it needs ${input#/nix/store/*-}, which is left to the compiler"
    fi
  done
  # shellcheck source=/dev/null
  source .splitphase/action.sh
  splitphasePlace
}

# splitphaseInput INDEX PATH TARGET [copy]: what another action made, where this one reads it. The script of a link says so.
# A copy where `ar` would follow a link, since a thin archive holds the names of its members.
splitphaseInput() {
  mkdir -p "$(dirname "$3")"
  if [ -n "${4:-}" ]; then
    rm -f "$3"
    cp --no-preserve=mode "${inputs[$1]}/$2" "$3"
  else
    # A thin archive's member may be given by itself as well.
    [ -f "$3" ] && [ ! -L "$3" ] || ln -sf "${inputs[$1]}/$2" "$3"
  fi
}

# run: the action, in a fresh shell state, its output folders made. What it prints on stderr goes to .splitphase/messages.
run() {
  local path status=0
  for path in "$splitphaseOutput" ${splitphaseExtra[@]+"${splitphaseExtra[@]}"}; do
    case $path in */*) mkdir -p "${path%/*}" ;; esac
  done
  (splitphaseRun) 2>.splitphase/messages || status=$?
  cat .splitphase/messages >&2
  return "$status"
}

# keep FOLDER: move what the action made into FOLDER, at the same places.
keep() {
  local path
  if [ ! -e "$splitphaseOutput" ]; then return 1; fi
  if [ -s .splitphase/messages ]; then
    mkdir -p "$1/.splitphase"
    mv .splitphase/messages "$1/.splitphase/messages"
  fi
  for path in "$splitphaseOutput" ${splitphaseExtra[@]+"${splitphaseExtra[@]}"}; do
    if [ -e "$path" ] || [ -L "$path" ]; then
      mkdir -p "$1/$path"
      rmdir "$1/$path"
      mv "$path" "$1/$path"
    fi
  done
}

# rewrite FOLDER: tokens of set A to set B, in place. What other actions made is there as links into the store: those
# files that hold a token become ours first.
rewrite() {
  local index options=()
  for index in "${!splitphaseTokens[@]}"; do
    options+=("--map=${splitphaseTokens[index]}" "--name=${splitphaseTokens[index]%%=*}=${splitphaseNames[index]}")
  done
  "$helper" rewrite --own "${options[@]}" "$1"
}

# second: the files and the script of the second run, with tokens of set B, take the place of the first one's.
second() { cp -r --preserve=mode,timestamps .splitphase/second/. .; }

# preprocessedAlike: whether the preprocessor makes the same of both, so that no token gets into the object. What the assembler
# reads by itself does not show there, nor what Clang expands in pragmas, nor what a message or a dependency file says.
splitphaseHarmless='^#pragma \(once\|GCC \(visibility\|diagnostic\|system_header\|poison\|push_options\|pop_options\)\)'
preprocessedAlike() {
  local path token text
  if [ -e "$out/.splitphase/messages" ]; then return 1; fi
  for path in ${splitphaseExtra[@]+"${splitphaseExtra[@]}"}; do
    for token in "${splitphaseTokens[@]%%=*}"; do
      if [ -e "$out/$path" ] && [[ $(<"$out/$path") == *"$token"* ]]; then return 1; fi
    done
  done
  (splitphasePreprocess) 2>/dev/null || return 1
  mv .splitphase/preprocessed .splitphase/preprocessed-first
  second
  (
    # shellcheck source=/dev/null
    source .splitphase/action.sh
    splitphasePreprocess
  ) 2>/dev/null || return 1
  cmp -s .splitphase/preprocessed .splitphase/preprocessed-first || return 1
  [ -z "$(sed -n "/$splitphaseHarmless/d;/^[[:space:]]*#[[:space:]]*pragma/{p;q}" .splitphase/preprocessed)" ] || return 1
  # Without quotes and white space: the assembler gets texts joined.
  text=$(sed '/^#/d' .splitphase/preprocessed | tr -d '" \t\n' | tr '[:upper:]' '[:lower:]')
  [[ $text != *incbin* && $text != *.include* && $text != *\\x2einc* && $text != *\\56inc* && $text != *\\056inc* ]]
}

# alike FOLDER FOLDER: whether two results are the same. Numbers in messages are not compared: some linkers say how long they took.
alike() {
  diff -r --no-dereference --exclude=.splitphase "$1" "$2" >/dev/null && [ "$(messagesOf "$1")" = "$(messagesOf "$2")" ]
}

messagesOf() { if [ -e "$1/.splitphase/messages" ]; then sed 's/[0-9][0-9.]*/0/g' "$1/.splitphase/messages"; fi; }

# prove: build again with the other tokens; the result must be the first one rewritten.
prove() {
  local first=$NIX_BUILD_TOP/.splitphase-first
  splitphaseTokens=("${splitphaseTokens[@]//./}")
  if declare -F splitphasePreprocess >/dev/null && preprocessedAlike; then return 0; fi
  find . -mindepth 1 -maxdepth 1 ! -name env-vars -exec rm -rf {} +
  unpack # which reads the script anew
  second
  splitphaseTokens=("${splitphaseTokens[@]//./}")
  if [ "${#inputs[@]}" != 0 ]; then rewrite . || return 1; fi
  (
    # shellcheck source=/dev/null
    source .splitphase/action.sh
    run && keep "$NIX_BUILD_TOP/.splitphase-second"
  ) || leave "it cannot be built a second time with other tokens"
  if alike "$out" .splitphase-second; then return 0; fi
  cp -r "$out" "$first"
  chmod -R u+w "$first"
  rewrite "$first" || return 1
  rewrite .splitphase-second || return 1
  alike "$first" .splitphase-second
}

NIX_BUILD_TOP=$(pwd)
umask 022
export NIX_STORE=${NIX_STORE:-/nix/store}
inputs=()
if [ -n "${inputsPath:-}" ]; then mapfile -t inputs <"$inputsPath"; fi
mkdir "$out"
unpack
if [ "$splitphaseTop" != "$NIX_BUILD_TOP" ]; then
  fail "this builder works in $NIX_BUILD_TOP, but the package was prepared in $splitphaseTop" \
    "paths are compiled in, so every builder needs the same build directory: set 'sandbox = true' and the same 'sandbox-build-dir' on each"
fi
status=0
run || status=$?
messages=
if [ "$status" != 0 ]; then messages=$(cat .splitphase/messages 2>/dev/null || :); fi
if [ "$status" -gt 128 ] || [[ $messages == *'No space left on device'* || $messages == *'Cannot allocate memory'* ]]; then
  # This may pass by itself: a failing derivation is tried again.
  fail "compiling $splitphaseSource ended with status $status" "look at memory and disk, and build again"
elif [ "$status" != 0 ]; then
  # A package never fails here: the final build's compiler says what the stock build's would.
  leave "it fails in its derivation (status $status); the compiler's message is in this log"
fi
cd "$NIX_BUILD_TOP"
if ! keep "$out"; then
  leave "it did not make all of its outputs"
fi
if [ -n "${splitphaseTokens+set}" ] && ! prove; then
  leave "its output depends on the output path in a way that rewriting does not reach (proof by two tokens)"
fi
exit 0
