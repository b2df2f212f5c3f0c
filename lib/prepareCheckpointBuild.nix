/**
  A checkpoint of a package: what the compilers made in its buildPhase, under keys of what it was made from, as one store path.
  From it `mkCheckpointBuild` builds a changed version of the package.

  # Inputs

  `package`
  : A package that `stdenv.mkDerivation` made, or the result of `mkCheckpointBuild`, `splitBuildInstall` or `splitPhases`.

  # Type

  ```
  prepareCheckpointBuild :: Derivation -> Derivation
  ```

  # Examples

  ```nix
  prepareCheckpointBuild virtualbox
  => «derivation /nix/store/...-virtualbox-7.0.drv», with the checkpoint as its output

  mkCheckpointBuild (virtualbox.overrideAttrs { src = ./virtualbox; }) (prepareCheckpointBuild virtualbox)
  => «derivation /nix/store/...-virtualbox-7.0.drv», which compiles what ./virtualbox changes

  prepareCheckpointBuild (runCommand "x" { } "touch $out")
  => error: splitphase.prepareCheckpointBuild: x has no checkpoints: it has a buildCommand and so no phases.
  ```
*/
{ internalCheckpoint, ... }:
package: (internalCheckpoint.prepare (internalCheckpoint.describe "prepareCheckpointBuild" package)).splitphaseCheckpoint
