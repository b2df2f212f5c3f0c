# nix flake check: one file per behaviour.
{ pkgs, splitphase }:
let
  inherit (pkgs) lib;
  scope = splitphase.mkLib pkgs;
  packages = import ./packages.nix { inherit pkgs; };
  behaviours = map (file: import file { inherit lib pkgs scope packages; }) [
    ./fixtures.nix
    ./identical.nix
    ./parts.nix
    ./finalattrs.nix
    ./reuse.nix
    ./skeleton.nix
    ./checkpoint.nix
    ./cargo.nix
    ./kbuild.nix
    ./checkpointtools.nix
    ./checkpointphase.nix
  ];
in
lib.foldl' (all: some: all // some) { helper = scope.splitphase; } behaviours
