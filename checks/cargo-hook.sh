# shellcheck shell=bash
# What a package that cargo builds has of hooks, in the form that nixpkgs gives them.

checkedCargoBuild() {
  echo "Executing checkedCargoBuild"

  runHook preBuild

  pushd "${buildAndTestSubdir:-.}"
  CARGO_TARGET_DIR=$NIX_BUILD_TOP/$sourceRoot/target env LANG=C cargo build -j "$NIX_BUILD_CORES" --offline --profile release 2> >(tee /tmp/build.log >&2)
  popd

  runHook postBuild
}

checkedCargoInstall() {
  runHook preInstall
  mkdir -p "$out/bin" "$out/lib" "$log"
  find target/release -maxdepth 1 -type f -executable ! -name '*.so' -exec cp -t "$out/bin" {} +
  cp target/release/*.so "$out/lib"
  cp target/release/build/*/out/* "$out/lib"
  sed -n 's/^ *Compiling \([^ ]*\) .*/\1/p' /tmp/build.log | sort >"$log/compiled"
  runHook postInstall
}

if [ -z "${buildPhase-}" ]; then buildPhase=checkedCargoBuild; fi
if [ -z "${installPhase-}" ]; then installPhase=checkedCargoInstall; fi
