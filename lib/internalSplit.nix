/**
  Cut a stock derivation into prepare, actions and final, and present the result as the stock derivation: same name,
  outputs, meta and passthru, with `passthru.splitphase` added. Only drvPath and outPath ask for the manifest, so
  everything else about the package is known without building anything.
*/
{
  lib,
  internalPrepare,
  internalActions,
  internalFinal,
  internalReport,
  ...
}:
let
  version = 1;

  # Attributes of a package that are meant for splitphase; the build does not see them.
  own = [
    "objcacheEnv"
    "objcacheLeave"
  ];

  # Why a package cannot be cut at all, seen from its attributes; null if it can.
  whole =
    attrs:
    if attrs ? buildCommand || attrs ? buildCommandPath then
      "it has a buildCommand and so no phases"
    else if attrs ? outputHash then
      "it is a fixed-output derivation"
    else if !lib.any (argument: lib.hasSuffix "default-builder.sh" "${argument}") (attrs.args or [ ]) then
      "it has a builder of its own"
    else
      null;

  split =
    stdenv: stock:
    let
      attrs = stock.drvAttrs;
      problem = whole attrs;
      cut = "buildPhase";

      prepare = internalPrepare {
        inherit
          stdenv
          stock
          cut
          own
          ;
        env = attrs.objcacheEnv or [ ];
        leave = attrs.objcacheLeave or [ ];
      };

      read =
        builtins.addErrorContext
          "while reading the manifest of ${stock.name}: splitphase builds its prepare step during evaluation (import from derivation, one per package); with 'allow-import-from-derivation = false' use the package unsplit, as its passthru.splitphase.stock"
          (
            builtins.fromJSON (
              builtins.unsafeDiscardStringContext (builtins.readFile "${prepare.splitphaseManifest}/manifest.json")
            )
          );
      manifest =
        if problem != null then
          {
            inherit version;
            split = false;
            reason = problem;
            actions = [ ];
            left = [ ];
          }
        else if (read.version or null) != version then
          throw ''
            splitphase: the manifest of ${stock.name} has version ${builtins.toJSON (read.version or null)}, but this lib reads ${toString version}.
            The helper and the lib come from different revisions of splitphase: use one `splitphase` input for both.''
        else
          read;

      actions = if manifest.split then internalActions { inherit stdenv prepare manifest; } else [ ];
      about = internalReport {
        inherit stdenv manifest actions;
        inherit (stock) name;
      };
      named =
        kind:
        lib.listToAttrs (
          lib.filter (entry: entry.value.kind == kind) (
            map (action: {
              name = lib.replaceStrings [ "." ] [ "-" ] action.name;
              value = action;
            }) actions
          )
        );

      final = internalFinal {
        inherit
          stdenv
          stock
          cut
          prepare
          own
          ;
        inherit (about) artifacts;
      };
      unsplit =
        if lib.any (name: attrs ? ${name}) own then
          stock.overrideAttrs (old: lib.genAttrs (lib.filter (name: old ? ${name}) own) (_: null))
        else
          stock;
      chosen = if manifest.split then final else unsplit;

      passthru = stock.passthru or { } // {
        splitphase = {
          inherit prepare stock;
          # The file manifest.json as a derivation output, with its content as attributes.
          manifest = lib.optionalAttrs (problem == null) prepare.splitphaseManifest // manifest;
          objects = named "compile";
          links = named "link";
          report = about.report about.artifacts;
        };
      };
      common =
        stock
        // passthru
        // {
          inherit passthru;
          overrideAttrs = change: split stdenv (stock.overrideAttrs change);
        }
        // lib.genAttrs stock.outputs present
        // {
          all = map present stock.outputs;
        };
      present =
        output:
        common
        // {
          inherit (chosen.${output}) drvPath outPath;
          outputName = output;
          outputSpecified = true;
        };
    in
    common
    // {
      inherit (chosen) drvPath outPath;
    };
in
split
