# shellcheck shell=bash
# What BASH_ENV names while a tree is built again: each call of a compiler wrapper adds a line to the file $MADE_AGAIN, the
# source of a compile or the program of a link, relative to the build's top. Meson's questions to the compiler do not count.
if [[ -e ${0%/*}/../nix-support/orig-cc && -n ${MADE_AGAIN-} && "$PWD $*" != *meson-private/* ]]; then
  made_compile='' made_output='' made_source='' made_last=''
  for made_word in "$@"; do
    case $made_last in -o) made_output=$made_word ;; esac
    case $made_word in
      -c) made_compile=1 ;;
      -*) ;;
      *.c | *.cc | *.cpp | *.S) if [[ $made_last != -M* ]]; then made_source=$made_word; fi ;;
    esac
    made_last=$made_word
  done
  if [[ -n $made_compile && -n $made_source ]]; then
    realpath --relative-to "$NIX_BUILD_TOP" "$made_source" >>"$MADE_AGAIN"
  elif [[ -z $made_compile && -n $made_output && $made_output != /dev/null ]]; then
    realpath --relative-to "$NIX_BUILD_TOP" "$made_output" >>"$MADE_AGAIN"
  fi
  unset made_compile made_output made_source made_last made_word
fi
