# shellcheck shell=bash
# The shim in front of the compilers, while a phase runs. Sourced behind cut.sh.
#
# splitphaseTake        the checkpoint whose results are taken, or empty
# splitphaseCheckpoint  the output into which results are kept, or empty
# splitphaseShim, splitphaseIntercept   the shim, and the text of what BASH_ENV names

# splitphaseInterceptBegin ARGUMENTS...: start the server, with these arguments beside what it must know of every build.
splitphaseInterceptBegin() {
  local splitphaseArguments splitphaseText splitphasePlace
  splitphaseOutputArguments
  # A name of always: builds may note their environment.
  splitphaseServed=/tmp/.splitphase
  mkdir "$splitphaseServed" 2>/dev/null || splitphaseServed=$(mktemp -d "${TMPDIR:-/tmp}/.splitphase-XXXXXX")
  PATH=$PATH:$splitphasePath "$splitphaseHelper" serve --top "$NIX_BUILD_TOP" "${splitphaseArguments[@]}" --scratch "$splitphaseServed" \
    --jobs "${NIX_BUILD_CORES:-1}" --package "$splitphasePackage" --system "$splitphaseSystem" "$@"
  if [ -n "${BASH_ENV+set}" ]; then splitphaseChain="=$BASH_ENV"; else splitphaseChain=-; fi
  splitphaseText=$(<"$splitphaseIntercept")
  printf -v splitphasePlace '%q' "$splitphaseShim"
  splitphaseText=${splitphaseText//@shim@/"$splitphasePlace"}
  printf -v splitphasePlace '%q' "$splitphaseServed/socket"
  splitphaseText=${splitphaseText//@socket@/"$splitphasePlace"}
  printf -v splitphasePlace '%q' "$splitphaseChain"
  splitphaseText=${splitphaseText//@chain@/"$splitphasePlace"}
  {
    printf '%s\n' "$splitphaseText"
    if [ -n "${BASH_ENV:-}" ]; then printf 'if [[ -r %q ]]; then . %q; fi\n' "$BASH_ENV" "$BASH_ENV"; fi
  } >"$splitphaseServed/env"
  export BASH_ENV=$splitphaseServed/env
  splitphaseInterceptRustc
}

# splitphaseInterceptRustc: a rustc that is a script of bash, as nixpkgs' is, meets the shim as compiler wrappers do. Before any other one
# a copy of the shim stands on PATH; that leaves no trace in cargo's fingerprints, nor in RUSTC, which build scripts see.
splitphaseInterceptRustc() {
  local splitphaseRustc splitphaseStart
  if ! splitphaseRustc=$(type -P rustc); then return; fi
  LC_ALL=C read -r -n 256 splitphaseStart <"$splitphaseRustc" || :
  case $splitphaseStart in '#!'*/bash | '#!'*/bash\ *) return ;; esac
  printf '%s' "$splitphaseChain" >"$splitphaseServed/chain"
  mkdir "$splitphaseServed/bin"
  cp "$splitphaseShim" "$splitphaseServed/bin/rustc"
  PATH=$splitphaseServed/bin:$PATH
}

# splitphaseInterceptEnd: behind the phase. Prints what the server says.
splitphaseInterceptEnd() {
  if [ "$splitphaseChain" = - ]; then unset -v BASH_ENV; else BASH_ENV=${splitphaseChain#=}; fi
  PATH=${PATH//"$splitphaseServed/bin:"/}
  "$splitphaseShim" --end "$splitphaseServed/socket" || splitphaseFail "the server of this build ended before it: $(tail -n 5 "$splitphaseServed/log")" \
    "build again; if it ends again, report what it says"
  if [ -s "$splitphaseServed/log" ]; then sed 's/^/splitphase: server: /' "$splitphaseServed/log" >&2; fi
  rm -rf "$splitphaseServed"
}

# splitphaseWithShim PHASE ARGUMENTS...
splitphaseWithShim() {
  local splitphaseName=$1
  shift
  splitphaseInterceptBegin "$@"
  splitphaseRunPhaseItself "$splitphaseName"
  splitphaseInterceptEnd
}

if [ -z "${IN_NIX_SHELL:-}" ]; then
  eval "splitphaseRunPhaseItself () $(declare -f splitphaseOriginalRunPhase | tail -n +2)"

  splitphaseOriginalRunPhase() {
    if [ "$*" != buildPhase ] || [ -z "${splitphaseTake:-}${splitphaseCheckpoint:-}" ]; then
      splitphaseRunPhaseItself "$@"
      return
    fi
    if [[ $NIX_BUILD_TOP == */nix-* || $NIX_BUILD_TOP == */nix/* ]]; then
      splitphaseFail "the sandbox is off: this build runs in $NIX_BUILD_TOP, the checkpoint's elsewhere" \
        "build with 'sandbox = true', which always builds in the same directory"
    fi
    splitphaseWithShim buildPhase ${splitphaseTake:+--take "$splitphaseTake"} ${splitphaseCheckpoint:+--keep "$splitphaseCheckpoint"} \
      ${SPLITPHASE_VERIFY:+--verify}
    if [ -n "${splitphaseCheckpoint:-}" ]; then
      splitphaseState=done
      cd "$NIX_BUILD_TOP"
      splitphaseEmptyOutputs
    fi
  }
fi
