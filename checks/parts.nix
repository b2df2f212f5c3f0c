# splitBuildInstall and splitPhases: the result equals the stock build byte for byte, the compiler refuses to run in the last
# part, and an edit reaches only the parts that read it.
{
  lib,
  pkgs,
  scope,
  packages,
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare refuse;
  inherit (scope) splitBuildInstall splitPhases objcacheStdenv;

  stock = import ./buildtools.nix { inherit pkgs; } // {
    leveldb = packages.leveldb.override { shared = true; };
    fmtlib = packages.fmtlib.override {
      generator = "Unix Makefiles";
      outputs = [
        "out"
        "dev"
      ];
    };
  };

  every = [
    "unpack"
    "patch"
    "configure"
    "build"
    "check"
    "install"
  ];

  identical = lib.mapAttrs' (
    name: package: lib.nameValuePair "parts-identical-${name}" (compare name package (refuse (splitBuildInstall package)))
  ) stock;

  chains = lib.mapAttrs' (
    name: package: lib.nameValuePair "parts-chain-${name}" (compare "${name}-chain" package (splitPhases { after = every; } package))
  ) { inherit (stock) hello fribidi lua fmtlib; };

  # objcache's objects, then build and install apart.
  objcache = stock.leveldb.override { stdenv = objcacheStdenv; };
  both = splitBuildInstall objcache;

  # A phase of the package's own, and `phases` set by it.
  own = pkgs.stdenv.mkDerivation {
    name = "own";
    phases = [
      "unpackPhase"
      "buildPhase"
      "makePhase"
      "installPhase"
    ];
    unpackPhase = "mkdir source; cd source; set -o noclobber; shopt -s nullglob; declare -gA table=([a b]=c); carried=(1 '2 3')";
    buildPhase = ''echo "$out" > "name with spaces é"; ln -s "$out/bin" "link to $name"; chmod a-w .'';
    makePhase = ''later() { echo "$1: ''${carried[1]} ''${table["a b"]}"; }; export EXPORTED=yes'';
    installPhase = ''
      chmod u+w .
      mkdir -p "$out/bin"
      cp -P * "$out/"
      later said > "$out/said"
      sh -c 'echo $EXPORTED' >> "$out/said"
      set -o | grep noclobber >> "$out/said"
      shopt -p nullglob >> "$out/said"
    '';
  };

  # What real packages do to the shell and to their outputs: an exported function, patterns of extglob, a program in a
  # here-document, directories left on the stack, an IFS and globbing that make words of other text, read-only folders.
  habits = pkgs.stdenv.mkDerivation {
    name = "habits";
    phases = [
      "unpackPhase"
      "buildPhase"
      "installPhase"
      "lastPhase"
    ];
    splitphaseKeep = [
      "source/none/*.xz"
      "source/other/*"
    ];
    installFlags = [ "A=1" ];
    unpackPhase = "mkdir source; cd source";
    buildPhase = ''
      shopt -s extglob nullglob
      eval 'kind() { case $1 in !(*.c)) echo other ;; esac; }'
      exported() { echo "exported $1"; }
      export -f exported
      program() {
        cat <<'EOF'
      int
      main ()
      {
        return 0;
      }
      EOF
      }
      mkdir sub
      pushd sub > /dev/null
      echo "$installFlags" > flags
      IFS=:
    '';
    installPhase = ''
      popd > /dev/null
      mkdir -p "$out/read-only"
      { kind x.h; program; bash -c "exported here"; cat sub/flags; printf '%q\n' "$IFS"; } > "$out/read-only/said"
      ln "$out/read-only/said" "$out/read-only/linked"
      chmod a-w "$out/read-only"
      cd sub
    '';
    lastPhase = ''cd - > /dev/null; pwd > "$out/pwd"'';
  };

  derivations = package: map (part: builtins.unsafeDiscardStringContext part.drvPath) package.splitphase.parts;
  reach =
    package: attrs:
    let
      changed = lib.zipListsWith (a: b: a != b) (derivations package) (derivations (package.overrideAttrs attrs));
    in
    lib.length (lib.filter (x: x) changed);

  hello = splitBuildInstall stock.hello;
  chain = splitPhases { after = every; } stock.hello;
  later = {
    installPhase = "make install";
    preInstall = "echo edited";
    postInstall = "echo edited";
    installFlags = [ "EDITED=1" ];
    preFixup = "echo edited";
    postFixup = "echo edited";
    dontStrip = true;
    installCheckPhase = "echo edited";
    meta.description = "edited";
    passthru.edited = true;
  };
  edits =
    lib.mapAttrsToList (name: value: {
      inherit name;
      reached = reach hello { ${name} = value; };
      expected = 0;
    }) later
    ++ lib.mapAttrsToList
      (name: value: {
        inherit name;
        reached = reach hello { ${name} = value; };
        expected = 1;
      })
      {
        src = ./parts.nix;
        makeFlags = [ "EDITED=1" ];
        configureFlags = [ "--disable-nls" ];
        buildInputs = [ pkgs.zstd ];
        postBuild = "echo edited";
        preCheck = "echo edited";
        anything = "edited";
      }
    ++
      lib.mapAttrsToList
        (name: expected: {
          name = "chain ${name}";
          reached = reach chain { ${name} = if lib.hasSuffix "Flags" name then [ "EDITED=1" ] else "echo edited"; };
          inherit expected;
        })
        {
          postUnpack = 6;
          postPatch = 5;
          preConfigure = 4;
          preBuild = 3;
          postCheck = 2;
          postInstall = 1;
          installFlags = 1;
          postFixup = 0;
        };
  wrong = lib.filter (edit: edit.reached != edit.expected) edits;

  named = splitBuildInstall (stock.hello.overrideAttrs { postBuild = "test -n \"\${postInstall-}\" || true"; });
in
identical
// chains
// {
  parts-objcache = compare "objcache-parts" stock.leveldb (refuse both);
  parts-own = compare "own" own (splitPhases { after = [ "unpack" "build" "make" ]; } own);
  parts-habits = compare "habits" habits (splitPhases { after = [ "unpack" "build" "install" ]; } habits);
  parts-reuse =
    assert lib.assertMsg (wrong == [ ]) "edits reach other parts than expected: ${builtins.toJSON wrong}";
    assert hello.drvPath != stock.hello.drvPath && chain.drvPath != stock.hello.drvPath && chain.drvPath != hello.drvPath;
    # What an earlier phase names is an input of its part.
    assert reach named { postInstall = "echo edited"; } == 1;
    assert (splitBuildInstall hello).drvPath == hello.drvPath;
    # A package may be given as one of its outputs.
    assert (splitBuildInstall stock.hello.man).outPath == hello.man.outPath;
    assert both.splitphase.report.drvPath == objcache.splitphase.report.drvPath;
    assert (splitBuildInstall stock.leveldb).override { shared = false; } != stock.leveldb;
    assert
      ((splitBuildInstall stock.leveldb).override { stdenv = objcacheStdenv; }).drvPath == both.drvPath;
    assert hello.name == stock.hello.name && hello.outputs == stock.hello.outputs && hello.man.outputName == "man";
    pkgs.runCommand "parts-reuse" { } "echo ${toString (lib.length edits)} edits > $out";
}
