/**
  Which attributes of a derivation only one phase reads: a build that ends at a cut does without those of later phases,
  so that editing them does not run it again. What is not listed here stays, for instance all inputs, `outputs`, `doCheck`
  and the lists that setup hooks read when they are sourced. Sources: the generic builder of nixpkgs and its hooks.
*/
{ lib, ... }:
let
  # Bodies, switches and flags, in the order of the phases.
  phases = [
    {
      name = "unpackPhase";
      attributes = [
        "src"
        "srcs"
        "unpackPhase"
        "preUnpack"
        "postUnpack"
      ];
    }
    {
      name = "patchPhase";
      attributes = [
        "patchPhase"
        "patches"
        "prePatch"
        "postPatch"
        "patchFlags"
        "dontPatch"
      ];
    }
    {
      name = "configurePhase";
      attributes = [
        "configurePhase"
        "preConfigure"
        "postConfigure"
        "configureFlags"
        "configureFlagsArray"
        "configureScript"
        "dontConfigure"
        "dontAddPrefix"
        "dontAddDisableDepTrack"
        "dontDisableStatic"
        "dontFixLibtool"
        "prefixKey"
        "cmakeFlags"
        "cmakeBuildType"
        "mesonFlags"
        "mesonBuildType"
        "mesonAutoFeatures"
      ];
    }
    {
      name = "buildPhase";
      attributes = [
        "buildPhase"
        "preBuild"
        "postBuild"
        "dontBuild"
      ];
    }
    {
      name = "checkPhase";
      attributes = [
        "checkPhase"
        "preCheck"
        "postCheck"
        "checkTarget"
        "checkFlags"
        "checkFlagsArray"
      ];
    }
    {
      name = "installPhase";
      attributes = [
        "installPhase"
        "preInstall"
        "postInstall"
        "installTargets"
        "dontInstall"
        "postResume"
      ];
    }
    {
      name = "fixupPhase";
      attributes = [
        "fixupPhase"
        "preFixup"
        "postFixup"
        "dontFixup"
        "dontStrip"
        "dontStripHost"
        "dontStripTarget"
        "stripDebugList"
        "stripAllList"
        "dontPatchELF"
        "dontPatchShebangs"
        "dontPruneLibtoolFiles"
        "dontMoveSbin"
        "dontMoveLib64"
        "dontGzipMan"
        "forceShare"
        "setupHook"
        "setupHooks"
      ];
    }
    {
      name = "installCheckPhase";
      attributes = [
        "installCheckPhase"
        "preInstallCheck"
        "postInstallCheck"
        "installCheckTarget"
        "installCheckFlags"
        "installCheckFlagsArray"
      ];
    }
    {
      name = "distPhase";
      attributes = [
        "preDist"
        "postDist"
        "distPhase"
        "distTarget"
        "tarballs"
      ];
    }
  ];
  names = map (phase: phase.name) phases;

  # Attributes that are not read before the end of a phase; none is known for a phase that is not in the usual order.
  after =
    phase:
    if rank phase == null then
      [ ]
    else
      lib.concatMap (entry: entry.attributes) (lib.drop (rank phase + 1) phases);

  # Place of a phase in the usual order; null for a phase that a package or a hook adds.
  rank = phase: lib.lists.findFirstIndex (name: name == phase) null names;

  # What says something about the results alone.
  results = [
    "allowedReferences"
    "allowedRequisites"
    "outputChecks"
    "unsafeDiscardReferences"
  ];

  # mkDerivation maps over these, so they cannot be null.
  lists = [
    "patches"
    "configureFlags"
    "cmakeFlags"
    "mesonFlags"
  ];

  # All text among `attrs` that a build up to `cut` keeps, and whether it names something. Not lib.hasInfix, a regular
  # expression: texts may be long.
  text =
    cut: attrs:
    builtins.unsafeDiscardStringContext (
      lib.concatStringsSep "\n" (lib.filter builtins.isString (lib.attrValues (removeAttrs attrs (later cut))))
    );
  mentions = name: text: lib.replaceStrings [ name ] [ "" ] text != text;
  later = cut: after (lib.head cut.phases);

  # The token that stands for the hash of a source's store path where it is not known; python/splitphase/skeleton has it too.
  source = "usat9pxefmkt152ty0juydxuj4pt2dsu";
  # Such a path; null where this is no store path.
  standIn =
    path:
    let
      name = builtins.match "/nix/store/[0-9a-z]{32}(-[^ ]+)" (builtins.unsafeDiscardStringContext "${path}");
    in
    if name == null then null else "/nix/store/${source}${lib.head name}";
  # The phases up to and with the last one of a cut.
  earlier = cut: lib.take (rank (lib.last cut.phases) + 1) phases;
  # The names of all attributes that belong to them.
  upTo = cut: lib.concatMap (entry: entry.attributes) (earlier cut);
  # Whether text reads a variable of bash.
  reads = name: text: mentions ("$" + name) text || mentions ("\${" + name) text;
in
{
  inherit rank upTo;

  # The attributes that phases up to and with the last one of `cut` read alone, each with the value that stands for nothing;
  # paths of sources are some that are not there. For a build that begins behind the cut, of what is not `unread` at `to`.
  over =
    cut: to: attrs:
    let
      early = earlier cut;
      kept = text to (removeAttrs attrs (upTo cut));
      # A phase that is run again, by its name, reads them again.
      names = lib.concatMap (entry: lib.optionals (!mentions entry.name kept) entry.attributes) early;
      sources = {
        src = if lib.elem (attrs.src or null) [ null "" ] then attrs.src or null else standIn attrs.src;
        srcs = if lib.elem (attrs.srcs or null) [ null "" ] then attrs.srcs or null else map standIn (lib.toList attrs.srcs);
      };
      isOver =
        name:
        attrs ? ${name}
        && (
          if sources ? ${name} then
            !reads name kept && (lib.elem (attrs.${name}) [ null "" ] || !lib.elem null (lib.toList sources.${name}))
          else
            !mentions name kept
        );
      nothing = name: sources.${name} or (if lib.elem name lists then [ ] else null);
    in
    lib.genAttrs (lib.filter isOver names) nothing;

  # Whether a phase up to `cut` names installFlags; installFlagsArray is another variable.
  namesInstallFlags =
    cut: attrs:
    mentions "installFlags" (
      lib.replaceStrings [ "installFlagsArray" ] [ "" ] (text cut (removeAttrs attrs [ "installFlags" ]))
    );

  # The attributes that a build up to `cut` can do without, each with the value that stands for nothing: those of later
  # phases, unless what stays of `attrs` names them.
  unread =
    cut: attrs:
    let
      kept = text cut attrs;
      unnamed = lib.filter (name: !mentions name kept) (later cut);
      replace = name: if lib.elem name lists then [ ] else null;
    in
    lib.genAttrs (lib.filter (name: attrs ? ${name} || lib.elem name lists) unnamed) replace
    // lib.genAttrs (lib.filter (name: attrs ? ${name}) results) (_: null);
}
