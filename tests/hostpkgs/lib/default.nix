# The part of nixpkgs' lib that splitphase and its checks use: same names, same meaning, written for this stand-in.
let
  lib = (import ./fixed-points.nix { inherit lib; }).makeExtensible (
    self:
    let
      part = file: import file { lib = self; };
      parts = {
        attrsets = part ./attrsets.nix;
        customisation = part ./customisation.nix;
        debug = part ./debug.nix;
        derivations = part ./derivations.nix;
        fixedPoints = part ./fixed-points.nix;
        lists = part ./lists.nix;
        strings = part ./strings.nix;
        trivial = part ./trivial.nix;
      };
    in
    builtins.foldl' (all: name: all // parts.${name}) { } (builtins.attrNames parts)
    // parts
    // {
      fileset = part ./fileset.nix;
      generators = part ./generators.nix;
      meta = parts.derivations;
      sources = part ./sources.nix;
      systems = part ./systems.nix;
      inherit (self.sources)
        cleanSource
        cleanSourceFilter
        cleanSourceWith
        sourceByRegex
        sourceFilesBySuffices
        ;
    }
  );
in
lib
