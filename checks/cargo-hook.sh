# shellcheck shell=bash
# What a package that cargo builds has of hooks, in the form that nixpkgs gives them.

# nixpkgs' cargoSetupHook leaves such a file in the build's top folder.
checkedCargoUnpacked() {
  echo "directory = vendor" >"$(mktemp)"
}
postUnpackHooks+=(checkedCargoUnpacked)

checkedCargoBuild() {
  local triple
  echo "Executing checkedCargoBuild"

  runHook preBuild

  triple=$(rustc -vV | sed -n 's/^host: //p')
  pushd "${buildAndTestSubdir:-.}"
  CARGO_TARGET_DIR=$NIX_BUILD_TOP/$sourceRoot/target env LANG=C cargo build -j "$NIX_BUILD_CORES" --offline --profile release --target "$triple"
  popd

  runHook postBuild
}

checkedCargoInstall() {
  local made=target/release folder
  runHook preInstall
  for folder in target/*-*/release; do if [ -d "$folder" ]; then made=$folder; fi; done
  mkdir -p "$out/bin" "$out/lib"
  find "$made" -maxdepth 1 -type f -executable ! -name '*.so' -exec cp -t "$out/bin" {} +
  cp "$made"/*.so "$out/lib"
  cp "$made"/build/*/out/* "$out/lib"
  runHook postInstall
}

if [ -z "${buildPhase-}" ]; then buildPhase=checkedCargoBuild; fi
if [ -z "${installPhase-}" ]; then installPhase=checkedCargoInstall; fi
