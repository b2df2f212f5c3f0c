# The standard environments.
pkgs:
let
  inherit (pkgs) lib;
  makeStdenv = import ../stdenv { inherit lib; };
in
{
  stdenv = makeStdenv {
    shell = "${pkgs.bash}/bin/bash";
    cc = pkgs.gcc;
    inherit (pkgs) config;
    buildPlatform = pkgs.hostPlatform;
    initialPath = with pkgs; [
      coreutils
      findutils
      diffutils
      gnused
      gnugrep
      gawk
      gnutar
      gzip
      bzip2
      gnumake
      bash
      patch
      xz
      file
    ];
    extraNativeBuildInputs = [ pkgs.patchelf ];
    preHook = ''
      export NIX_ENFORCE_NO_NATIVE="''${NIX_ENFORCE_NO_NATIVE-1}"
      export NIX_STORE=${builtins.storeDir}
    '';
    extraAttrs.shellPackage = pkgs.bash;
  };
  stdenvAdapters =
    let
      # Every derivation of a stdenv with `overlay` over its attributes.
      extending =
        overlay: stdenv:
        stdenv.override (old: {
          mkDerivationFromStdenv =
            self: args:
            ((old.mkDerivationFromStdenv or defaultMkDerivation) self args).overrideAttrs overlay;
        });
      defaultMkDerivation =
        self:
        (import ../stdenv/make-derivation.nix {
          inherit lib;
          inherit (pkgs) config;
        } self).mkDerivation;
    in
    {
      inherit (pkgs) overrideCC;
      addAttrsToDerivation = extra: extending (_old: extra);
      withCFlags =
        flags:
        extending (old: {
          NIX_CFLAGS_COMPILE = toString (old.NIX_CFLAGS_COMPILE or "") + " ${toString flags}";
        });
      keepDebugInfo = extending (old: {
        dontStrip = true;
        env = old.env or { } // {
          NIX_CFLAGS_COMPILE = toString (old.env.NIX_CFLAGS_COMPILE or "") + " -ggdb -Og";
        };
      });
    };
  stdenvNoCC = pkgs.stdenv.override {
    cc = null;
    name = "stdenv-no-cc-linux";
  };
  gccStdenv = pkgs.stdenv;
  clangStdenv = pkgs.overrideCC pkgs.stdenv pkgs.clang;
  overrideCC =
    stdenv: cc:
    stdenv.override {
      allowedRequisites = null;
      inherit cc;
      hasCC = cc != null;
    };
}
