# shellcheck shell=bash
# What BASH_ENV names while calls are intercepted: bash reads it before any script. The compiler wrappers of nixpkgs are bash
# scripts, marked by nix-support/orig-cc beside them; those become the shim, and so does its rustc, a script as well.
# hooks/intercept.sh fills in the places.
# A script whose working directory is gone is left alone: bash complains of that, and would do so twice.
if [[ -z ${BASH_EXECUTION_STRING+x} && $0 == */* && -x @shim@ && ${PWD-} -ef . ]]; then
  # Wrappers of the binary tools lie beside the compiler's as well.
  if [[ ${0##*/} == rustc ]]; then
    exec @shim@ @socket@ @chain@ "$0" "$@"
  elif [[ ${0##*/} == *@(cc|CC|++|cpp|clang|fortran|c[89]9)* ]]; then
    if [[ -e ${0%/*}/../nix-support/orig-cc ]] || [[ -L $0 ]] && @shim@ --is-wrapper "$0"; then
      exec @shim@ @socket@ @chain@ "$0" "$@"
    fi
  fi
fi
