# configurePhase with CMake; Make or Ninja does the rest.
addCMakeParams() { addToSearchPath CMAKE_PREFIX_PATH "$1"; }

fixCmakeFiles() {
  echo "fixing cmake files..."
  find "$1" -type f \( -name '*.cmake' -o -name '*.cmake.in' -o -name CMakeLists.txt \) \
    -exec sed -i -e 's^/usr\([ /]\|$\)^/var/empty\1^g' -e 's^/opt\([ /]\|$\)^/var/empty\1^g' {} +
}

cmakeConfigurePhase() {
  runHook preConfigure
  : "${cmakeBuildDir:=build}"
  export CTEST_OUTPUT_ON_FAILURE=1
  if [ -n "${enableParallelChecking-1}" ]; then export CTEST_PARALLEL_LEVEL=$NIX_BUILD_CORES; fi
  if [ -z "${dontFixCmake-}" ]; then fixCmakeFiles .; fi
  if [ -z "${dontUseCmakeBuildDir-}" ]; then
    mkdir -p "$cmakeBuildDir"
    cd "$cmakeBuildDir"
    : "${cmakeDir:=..}"
  else
    : "${cmakeDir:=.}"
  fi
  if [ -z "${dontAddPrefix-}" ]; then prependToVar cmakeFlags "-DCMAKE_INSTALL_PREFIX=$prefix"; fi
  prependToVar cmakeFlags "-DCMAKE_CXX_COMPILER=$CXX" "-DCMAKE_C_COMPILER=$CC" \
    "-DCMAKE_AR=$(command -v "$AR")" "-DCMAKE_RANLIB=$(command -v "$RANLIB")" "-DCMAKE_STRIP=$(command -v "$STRIP")" \
    -DCMAKE_POLICY_DEFAULT_CMP0025=NEW "-DCMAKE_INSTALL_NAME_DIR=${!outputLib}/lib"

  if [ -z "${shareDocName-}" ]; then
    local shareDocName=
    if [ -f "$cmakeDir/CMakeLists.txt" ]; then
      shareDocName=$(grep -oPi '\bproject\s*\(\s*"?\K([^[:space:]")]+)' "$cmakeDir/CMakeLists.txt" | head -n 1 || true)
    fi
    if ! [[ $shareDocName =~ ^[a-zA-Z0-9_+-]+$ ]]; then shareDocName=${pname:-${name%%-[!a-zA-Z]*}}; fi
  fi
  prependToVar cmakeFlags \
    "-DCMAKE_INSTALL_BINDIR=${!outputBin}/bin" "-DCMAKE_INSTALL_SBINDIR=${!outputBin}/sbin" \
    "-DCMAKE_INSTALL_INCLUDEDIR=${!outputInclude}/include" "-DCMAKE_INSTALL_OLDINCLUDEDIR=${!outputInclude}/include" \
    "-DCMAKE_INSTALL_MANDIR=${!outputMan}/share/man" "-DCMAKE_INSTALL_INFODIR=${!outputInfo}/share/info" \
    "-DCMAKE_INSTALL_DOCDIR=${!outputDoc}/share/doc/$shareDocName" "-DCMAKE_INSTALL_LIBDIR=${!outputLib}/lib" \
    "-DCMAKE_INSTALL_LIBEXECDIR=${!outputLib}/libexec" "-DCMAKE_INSTALL_LOCALEDIR=${!outputLib}/share/locale"
  if [ -z "${doCheck-}" ]; then prependToVar cmakeFlags -DBUILD_TESTING=OFF; fi
  prependToVar cmakeFlags "-DCMAKE_BUILD_TYPE=${cmakeBuildType:-Release}" -DCMAKE_EXPORT_NO_PACKAGE_REGISTRY=ON \
    -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF -DCMAKE_FIND_USE_SYSTEM_PACKAGE_REGISTRY=OFF
  if [ "${buildPhase-}" = ninjaBuildPhase ]; then prependToVar cmakeFlags -GNinja; fi

  local -a flagsArray=()
  concatTo flagsArray cmakeFlags cmakeFlagsArray
  echoCmd 'cmake flags' "${flagsArray[@]}"
  cmake "$cmakeDir" "${flagsArray[@]}"

  if ! [ -v enableParallelBuilding ]; then
    enableParallelBuilding=1
    echo "cmake: enabled parallel building"
  fi
  if ! [ -v enableParallelInstalling ]; then
    enableParallelInstalling=1
    echo "cmake: enabled parallel installing"
  fi
  runHook postConfigure
}

if [ -z "${dontUseCmakeConfigure-}" ] && [ -z "${configurePhase-}" ]; then
  setOutputFlags=
  configurePhase=cmakeConfigurePhase
fi
addEnvHooks "$targetOffset" addCMakeParams

# From a postHook, because any other hook may still add flags.
makeCmakeFindLibs() {
  local flag previous=
  for flag in ${NIX_CFLAGS_COMPILE-} ${NIX_LDFLAGS-}; do
    case $flag in
      -I*) addToSearchPath CMAKE_INCLUDE_PATH "${flag:2}" ;;
      -L*) addToSearchPath CMAKE_LIBRARY_PATH "${flag:2}" ;;
      *) if [ "$previous" = -isystem ]; then addToSearchPath CMAKE_INCLUDE_PATH "$flag"; fi ;;
    esac
    previous=$flag
  done
}
postHooks+=(makeCmakeFindLibs)
