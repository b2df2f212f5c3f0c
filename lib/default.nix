# The table of contents. Pure code takes `{ lib }`; `mkLib` binds the rest to a package set.
{ lib }:
let
  mkLib =
    pkgs:
    lib.makeScope (peers: lib.callPackageWith (pkgs // peers)) (
      self:
      lib.mapAttrs (_: file: import file self) {
        withObjcache = ./withObjcache.nix;
        objcacheStdenv = ./objcacheStdenv.nix;
        splitBuildInstall = ./splitBuildInstall.nix;
        splitPhases = ./splitPhases.nix;
        prepareCheckpointBuild = ./prepareCheckpointBuild.nix;
        mkCheckpointBuild = ./mkCheckpointBuild.nix;
        internalCheckpoint = ./internalCheckpoint.nix;
        internalSplit = ./internalSplit.nix;
        internalPart = ./internalPart.nix;
        internalAttributes = ./internalAttributes.nix;
        internalSkeleton = ./internalSkeleton.nix;
        internalObjcache = ./internalObjcache.nix;
        internalActions = ./internalActions.nix;
        internalRead = ./internalRead.nix;
        internalReport = ./internalReport.nix;
        internalTools = ./internalTools.nix;
        splitphase = ./splitphase.nix;
      }
      // {
        inherit pkgs lib;
      }
    );
in
{
  inherit mkLib;
}
