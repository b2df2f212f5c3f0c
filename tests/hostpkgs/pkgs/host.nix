# The host's programs as packages: bin/ holds links to /usr/bin. A program that is missing fails the build, not the
# evaluation, and the message names the Debian package that brings it.
{ lib, system }:
let
  derive =
    args: script:
    derivation (
      args
      // {
        inherit system;
        builder = "/bin/sh";
        PATH = "/usr/bin";
        args = [
          "-euc"
          ''
            missing() {
              if [ ! -e /usr/bin ]; then
                echo "error: hostpkgs: the sandbox does not show /usr; run Nix through dev/nix," >&2
                echo "hint: or add to nix.conf: extra-sandbox-paths = /usr /lib /lib64" >&2
              else
                echo "error: hostpkgs: $name needs $1, which this machine does not have" >&2
                echo "hint: apt-get install $apt" >&2
              fi
              exit 1
            }
            ${script}
          ''
        ];
      }
    )
    // {
      version = args.version or "host";
      pname = args.pname or args.name;
    };

  # `bins` is "name host=name optional? name=first,second": links in $out/bin.
  makeLinks = ''
    mkdir -p "$out/bin"
    for spec in $bins; do
      optional=
      case $spec in *\?) optional=1 spec=''${spec%\?} ;; esac
      link=''${spec%%=*} found=
      for program in $(IFS=,; echo ''${spec#*=}); do
        [ -x "/usr/bin/$program" ] || continue
        ln -s "/usr/bin/$program" "$out/bin/$link"
        found=1
        break
      done
      [ -n "$found$optional" ] || missing "/usr/bin/''${spec#*=}"
    done
  '';

  # hostBins APT BINS: a folder of links, for other packages to take from.
  hostBins =
    apt: bins:
    derive {
      name = "host-${lib.head (lib.splitString " " apt)}";
      inherit apt bins;
    } makeLinks;

  # hostTree NAME VERSION { link = target; }: a package of links to folders.
  hostTree =
    pname: version: links:
    derive {
      inherit pname version;
      name = "${pname}-${version}";
      apt = pname;
    } ''
      mkdir -p "$out"
      ${lib.concatStrings (
        lib.mapAttrsToList (link: target: ''
          [ -e ${target} ] || missing ${target}
          ln -s ${target} "$out/${link}"
        '') links
      )}
    '';

  # hostTool { pname; version; apt; bins; setupHook; script; }: the package itself. `script` runs last, in sh.
  hostTool =
    {
      pname,
      bins ? pname,
      apt ? pname,
      # What Debian 12, the oldest supported host, has: a lower bound.
      version,
      setupHook ? null,
      script ? "",
      propagated ? [ ],
      passthru ? { },
    }@args:
    derive
      {
        inherit
          pname
          version
          apt
          propagated
          ;
        name = "${pname}-${version}-host";
        inherit bins;
        ${if setupHook == null then null else "setupHook"} = setupHook;
      }
      ''
        ${makeLinks}
        if [ -n "''${setupHook-}" ]; then mkdir -p "$out/nix-support" && cp "$setupHook" "$out/nix-support/setup-hook"; fi
        if [ -n "$propagated" ]; then
          mkdir -p "$out/nix-support" && echo "$propagated" >"$out/nix-support/propagated-native-build-inputs"
        fi
        ${script}
      ''
    // {
      version = "${version}-host";
      meta = {
        mainProgram = pname;
        outputsToInstall = [ "out" ];
      };
      override = new: hostTool (args // (if lib.isFunction new then new args else new));
    }
    // passthru;
in
{
  inherit hostBins hostTree hostTool;
}
