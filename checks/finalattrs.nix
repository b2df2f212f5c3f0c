# A package as nixpkgs writes them today, with `finalAttrs` in texts, in the source, in passthru: every entry point gives the
# stock result, and parts see the values of the whole package where they leave out what these refer to.
{
  lib,
  pkgs,
  scope,
  ...
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare;

  package =
    stdenv:
    stdenv.mkDerivation (finalAttrs: {
      pname = "final";
      version = "1.2";
      src = pkgs.runCommand "source-v${finalAttrs.version}" { } ''
        mkdir $out
        cp -r ${./fixtures/plain} $out/plain
      '';
      sourceRoot = "${finalAttrs.src.name}/plain";
      nativeBuildInputs = [
        pkgs.cmake
        pkgs.ninja
      ];
      postPatch = "echo '#define FINAL \"${finalAttrs.version}\"' >> include/plain.h";
      cmakeFlags = lib.optional finalAttrs.finalPackage.doCheck "-DCMAKE_C_FLAGS=-DCHECKED";
      preConfigure = lib.optionalString finalAttrs.finalPackage.doCheck "echo ${finalAttrs.pname} is tested";
      doCheck = true;
      # The first parts have no postInstall; this text is about it all the same.
      postBuild = "echo ${toString (lib.stringLength finalAttrs.postInstall)} > length";
      postInstall = "cp length $out/; echo ${finalAttrs.pname} > $out/name";
      env.NIX_LDFLAGS = "--build-id=none";
      passthru.tests.runs = pkgs.runCommand "runs-${finalAttrs.version}" { } "${finalAttrs.finalPackage}/bin/program > $out";
      meta.description = "version ${finalAttrs.version}";
    });

  stock = package pkgs.stdenv;
  objcache = package scope.objcacheStdenv;
  newer = {
    version = "1.3";
  };
  entries = {
    inherit objcache;
    split = scope.splitBuildInstall stock;
    chain = scope.splitPhases { after = [ "unpack" "patch" "configure" "build" ]; } stock;
    both = scope.splitBuildInstall objcache;
    checkpoint = scope.mkCheckpointBuild stock (scope.prepareCheckpointBuild (stock.overrideAttrs { postPatch = ""; }));
  };
in
lib.concatMapAttrs (name: entry: {
  "final-attrs-${name}" = compare "final-attrs-${name}" stock entry;
  "final-attrs-${name}-newer" =
    compare "final-attrs-${name}-newer" (stock.overrideAttrs newer) (entry.overrideAttrs newer);
}) entries
// {
  # finalPackage is the split package where the stdenv is ours.
  final-attrs-passthru =
    assert lib.hasInfix (builtins.unsafeDiscardStringContext objcache.outPath) (
      builtins.unsafeDiscardStringContext objcache.tests.runs.buildCommand
    );
    assert (objcache.overrideAttrs newer).tests.runs.name == "runs-1.3";
    objcache.tests.runs;
}
