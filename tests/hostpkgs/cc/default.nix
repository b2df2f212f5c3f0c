# The host's compilers and binary tools behind wrappers that take nixpkgs' NIX_* variables.
{
  lib,
  system,
  bash,
  coreutils,
  hostBins,
  hostTree,
}:
let
  platform = lib.systems.elaborate system;
  salt = lib.replaceStrings [ "-" ] [ "_" ] platform.config;
  hardening = [
    "bindnow"
    "format"
    "fortify"
    "fortify3"
    "pic"
    "relro"
    "stackprotector"
    "strictoverflow"
    "zerocallusedregs"
  ];
  shared = {
    inherit salt;
    shell = "${bash}/bin/bash";
    common = ./common.bash;
    inherit (builtins) storeDir;
    bintoolsVars = "NIX_LDFLAGS NIX_LDFLAGS_BEFORE NIX_LDFLAGS_AFTER NIX_SET_BUILD_ID NIX_DONT_SET_RPATH NIX_IGNORE_LD_THROUGH_GCC";
  };
  # A derivation whose script may call `fill TEMPLATE TARGET`, which replaces each @name@ in `subst` and @out@.
  filled =
    args:
    let
      drv = derivation (
        removeAttrs args [
          "subst"
          "passthru"
        ]
        // {
          inherit system;
          name = "${args.pname}-${args.version}";
          builder = "${bash}/bin/bash";
          PATH = "${coreutils}/bin";
          args = [
            "-euc"
            ''
              fill() {
                local text; text=$(<"$1")
                text=''${text//@prog@/''${prog-}} text=''${text//@out@/$out}
                ${lib.concatStrings (
                  lib.mapAttrsToList (name: value: ''
                    text=''${text//@${name}@/${lib.escapeShellArg "${value}"}}
                  '') (shared // args.subst)
                )}
                printf '%s\n' "$text" >"$2"
                [ "''${3-}" != bin ] || chmod +x "$2"
              }
              mkdir -p $out/bin $out/nix-support
              ${args.script}
            ''
          ];
        }
      );
    in
    drv
    // {
      inherit (args) pname version;
      meta.outputsToInstall = [ "out" ];
      override = new: filled (args // (if lib.isFunction new then new args else new));
    }
    // args.passthru;
  dynamicLinker =
    if platform.isx86_64 then "/lib64/ld-linux-x86-64.so.2" else "/lib/ld-linux-aarch64.so.1";
  common = {
    targetPrefix = "";
    suffixSalt = salt;
    defaultHardeningFlags = hardening;
    inherit libc;
  };
  # Things that others refer to as packages, though the wrappers use /usr directly.
  libc = hostTree "glibc" "2.36" {
    include = "/usr/include";
    lib = "/usr/lib/${platform.parsed.cpu.name}-linux-gnu";
  };
in
rec {
  inherit libc;

  bintools = filled {
    pname = "binutils-wrapper";
    version = "2.40";
    subst.hardening = toString hardening;
    bins = hostBins "binutils" "addr2line ar as c++filt gprof nm objcopy objdump ranlib readelf size strings strip";
    linkers = hostBins "binutils" "ld ld.bfd ld.gold?";
    otherLinkers = hostBins "lld" "ld.lld? lld?";
    script = ''
      ln -s $bins/bin/* $out/bin/
      for linker in $linkers/bin/* $otherLinkers/bin/*; do
        [ -e "$linker" ] || continue
        prog=/usr/bin/''${linker##*/} fill ${./ld-wrapper.sh} $out/bin/''${linker##*/} bin
      done
      fill ${./bintools-hook.sh} $out/nix-support/setup-hook
      echo ${dynamicLinker} >$out/nix-support/dynamic-linker
    '';
    passthru = common // {
      isGNU = true;
      bintools = {
        pname = "binutils";
        version = "2.40";
      };
      inherit dynamicLinker;
    };
  };

  wrapCC =
    {
      pname,
      version,
      apt,
      programs,
      isClang ? false,
      extra ? "",
    }:
    let
      unwrapped = hostTree (lib.removeSuffix "-wrapper" pname) version {
        lib = "/usr/lib/${platform.parsed.cpu.name}-linux-gnu";
      };
    in
    filled {
      inherit pname version;
      subst = {
        inherit bintools;
        cc = if isClang then "clang" else "gcc";
        cxx = if isClang then "clang++" else "g++";
        # Clang 14 knows neither of the other two.
        hardening = toString (
          if isClang then
            lib.subtractLists [ "zerocallusedregs" ] hardening
          else
            hardening
        );
        strictoverflow = if isClang then "-fwrapv" else "-fno-strict-overflow";
      };
      bins = map (host: hostBins apt host) (lib.unique (lib.attrValues programs));
      script = ''
        ${lib.concatStrings (
          lib.mapAttrsToList (name: host: ''
            prog=/usr/bin/${host} fill ${./cc-wrapper.sh} $out/bin/${name} bin
          '') programs
        )}
        ${extra}
        fill ${./setup-hook.sh} $out/nix-support/setup-hook
        echo ${bintools} >$out/nix-support/propagated-build-inputs
        cp ${bintools}/nix-support/dynamic-linker $out/nix-support/
        echo ${unwrapped} >$out/nix-support/orig-cc
      '';
      passthru = common // {
        inherit isClang bintools;
        isGNU = !isClang;
        cc = unwrapped // {
          lib = unwrapped;
        };
        hardeningUnsupportedFlags = [ ];
        defaultHardeningFlags = lib.subtractLists (lib.optional isClang "zerocallusedregs") hardening;
      };
    };

  gcc = wrapCC {
    pname = "gcc-wrapper";
    version = "12.2.0";
    apt = "g++";
    programs = {
      gcc = "gcc";
      cc = "gcc";
      "g++" = "g++";
      "c++" = "g++";
      cpp = "cpp";
    };
    # The archiver variants that know GCC's plugin.
    extra = ''
      for tool in gcc-ar gcc-nm gcc-ranlib; do [ ! -e /usr/bin/$tool ] || ln -s /usr/bin/$tool $out/bin/; done
    '';
  };
  clang = wrapCC {
    pname = "clang-wrapper";
    version = "14.0.6";
    apt = "clang";
    isClang = true;
    programs = {
      clang = "clang";
      cc = "clang";
      "clang++" = "clang++";
      "c++" = "clang++";
    };
  };
}
