# A stand-in for nixpkgs over the host's own tools in /usr, for machines that cannot reach nixpkgs:
#   nix flake check --override-input nixpkgs path:./tests/hostpkgs
# The sandbox must show /usr, /lib and /lib64 (dev/nix sees to that). What it shares with nixpkgs is the contract.
{
  description = "The host's tools in the shape of nixpkgs";
  outputs = _: rec {
    lib = import ./lib;
    legacyPackages = lib.genAttrs lib.platforms.linux (system: import ./. { inherit system; });
  };
}
