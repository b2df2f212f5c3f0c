# setup, part 4: unpackPhase and patchPhase.
unpackCmdHooks+=(_defaultUnpack)
_defaultUnpack() {
  local fn=$1 destination
  if [ -d "$fn" ]; then
    destination=$(stripHash "$fn")
    if [ -e "$destination" ]; then
      echo "Cannot copy $fn to $destination: destination already exists!"
      return 1
    fi
    cp -r --preserve=mode,timestamps --reflink=auto -- "$fn" "$destination"
    return
  fi
  case $fn in
    *.tar.xz | *.tar.lzma | *.txz) xz -d <"$fn" | tar xf - --mode=+w --warning=no-timestamp ;;
    *.tar | *.tar.* | *.tgz | *.tbz2 | *.tbz) tar xf "$fn" --mode=+w --warning=no-timestamp ;;
    *) return 1 ;;
  esac
}

unpackFile() {
  curSrc=$1
  echo "unpacking source archive $curSrc"
  if ! runOneHook unpackCmd "$curSrc"; then
    echo "do not know how to unpack source archive $curSrc"
    exit 1
  fi
}

unpackPhase() {
  runHook preUnpack
  if [ -z "${srcs[*]:-}" ]; then
    if [ -z "${src:-}" ]; then
      # shellcheck disable=SC2016
      echo 'variable $src or $srcs should point to the source'
      exit 1
    fi
    srcs=$src
  fi
  local -a srcsArray=()
  concatTo srcsArray srcs

  # The source root is the one directory that unpacking adds.
  local dirsBefore=" " i
  for i in *; do
    if [ -d "$i" ]; then dirsBefore+="$i "; fi
  done
  for i in "${srcsArray[@]}"; do unpackFile "$i"; done
  : "${sourceRoot=}"
  if [ -n "${setSourceRoot:-}" ]; then
    runOneHook setSourceRoot
  elif [ -z "$sourceRoot" ]; then
    for i in *; do
      [ -d "$i" ] && [[ $dirsBefore != *" $i "* ]] || continue
      if [ -n "$sourceRoot" ]; then
        echo "unpacker produced multiple directories"
        exit 1
      fi
      sourceRoot=$i
    done
  fi
  if [ -z "$sourceRoot" ]; then
    echo "unpacker appears to have produced no directories"
    exit 1
  fi
  echo "source root is $sourceRoot"
  if [ "${dontMakeSourcesWritable:-0}" != 1 ]; then chmod -R u+w -- "$sourceRoot"; fi
  runHook postUnpack
}

patchPhase() {
  runHook prePatch
  local -a patchesArray=() flagsArray=()
  concatTo patchesArray patches
  concatTo flagsArray patchFlags=-p1
  local i uncompress
  for i in "${patchesArray[@]}"; do
    echo "applying patch $i"
    case $i in
      *.gz) uncompress="gzip -d" ;;
      *.bz2) uncompress="bzip2 -d" ;;
      *.xz | *.lzma) uncompress="xz -d" ;;
      *) uncompress=cat ;;
    esac
    $uncompress <"$i" 2>&1 | patch "${flagsArray[@]}"
  done
  runHook postPatch
}
