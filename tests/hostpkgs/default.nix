# The package set: `import ./. { system = "x86_64-linux"; overlays = [ ]; }`.
{
  system ? builtins.currentSystem,
  localSystem ? system,
  overlays ? [ ],
  config ? { },
  ...
}:
let
  lib = import ./lib;
  platform = lib.systems.elaborate localSystem;
  host = import ./pkgs/host.nix {
    inherit lib;
    inherit (platform) system;
  };

  base =
    self:
    {
      inherit lib config;
      inherit (platform) system;
      pkgs = self;
      path = ./.;
      callPackage = self.newScope { };
      callPackages = lib.callPackagesWith self;
      newScope = scope: lib.callPackageWith (self // scope);
      inherit (host) hostBins hostTree hostTool;
      hostPlatform = platform;
      buildPlatform = platform;
      targetPlatform = platform;
      # Nothing is cross compiled, so every stage is this one.
      buildPackages = self;
      targetPackages = self;
      pkgsBuildBuild = self;
      pkgsBuildHost = self;
      pkgsHostHost = self;
      pkgsHostTarget = self;
      inherit (lib) recurseIntoAttrs dontRecurseIntoAttrs;
      ccs = import ./cc {
        inherit lib;
        inherit (self)
          system
          bash
          coreutils
          hostBins
          hostTree
          ;
      };
      inherit (self.ccs) gcc clang bintools;
      glibc = self.ccs.libc;
      binutils = self.bintools;
    }
    // import ./pkgs/tools.nix { inherit lib; inherit (self) hostTool; }
    // import ./pkgs/python.nix self
    // import ./pkgs/stdenvs.nix self
    // import ./pkgs/trivial.nix self;

  withOverlays =
    all:
    lib.fix (
      lib.extends (lib.composeManyExtensions all) (
        self:
        base self
        // {
          overlays = all;
          appendOverlays = more: if more == [ ] then self else withOverlays (all ++ more);
          extend = overlay: withOverlays (all ++ [ overlay ]);
        }
      )
    );
in
withOverlays overlays
