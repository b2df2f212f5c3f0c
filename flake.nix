{
  description = "Cut packages that build with stdenv.mkDerivation into derivations that Nix caches one by one";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/fd1462031fdee08f65fd0b4c6b64e22239a77870";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      eachSystem = make: lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      splitphase = import ./lib { inherit lib; };
    in
    {
      lib = splitphase;
      overlays.default = import ./lib/overlay.nix splitphase;
      packages = eachSystem (
        pkgs:
        let
          helper = (splitphase.mkLib pkgs).splitphase;
        in
        {
          splitphase = helper;
          default = helper;
        }
      );
      checks = eachSystem (pkgs: import ./checks { inherit pkgs splitphase; });
      devShells = eachSystem (pkgs: {
        default = import ./dev/shell.nix { inherit pkgs; };
      });
      # tests/hostpkgs has no nixfmt.
      formatter = lib.filterAttrs (_: package: package != null) (
        eachSystem (pkgs: pkgs.nixfmt-rfc-style or pkgs.nixfmt or null)
      );
    };
}
