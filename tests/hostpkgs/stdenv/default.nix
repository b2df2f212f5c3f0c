# A standard environment: the derivation that holds `setup`, and mkDerivation on it. Its arguments are nixpkgs'.
{ lib }:
lib.makeOverridable (
  {
    name ? "stdenv-linux",
    preHook ? "",
    initialPath,
    cc ? null,
    hasCC ? cc != null,
    shell,
    allowedRequisites ? null,
    disallowedRequisites ? [ ],
    extraAttrs ? { },
    config ? { },
    buildPlatform,
    hostPlatform ? buildPlatform,
    targetPlatform ? hostPlatform,
    extraNativeBuildInputs ? [ ],
    extraBuildInputs ? [ ],
    setupScript ? [
      ./setup/1-hooks.sh
      ./setup/2-inputs.sh
      ./setup/3-substitute.sh
      ./setup/4-source.sh
      ./setup/5-build.sh
      ./setup/6-run.sh
    ],
    mkDerivationFromStdenv ?
      stdenv: (import ./make-derivation.nix { inherit lib config; } stdenv).mkDerivation,
    ...
  }:
  let
    defaultNativeBuildInputs =
      extraNativeBuildInputs
      ++ [
        ./hooks/multiple-outputs.sh
        ./hooks/reproducible.sh
        ./hooks/tidy-layout.sh
        ./hooks/patch-shebangs.sh
        ./hooks/strip.sh
      ]
      ++ lib.optional hasCC cc;
    stdenv =
      derivation (
        lib.optionalAttrs (allowedRequisites != null) {
          allowedRequisites = allowedRequisites ++ defaultNativeBuildInputs ++ extraBuildInputs;
        }
        // {
          inherit
            name
            disallowedRequisites
            initialPath
            shell
            preHook
            ;
          inherit (buildPlatform) system;
          builder = shell;
          args = [
            "-e"
            ./build-stdenv.sh
          ];
          setup = lib.toList setupScript;
          inherit defaultNativeBuildInputs;
          defaultBuildInputs = extraBuildInputs;
        }
      )
      // {
        meta = {
          description = "The default build environment of hostpkgs";
          inherit (lib) platforms;
        };
        inherit
          buildPlatform
          hostPlatform
          targetPlatform
          extraNativeBuildInputs
          extraBuildInputs
          initialPath
          shell
          cc
          hasCC
          config
          allowedRequisites
          disallowedRequisites
          ;
        inherit (hostPlatform)
          isLinux
          isDarwin
          isx86_64
          isAarch64
          is64bit
          is32bit
          isBigEndian
          system
          ;
        setupHooks = { };
        shellDryRun = "${shell} -n -O extglob";
        mkDerivation = mkDerivationFromStdenv stdenv;
      }
      // extraAttrs;
  in
  stdenv
)
