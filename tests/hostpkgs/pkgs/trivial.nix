# Trivial builders.
pkgs:
let
  inherit (pkgs) lib;
  run =
    stdenv: local: name: env: buildCommand:
    stdenv.mkDerivation (
      {
        inherit name buildCommand;
        enableParallelBuilding = true;
        passAsFile = [ "buildCommand" ] ++ env.passAsFile or [ ];
      }
      // lib.optionalAttrs local {
        preferLocalBuild = true;
        allowSubstitutes = false;
      }
      // removeAttrs env [ "passAsFile" ]
    );
  runtimeShell = "${pkgs.bash}/bin/bash";
in
rec {
  inherit runtimeShell;
  runtimeShellPackage = pkgs.bash;
  bashInteractive = pkgs.bash;
  bashNonInteractive = pkgs.bash;

  runCommand = run pkgs.stdenvNoCC false;
  runCommandLocal = run pkgs.stdenvNoCC true;
  runCommandCC = run pkgs.stdenv false;
  runCommandWith =
    {
      stdenv ? pkgs.stdenvNoCC,
      runLocal ? false,
      name,
      derivationArgs ? { },
    }:
    run stdenv runLocal name derivationArgs;

  writeTextFile =
    {
      name ? args.pname,
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
      derivationArgs ? { },
      ...
    }@args:
    runCommandLocal name
      (
        {
          inherit text meta passthru;
          passAsFile = [ "text" ];
        }
        // derivationArgs
      )
      ''
        target=$out${lib.escapeShellArg destination}
        mkdir -p "$(dirname "$target")"
        if [ -e "''${textPath-}" ]; then mv "$textPath" "$target"; else printf %s "$text" >"$target"; fi
        ${lib.optionalString executable ''chmod +x "$target"''}
        ${checkPhase}
      '';
  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir =
    path: text:
    writeTextFile {
      name = baseNameOf path;
      inherit text;
      destination = "/${path}";
    };
  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };
  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
      meta.mainProgram = name;
    };
  writeShellScript = name: text: writeScript name "#!${runtimeShell}\n${text}\n";
  writeShellScriptBin = name: text: writeScriptBin name "#!${runtimeShell}\n${text}\n";
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      ...
    }:
    writeShellScriptBin name ''
      set -o errexit -o nounset -o pipefail
      export PATH="${lib.makeBinPath runtimeInputs}:$PATH"
      ${text}
    '';

  symlinkJoin =
    args@{
      name ? "${args.pname}-${args.version}",
      paths,
      postBuild ? "",
      ...
    }:
    runCommandLocal name
      (
        removeAttrs args [
          "name"
          "postBuild"
        ]
        // {
          passAsFile = [ "paths" ];
        }
      )
      ''
        mkdir -p $out
        # The first package that has a file wins.
        for path in $(<"''${pathsPath-/dev/null}"); do
          (cd "$path" && find . -mindepth 1 -type d -exec mkdir -p "$out/{}" \;)
          (cd "$path" && find . ! -type d -printf '%P\n') | while IFS= read -r file; do
            [ -e "$out/$file" ] || [ -L "$out/$file" ] || ln -s "$path/$file" "$out/$file"
          done
        done
        ${postBuild}
      '';
  buildEnv = args: symlinkJoin { inherit (args) name paths; };
  linkFarm =
    name: entries:
    let
      list =
        if lib.isAttrs entries then lib.mapAttrsToList (name: path: { inherit name path; }) entries else entries;
    in
    runCommandLocal name { passthru.entries = list; } ''
      mkdir -p $out
      cd $out
      ${lib.concatMapStrings (entry: ''
        mkdir -p "$(dirname ${lib.escapeShellArg entry.name})"
        ln -s ${lib.escapeShellArg "${entry.path}"} ${lib.escapeShellArg entry.name}
      '') list}
    '';
  linkFarmFromDrvs = name: drvs: linkFarm name (map (drv: { inherit (drv) name; path = drv; }) drvs);
  concatText = name: files: runCommandLocal name { inherit files; } "cat $files >$out";
  emptyDirectory = runCommandLocal "empty-directory" { } "mkdir $out";
  emptyFile = runCommandLocal "empty-file" { } "touch $out";
  srcOnly =
    drv:
    drv.overrideAttrs (_: {
      outputs = [ "out" ];
      phases = [ "unpackPhase" "patchPhase" "installPhase" ];
      installPhase = "cp -a . $out";
    });
  applyPatches =
    { src, patches ? [ ], name ? "source-patched", ... }@args:
    pkgs.stdenvNoCC.mkDerivation (
      {
        inherit name;
        phases = [ "unpackPhase" "patchPhase" "installPhase" ];
        installPhase = "cp -a . $out";
      }
      // args
    );

  mkShell =
    {
      packages ? [ ],
      inputsFrom ? [ ],
      nativeBuildInputs ? [ ],
      name ? "nix-shell",
      ...
    }@args:
    pkgs.stdenv.mkDerivation (
      removeAttrs args [
        "packages"
        "inputsFrom"
      ]
      // {
        inherit name;
        nativeBuildInputs =
          nativeBuildInputs ++ packages ++ lib.concatMap (drv: drv.nativeBuildInputs or [ ]) inputsFrom;
        buildInputs = args.buildInputs or [ ] ++ lib.concatMap (drv: drv.buildInputs or [ ]) inputsFrom;
        phases = [ "buildPhase" ];
        buildPhase = "export >$out";
      }
    );
  mkShellNoCC = mkShell;

  makeSetupHook =
    {
      name,
      propagatedBuildInputs ? [ ],
      propagatedNativeBuildInputs ? [ ],
      substitutions ? { },
      passthru ? { },
      meta ? { },
      ...
    }:
    script:
    runCommand name
      (
        substitutions
        // {
          inherit propagatedBuildInputs propagatedNativeBuildInputs passthru meta;
          strictDeps = true;
        }
      )
      ''
        mkdir -p $out/nix-support
        substituteAll ${script} $out/nix-support/setup-hook
        recordPropagatedDependencies
      '';
  makeWrapper = makeSetupHook { name = "make-wrapper-hook"; } ./make-wrapper-hook.sh;
  makeShellWrapper = makeWrapper;
}
