/**
  What prepareCheckpointBuild and mkCheckpointBuild have in common: the package as internalSplit sees it, or an error.
*/
{
  lib,
  pkgs,
  internalPart,
  internalSplit,
  ...
}:
let
  # describe FUNCTION PACKAGE: the specification of a package, split already or not.
  describe =
    function: package:
    let
      spec = package.splitphase.spec or { inherit (pkgs) stdenv; stock = package; objcache = false; after = [ ]; };
      problem = internalSplit.problem spec.stock.drvAttrs;
    in
    if !lib.isDerivation package || !(package ? overrideAttrs) then
      throw ''
        splitphase.${function}: this is no package of stdenv.mkDerivation: ${
          lib.generators.toPretty { multiline = false; } (package.name or package)
        }.
        Give it a derivation that has `overrideAttrs`.''
    else if problem != null then
      throw ''
        splitphase.${function}: ${package.name} has no checkpoints: ${problem}.
        Use it as it is, or give a package that stdenv.mkDerivation builds in phases.''
    else
      spec;
in
{
  inherit describe;

  # The derivation that builds a package up to the end of buildPhase and leaves what the compilers made.
  prepare =
    spec:
    internalPart {
      inherit (spec) stdenv stock;
      own = internalSplit.own;
      checkpoint = if spec.objcache then null else spec.checkpoint or null;
      to = {
        checkpoint = true;
        cut = {
          phases = [ "buildPhase" ];
          inside = false;
        };
        outputs = [ "splitphaseCheckpoint" ];
        attributes = { };
      };
    };
}
