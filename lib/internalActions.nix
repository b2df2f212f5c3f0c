/**
  The manifest's actions as derivations, in the manifest's order. Each is a raw derivation that sees its pack, the
  outputs of the actions that it reads, and the store paths that its command, its variables or its headers name.
*/
{
  lib,
  internalTools,
  ...
}:
{
  stdenv,
  prepare,
  manifest,
}:
let
  tools = internalTools stdenv;
  # Where the packs are, by the manifest: if inputs of prepare are content-addressed, then the path is not known before
  # prepare is built, and `builtins.path` cannot read below what stands for it.
  packs = builtins.unsafeDiscardStringContext (
    builtins.readFile ("${prepare.splitphaseManifest}/packs" + lib.substring 0 0 "${prepare.splitphasePacks}")
  );

  # The manifest's strings have no context. It refers to these paths itself, so they are valid wherever it is.
  attach = path: builtins.appendContext path { ${path}.path = true; };

  # A compiler that was built for a newer processor runs only where the package itself may be built.
  features = lib.filter (lib.hasPrefix "gccarch-") (prepare.drvAttrs.requiredSystemFeatures or [ ]);

  derive =
    action:
    derivation (
      {
        inherit (action) name kind;
        inherit (tools) system;
        builder = tools.shell;
        args = [ tools.actionBuilder ];
        PATH = tools.path;
        pack = builtins.path {
          path = "${packs}/${action.pack}";
          name = "pack";
          recursive = false;
          inherit (action) sha256;
        };
        store = map attach action.store;
      }
      // lib.optionalAttrs (features != [ ]) { requiredSystemFeatures = features; }
      // lib.optionalAttrs (action.inputs != [ ]) {
        inputs = lib.concatMapStringsSep "\n" (number: "${lib.elemAt derivations number}") action.inputs + "\n";
        passAsFile = [ "inputs" ];
      }
      // lib.optionalAttrs action.proof { inherit (tools) helper; }
    );

  derivations = map derive manifest.actions;
in
derivations
