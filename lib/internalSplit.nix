/**
  Cut a stock derivation into parts and present the last of them as the stock derivation: same name, outputs, meta and
  passthru, with `passthru.splitphase` added. `objcache`: one derivation per object and link between two parts. `after`:
  a list of cuts, each a list of phases, behind the last of which (that the package has) one part ends.

  Only drvPath and outPath ask for objcache's manifest, so everything else about the package is known without building
  anything; without objcache nothing is built during evaluation at all.
*/
{
  lib,
  internalAttributes,
  internalObjcache,
  internalPart,
  internalSkeleton,
  ...
}:
let
  # Attributes of a package that are meant for splitphase; the build does not see them.
  own = internalObjcache.own ++ [ "splitphaseKeep" ];

  # Why a package cannot be cut at all, seen from its attributes; null if it can.
  problem =
    attrs:
    if attrs ? buildCommand || attrs ? buildCommandPath then
      "it has a buildCommand and so no phases"
    else if attrs ? outputHash then
      "it is a fixed-output derivation"
    else if !lib.any (argument: lib.hasSuffix "default-builder.sh" "${argument}") (attrs.args or [ ]) then
      "it has a builder of its own"
    else
      null;

  # Cuts in the order of the phases: objcache's before the first that is not earlier than buildPhase.
  ordered =
    objcache: after:
    let
      cuts = map (phases: {
        inherit phases;
        inside = false;
      }) after;
      early =
        cut:
        let
          rank = internalAttributes.rank (lib.head cut.phases);
        in
        rank != null && rank < internalAttributes.rank "buildPhase";
      first = lib.filter early cuts;
    in
    if objcache then first ++ [ internalObjcache.cut ] ++ lib.filter (cut: !early cut) cuts else cuts;

  split =
    spec@{
      stdenv,
      stock,
      objcache,
      after,
      override ? null,
      checkpoint ? null,
    }:
    let
      attrs = stock.drvAttrs;
      whole = problem attrs;

      to =
        cut:
        let
          plain = {
            outputs = [ "splitphaseSnapshot" ];
            attributes = { };
          };
          beside = if cut.inside then internalObjcache.to attrs else plain;
        in
        {
          inherit cut;
          inherit (beside) outputs;
          attributes = beside.attributes // {
            splitphaseKeep = attrs.splitphaseKeep or [ ];
          };
        };

      # Whether buildPhase has run where a part ends.
      builds =
        cut:
        cut == null
        || !cut.inside && (
          let
            rank = internalAttributes.rank (lib.last cut.phases);
          in
          rank != null && rank >= internalAttributes.rank "buildPhase"
        );

      # parts start cuts: the derivations from cut to cut, the last one being the package; the first one takes up what is at `start`.
      parts =
        start: cuts:
        let
          step =
            done: cut:
            done
            ++ [
              (internalPart {
                inherit stdenv stock own;
                from = if done == [ ] then start else from (lib.elemAt cuts (lib.length done - 1)) (lib.last done);
                to = if cut == null then null else to cut;
                checkpoint = if builds cut && !(lib.any builds (lib.take (lib.length done) cuts)) && !objcache then checkpoint else null;
              })
            ];
        in
        lib.foldl' step [ ] (cuts ++ [ null ]);

      from = cut: part: {
        inherit cut;
        snapshot = part.splitphaseSnapshot;
        artifacts = if cut.inside then found.artifacts else null;
      };

      # Only where the package is cut for the first time at buildPhase.
      skeleton =
        if objcache && cuts != [ ] && (lib.head cuts).inside then
          internalSkeleton { inherit stdenv stock own; }
        else
          {
            from = null;
            parts = [ ];
            keep = [ ];
            about = {
              once = false;
              reason = "it is cut in an earlier phase";
              whole = [ ];
            };
          };

      cuts = ordered objcache after;
      all = parts skeleton.from cuts;
      prepare = lib.elemAt all (lib.lists.findFirstIndex (cut: cut.inside) 0 cuts);
      manifest =
        if whole != null then
          internalObjcache.whole whole
        else
          internalObjcache.read stock.name prepare;
      found = internalObjcache.derivations {
        inherit stdenv prepare manifest;
        inherit (stock) name;
        skeleton = skeleton // {
          about = if whole != null || !manifest.split then null else skeleton.about;
        };
      };
      # A path in a flake (`src = ./.`) is copied as `<hash>-source`, and that is the name of the folder it is unpacked into.
      moving = builtins.match ".*/[0-9a-z]{32}-[0-9a-df-np-sv-z]{32}-[^/]*" (
        builtins.unsafeDiscardStringContext (toString (attrs.src or ""))
      ) != null;
      warned = lib.warnIf (moving && (objcache || checkpoint != null)) ''
        splitphase: the source of ${stock.name} is unpacked into a folder whose name is another one after every edit, so nothing can be used again.
        Where it says `src = ./.`, write `src = self`, or `src = builtins.path { path = ./.; name = "source"; }`.'';
      chosen = warned (
        if whole != null then
          lib.last (parts null [ ])
        else if objcache && !manifest.split then
          lib.last (parts null (ordered false after))
        else
          lib.last all
      );

      passthru = stock.passthru or { } // {
        splitphase = {
          inherit stock spec;
          parts = skeleton.parts ++ lib.init all;
        }
        // lib.optionalAttrs (checkpoint != null) {
          checkpoint = if objcache then "not used: each object is a derivation of its own, which Nix caches" else checkpoint;
        }
        // lib.optionalAttrs objcache {
          inherit prepare;
          inherit (found) objects links report keep;
          # The file manifest.json as a derivation output, with its content as attributes.
          manifest = lib.optionalAttrs (whole == null) prepare.splitphaseManifest // manifest;
        };
      };
      common =
        stock
        // passthru
        // {
          inherit passthru;
          overrideAttrs =
            change:
            split (
              spec
              // {
                stock = stock.overrideAttrs change;
              }
              // lib.optionalAttrs (override != null) {
                override = lib.setFunctionArgs (changed: (override changed).overrideAttrs change) (lib.functionArgs override);
              }
            );
        }
        // lib.optionalAttrs (override != null) { inherit override; }
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
      # A package may have been given as one of its outputs.
      inherit (chosen.${stock.outputName or "out"}) drvPath outPath;
    };
in
{
  inherit split problem own;
}
