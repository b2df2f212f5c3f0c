/**
  The final derivation: the package's own attributes, its phases from the cut on, started in the restored tree with the
  artifacts staged.
*/
{
  lib,
  internalTools,
  ...
}:
{
  stdenv,
  stock,
  cut,
  prepare,
  artifacts,
  own,
}:
let
  tools = internalTools stdenv;
in
stock.overrideAttrs (
  old:
  lib.genAttrs (lib.filter (name: old ? ${name}) own) (_: null)
  // tools.cutAttributes "final" cut stock old
  // {
    splitphaseSnapshot = "${prepare.splitphaseSnapshot}";
    splitphaseArtifacts = "${artifacts}";
  }
)
