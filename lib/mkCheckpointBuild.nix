/**
  Build a package with the objects of an earlier build of it. All phases run as they always do, in a tree of their own; only
  a compile in buildPhase is not run again whose command, variables and every file that it may read are the same as in the
  checkpoint.

  # Inputs

  `package`
  : A package that `stdenv.mkDerivation` made, or the result of `splitBuildInstall` or `splitPhases`.

  `checkpoint`
  : What `prepareCheckpointBuild` made of the same package; of another version, other patches or other flags as well.

  # Type

  ```
  mkCheckpointBuild :: Derivation -> Derivation -> Derivation
  ```

  # Examples

  ```nix
  mkCheckpointBuild (linux.overrideAttrs { patches = [ ./mine.patch ]; }) (prepareCheckpointBuild linux)
  => «derivation /nix/store/...-linux-6.6.drv»

  (mkCheckpointBuild hello checkpoint).overrideAttrs { postPatch = "sed -i s/Hello/Hi/ src/hello.c"; }
  => «derivation /nix/store/...-hello-2.12.drv», with the same checkpoint

  mkCheckpointBuild (runCommand "x" { } "touch $out") checkpoint
  => error: splitphase.mkCheckpointBuild: x has no checkpoints: it has a buildCommand and so no phases.
  ```
*/
{
  lib,
  internalCheckpoint,
  internalSplit,
  ...
}:
let
  mkCheckpointBuild =
    package: checkpoint:
    internalSplit.split (
      internalCheckpoint.describe "mkCheckpointBuild" package
      // {
        checkpoint = "${checkpoint}";
      }
      // lib.optionalAttrs (package ? override) {
        override = lib.setFunctionArgs (change: mkCheckpointBuild (package.override change) checkpoint) (
          lib.functionArgs package.override
        );
      }
    );
in
mkCheckpointBuild
