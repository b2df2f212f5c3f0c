# Small nasty packages: each built split and stock with Ninja and with Make must be equal byte for byte, and what is
# left to the build tool must be exactly what fixtures/expected/<name> says (a report.txt; `.ninja` or `.make` where the
# two differ). Where nothing is left the compiler and the linker refuse to run in the final derivation.
# To see a new report: `nix build .#checks.<system>.fixture-<name>-ninja`; its failure prints it.
{
  lib,
  pkgs,
  scope,
  packages,
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare refuse;
  sources = lib.mapAttrs (name: _: builtins.path { path = ./fixtures + "/${name}"; name = "source"; }) (
    lib.filterAttrs (name: _: name != "expected") (builtins.readDir ./fixtures)
  );

  # GCC orders the strings of .debug_str by a hash that covers the random seed, so two stock builds of one package differ
  # there as well, and a build-id covers the output path. Compared instead: all else of the DWARF as text, and the rest.
  withoutDebug = files: ''
    for file in ${files}; do
      readelf --wide --debug-dump=info,decodedline "$file" | sed 's/offset: [0-9a-fx]*/offset/' > "$file.dwarf"
      objcopy --strip-debug --remove-section .note.gnu.build-id "$file"
    done
  '';

  # Where the result is no mapping of the stock one's, the tool's own build in the same place must give the same bytes.
  rebuilt = files: ''
    mkdir first
    cp ${files} first
    cmake --build . --target clean
    export compilersMayRun=1
    env -u BASH_ENV cmake --build . --parallel 2
    for file in ${files}; do
      strip --strip-debug "$file" "first/$file"
      cmp "$file" "first/$file"
    done
  '';

  # A fixture is an attribute set for mkDerivation, with `source` and maybe `base` (the stdenv) beside.
  plain = attrs: { source = "plain"; } // attrs;
  own = [ "source" "base" "buildId" "finally" "compilesAgain" ];
  fixtures = {
    languages.source = "languages";
    languages-responses = {
      source = "languages";
      cmakeFlags = [ 
        "-DCMAKE_NINJA_FORCE_RESPONSE_FILE=1"
        "-DCMAKE_C_USE_RESPONSE_FILE_FOR_INCLUDES=1"
        "-DCMAKE_CXX_USE_RESPONSE_FILE_FOR_INCLUDES=1"
        "-DCMAKE_CXX_USE_RESPONSE_FILE_FOR_OBJECTS=1"
        "-DCMAKE_CXX_USE_RESPONSE_FILE_FOR_LIBRARIES=1"
      ];
    };
    languages-debug = {
      source = "languages";
      cmakeBuildType = "Debug";
      dontStrip = true;
      postFixup = withoutDebug "$out/bin/program $out/lib/*";
    };
    precompiled = {
      source = "precompiled";
      compilesAgain = true;
    };
    names = {
      source = "names";
      sourceRoot = "source/spaced dir é";
    };
    generated.source = "generated";
    # What an eager step rewrites is compiled again by the build tool, so nothing refuses here.
    generated-eager = {
      source = "generated";
      cmakeFlags = [ "-DEAGER=ON" ];
      compilesAgain = true;
    };
    # The step counts its runs, so what record sees is not what the final build sees.
    counts = {
      source = "counts";
      compilesAgain = true;
    };
    libraries.source = "libraries";
    prefix = {
      source = "prefix";
      postBuild = rebuilt "program libprefix.a";
      postInstall = "rm $out/bin/program $out/lib/libprefix.a";
    };
    prefix-debug = {
      source = "prefix";
      cmakeBuildType = "Debug";
      postBuild = rebuilt "program libprefix.a";
      postInstall = "rm $out/bin/program $out/lib/libprefix.a";
    };
    derived.source = "derived";
    # compare.sh falls back to the helper here: its own mapping does not see encoded hashes.
    encoded.source = "encoded";
    dates.source = "dates";
    headers.source = "headers";
    links.source = "links";
    read-only = {
      source = "links";
      postPatch = "chmod -R a-w real other.h";
    };
    links-made = plain { postPatch = "mv src moved; ln -s moved src; ln -s \"$PWD/include/plain.h\" src/plain.h"; };

    in-tree = plain { dontUseCmakeBuildDir = true; };
    outputs = plain {
      outputs = [
        "out"
        "dev"
        "lib"
      ];
      cmakeFlags = [ "-DBUILD_SHARED_LIBS=ON" ];
    };
    structured = plain {
      __structuredAttrs = true;
      strictDeps = true;
      outputs = [
        "out"
        "dev"
        "lib"
      ];
      env.EXPORTED = "1";
      cmakeFlags = [
        "-DBUILD_SHARED_LIBS=ON"
        "-DCMAKE_CXX_FLAGS=-DSPACED=\"a b\" -O1"
      ];
    };
    # Whether a compressed section fits into its place again depends on the hash; if not, its object is compiled anew.
    debug-info = plain {
      compilesAgain = true;
      separateDebugInfo = true;
      cmakeFlags = [ "-DBUILD_SHARED_LIBS=ON" ];
      postFixup = ''
        cd $debug/lib/debug
        find .build-id -type f -printf '%s %p\n' | sort -n | while read -r size file; do mv "$file" "$((++number)).debug"; done
        find . -type l -delete
        find . -type d -empty -delete
        ${withoutDebug "$debug/lib/debug/*.debug $out/bin/program $out/lib/libplain.so"}
      '';
    };
    debug = plain {
      dontStrip = true;
      postFixup = withoutDebug "$out/bin/program $out/lib/libplain.a";
      cmakeBuildType = "Debug";
      env.NIX_CFLAGS_COMPILE = "-ggdb -Og";
    };
    tested = plain { doCheck = true; };
    pre-build-flags = plain { preBuild = ''export NIX_CFLAGS_COMPILE="''${NIX_CFLAGS_COMPILE-} -DEXPORTED=__FILE__"''; };
    pre-build-edit = plain { preBuild = ''substituteInPlace ../include/plain.h --replace-fail '"default"' '"edited"' ''; };
    pre-build-pushd = plain { preBuild = "pushd .. >/dev/null; touch from-pre-build; popd >/dev/null"; };
    fills-output = plain {
      preConfigure = ''mkdir -p $out/share; echo "$out" > $out/share/self; ln -s $out/share/self $out/share/link'';
      preBuild = ''mkdir -p $out/etc/''${out##*/}; cp CMakeCache.txt $out/etc/; chmod a-w $out/etc/CMakeCache.txt'';
    };
    reads-output = plain {
      preConfigure = ''mkdir -p $out/include; echo '#define EXPORTED "from output"' > $out/include/own.h'';
      preBuild = ''export NIX_CFLAGS_COMPILE="''${NIX_CFLAGS_COMPILE-} -include $out/include/own.h"'';
    };
    # Steps that the stock build does not run: not compiled, not generated, not there to be installed.
    excluded = {
      source = "excluded";
      postInstall = "mkdir -p $out/all; cp $(find . -maxdepth 1 -type f -name 'tool*') $out/all/";
    };
    asked-for = {
      source = "excluded";
      ninjaFlags = [ "tool" ];
      buildFlags = [ "tool" ];
      installPhase = "mkdir $out; cp tool* $out/";
    };
    install-flags = plain {
      outputs = [
        "out"
        "dev"
      ];
      installFlags = [ "EDITED=1" ];
      postInstall = ''echo "''${installFlags[*]}" > $out/flags'';
    };
    disallowed = plain { disallowedReferences = [ pkgs.cmake ]; };
    make-flags-value = plain { makeFlags = [ "CXX_FLAGS=-DPREFIX=/usr" ]; };
    post-build = plain { postBuild = ''test -e program; ./program > said''; postInstall = "cp said $out/"; };
    make-flags = plain { makeFlags = [ "CXX_FLAGS=-DEXPORTED=__FILE__" ]; };
    harmless-flags = plain { makeFlags = [ "VERBOSE=1" ]; };
    build-phase = plain {
      env.CMAKE_GENERATOR = "Unix Makefiles";
      buildPhase = "runHook preBuild; cmake --build .; runHook postBuild";
      installPhase = "cmake --install .";
    };
    no-build = plain { dontBuild = true; };
    hook-functions = plain {
      preConfigure = ''
        late() { echo "late: $lateArray" > said; }
        lateArray=("a b" $'c\nd')
        postBuildHooks+=(late)
      '';
      postInstall = "cp said $out/; declare -p lateArray > $out/array";
    };
    # GCC names the sections of its bytecode after the random seed.
    lto = plain {
      cmakeFlags = [ "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON" ];
      postInstall = "rm $out/lib/libplain.a";
    };
    lto-environment = plain {
      env.NIX_CFLAGS_COMPILE = "-flto";
      postInstall = "rm $out/lib/libplain.a";
    };
    coverage = plain { env.NIX_CFLAGS_COMPILE = "--coverage"; };
    coverage-flags = plain { cmakeFlags = [ "-DCMAKE_C_FLAGS=--coverage" ]; };
    split-dwarf = plain { env.NIX_CFLAGS_COMPILE = "-gsplit-dwarf -g"; };
    split-dwarf-flags = plain { cmakeFlags = [ "-DCMAKE_CXX_FLAGS=-gsplit-dwarf" ]; postInstall = "find . -name '*.dwo' | sort > $out/dwo"; };
    launcher = plain { cmakeFlags = [ "-DCMAKE_CXX_COMPILER_LAUNCHER=env" ]; };
    without-depfiles = plain { cmakeFlags = [ "-DCMAKE_DEPENDS_USE_COMPILER=OFF" ]; };
    # The build-id covers the rpath, so it must be what the linker makes of the real path, and not of the token.
    build-id = plain {
      buildId = "sha1";
      cmakeFlags = [ "-DBUILD_SHARED_LIBS=ON" ];
      postBuild = rebuilt "program libplain.so";
      postInstall = "rm $out/bin/program $out/lib/libplain.so";
    };
    clang = plain { base = pkgs.clangStdenv; };
    # As nixpkgs' wrapper of Clang does it for each dependency; `=` may be part of a store path's name.
    prefix-map = plain {
      env.NIX_CFLAGS_COMPILE = "-fmacro-prefix-map=${pkgs.bash}=/nix/store/${lib.fixedWidthString 32 "e" ""}-bash";
    };
    final-attrs = plain { finally = true; };
    command = plain { buildCommand = "mkdir $out; cp $src/CMakeLists.txt $out"; };
    makefile.source = "makefile";
  };

  build =
    stdenv: name: generator: fixture:
    let
      attrs = {
        inherit name;
        src = sources.${fixture.source};
        nativeBuildInputs = lib.optionals (fixture.source != "makefile") (
          [ pkgs.cmake ] ++ lib.optional (generator == "ninja") pkgs.ninja
        );
        meta.description = "fixture";
        passthru.own = "kept";
      }
      // removeAttrs fixture own
      // {
        env = {
          NIX_LDFLAGS = "--build-id=${fixture.buildId or "none"}";
        }
        // fixture.env or { };
      }
      // lib.optionalAttrs (fixture.source == "makefile") { installFlags = [ "prefix=$(out)" ]; };
    in
    stdenv.mkDerivation (
      if fixture.finally or false then
        finalAttrs:
        attrs
        // {
          postInstall = "echo ${finalAttrs.finalPackage.name} ${finalAttrs.version} > $out/name";
          version = "1";
        }
      else
        attrs
    );

  check =
    generator: name: fixture:
    let
      base = fixture.base or pkgs.stdenv;
      stock = build base name generator fixture;
      split = build (scope.withObjcache base) name generator fixture;
      expectations = lib.filter builtins.pathExists [
        (./fixtures/expected + "/${name}.${generator}")
        (./fixtures/expected + "/${name}")
      ];
      whole = expectations == [ ];
      compared = compare "${name}-${generator}" stock (
        if whole && !(fixture.compilesAgain or false) then refuse split else split
      );
    in
    lib.nameValuePair "fixture-${name}-${generator}" (
      assert split.meta.description == "fixture" && split.own == "kept";
      assert split.splitphase.manifest.split == (split.drvPath != stock.drvPath);
      pkgs.runCommand "fixture-${name}-${generator}" { inherit compared; inherit (split.splitphase) report; } (
        ''
          sed '/^configure:/,$d' $report/report.txt > $out
          if grep '^configure: again' $report/report.txt >&2; then
            echo "error: ${name} is not configured once with ${generator}" >&2
            exit 1
          fi
        ''
        + (
          if whole then
            ''
              if [ "$(wc -l < $out)" != 1 ] || ! grep -q '^split: [1-9]' $out; then
                echo "error: ${name} is not split as a whole with ${generator}:" >&2
                cat $out >&2
                exit 1
              fi
            ''
          else
            "diff ${lib.head expectations} $out >&2"
        )
      )
    );
in
lib.listToAttrs (
  lib.concatMap (generator: lib.mapAttrsToList (check generator) fixtures) [
    "ninja"
    "make"
  ]
)
