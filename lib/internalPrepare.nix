/**
  The prepare derivation: the package's phases up to the cut, then the helper. It keeps every attribute that is not
  known to belong to a later phase, so an edit to installPhase or meta does not touch it.
*/
{
  lib,
  internalTools,
  ...
}:
let
  laterPhases = [
    "postResume"
    "postBuild"
    "checkPhase"
    "preCheck"
    "postCheck"
    "checkTarget"
    "checkFlags"
    "checkFlagsArray"
    "installPhase"
    "preInstall"
    "postInstall"
    "installFlags"
    "installFlagsArray"
    "installTargets"
    "fixupPhase"
    "preFixup"
    "postFixup"
    "dontFixup"
    "dontInstall"
    "dontStrip"
    "dontStripHost"
    "dontStripTarget"
    "dontPatchELF"
    "dontPatchShebangs"
    "dontPruneLibtoolFiles"
    "dontMoveSbin"
    "dontMoveLib64"
    "dontGzipMan"
    "stripAllList"
    "stripDebugList"
    "stripAllFlags"
    "stripDebugFlags"
    "stripExclude"
    "forceShare"
    "setupHook"
    "setupHooks"
    "installCheckPhase"
    "preInstallCheck"
    "postInstallCheck"
    "installCheckTarget"
    "installCheckFlags"
    "preDist"
    "postDist"
    "distPhase"
    "distTarget"
    "distFlags"
    "tarballs"
    "makeWrapperArgs"
    "qtWrapperArgs"
  ];
  onlyResults = [
    "allowedReferences"
    "allowedRequisites"
    "disallowedReferences"
    "disallowedRequisites"
    "outputChecks"
    "unsafeDiscardReferences"
    "postVersionCheck"
  ];
in
{
  stdenv,
  stock,
  cut,
  env,
  leave,
  own,
}:
let
  tools = internalTools stdenv;
in
stock.overrideAttrs (
  old:
  lib.genAttrs (lib.filter (name: old ? ${name}) (laterPhases ++ onlyResults ++ own)) (_: null)
  // {
    outputs = (old.outputs or [ "out" ]) ++ [
      "splitphaseManifest"
      "splitphaseSnapshot"
      "splitphasePacks"
    ];
    postHook = (old.postHook or "") + "\nsource ${tools.cutHook}\n";
    splitphaseMode = "prepare";
    splitphaseCut = cut;
    splitphaseHelper = tools.helper;
    splitphaseOutputs = stock.outputs;
    splitphaseEnv = env;
    splitphaseLeave = leave;
    # The helper calls zstd by name; the package's own PATH stays what it is in the stock build.
    splitphasePath = "${tools.zstd}/bin";
  }
)
