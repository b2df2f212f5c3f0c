# shellcheck shell=bash
# What BASH_ENV names while calls are intercepted: bash reads it before any script. The compiler wrappers of nixpkgs are bash
# scripts, marked by nix-support/orig-cc beside them; those become the shim, and so does its rustc, a script as well.
# hooks/intercept.sh fills in the places.
if [[ -z ${BASH_EXECUTION_STRING+x} && $0 == */* && -x @shim@ ]]; then
  case ${0##*/} in
    # Wrappers of the binary tools, which lie beside the compiler's as well.
    as | ld | *-as | *-ld | ld.* | *-ld.*) ;;
    rustc) exec @shim@ @socket@ @chain@ "$0" "$@" ;;
    *)
      if [[ -e ${0%/*}/../nix-support/orig-cc ]] ||
        [[ -L $0 && ${0##*/} == *@(cc|CC|++|cpp|clang|fortran|c[89]9)* ]] && @shim@ --is-wrapper "$0"; then
        exec @shim@ @socket@ @chain@ "$0" "$@"
      fi
      ;;
  esac
fi
