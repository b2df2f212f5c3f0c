# Packages that are configured once. Each configures in a way that reads sources, or does something else to them; after an edit to
# what it reads the result is that of the stock build, and so it is after an edit to anything else, which does not configure again.
{
  lib,
  pkgs,
  scope,
  ...
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare;

  # `configure` writes the text that the program prints into `value`. `reads`: a file that an edit changes, so that configure
  # runs again; `other`: one that does not matter to it, or null. `reason`: why there is no skeleton in the end.
  cases = {
    nothing = {
      configure = "echo 1 > value";
    };
    grep = {
      configure = "sed -n 's/.*NUMBER *//p' src/number.h > value";
      reads = "src/number.h";
    };
    version-header = {
      configure = "sed -n 's/.*NUMBER *//p' src/version.h > value";
      reads = "src/version.h";
    };
    counted = {
      configure = "wc -c < src/number.h > value";
      reads = "src/number.h";
    };
    fails-without = {
      configure = "grep -q NUMBER src/number.h || exit 1; echo 1 > value";
      reads = "src/number.h";
    };
    compiles = {
      configure = "$CC -o trial src/number.c && ./trial > value || echo none > value; rm -f trial";
      reads = "src/number.c";
      reason = "configure opens other files in its second run: 1/src/number.h";
    };
    cmake-read = cmake [
      "file(READ src/number.h text)"
      "string(REGEX MATCH \"[0-9]+\" text \"\${text}\")"
      "file(WRITE value \"\${text}\")"
    ];
    cmake-strings = cmake [
      "file(STRINGS src/number.h text REGEX NUMBER)"
      "string(REGEX MATCH \"[0-9]+\" text \"\${text}\")"
      "file(WRITE value \"\${text}\")"
    ];
    cmake-digest = cmake [
      "file(SHA256 src/number.h text)"
      "file(WRITE value \"\${text}\")"
    ];
    cmake-configure-file = cmake [
      "configure_file(src/number.h made.h COPYONLY)"
      "file(WRITE value 1)"
    ];
    included-by-assembler = {
      configure = "echo 1 > value";
      attrs.prePatch = "chmod u+w src/words.c; echo '__asm__(\".incbin \\\"doc/words.md\\\"\");' >> src/words.c";
      other = "doc/words.md";
    };
    generator = {
      configure = "python3 generate > value";
      reads = "doc/words.md";
    };
    changed-in-place = {
      configure = "sed -i 's/world/you/' src/words.c; echo 1 > value";
      reads = "src/words.c";
    };
    appended = {
      configure = "echo 'int appended;' >> src/words.c; echo 1 > value";
      reads = "src/words.c";
    };
    locked = {
      configure = "sed -n 's/.*NUMBER *//p' src/number.h > value";
      reads = "src/number.h";
      attrs.postPatch = "chmod -R a-w src doc";
      attrs.postConfigure = "chmod -R u+w src doc";
    };
    moved = {
      configure = "mv src 'spaced é'; ln -s 'spaced é' src; ln 'spaced é/words.c' twice.c; echo 1 > value";
    };
    replaced = {
      configure = "rm src/words.c; echo 'const char *words = \"new\";' > src/words.c; chmod 400 src/main.c; echo 1 > value";
    };
    archived = {
      configure = "tar --mtime=@1 -cf - doc src/words.c | cksum > value";
      reads = "src/words.c";
      other = "README";
    };
    copied = {
      configure = "cp -r doc copy; cp -p src/number.h copy; cat copy/* | cksum > value";
      reads = "src/number.h";
      other = "README";
    };
    everything = {
      configure = "cat README doc/* src/* | cksum > value";
      reads = "src/words.c";
      reason = "configure reads 6 sources and texts, and 0 not";
    };
    spread = {
      configure = "for file in $(sed -n 's,^// ,,p' src/number.h); do cksum < $file; done > value; [ -s value ] || echo 1 > value";
      reads = "src/words.c";
      reason = "configure opens other files in its second run: 1/src/words.c";
    };
    source-path = {
      configure = "echo \"$src\" | cut -c 1-11 > value; echo \"# $src\" > notes; sed -n 's/.*NUMBER *//p' src/number.h >> value";
      reason = "/build/1/notes names the store path of the source";
    };
    looks-at-source = {
      configure = "if [ -e $src/src/words.c ]; then echo yes > value; else echo no > value; fi";
      reason = "something looks for the source at its store path";
    };
    phase-reads-source = {
      configure = "echo 1 > value";
      attrs.preConfigure = "test -e $src/src/words.c";
      reason = "a later phase reads $src, or unpacks, or it is no store path";
    };
    hook-keeps-source = {
      configure = "echo 1 > value";
      attrs.nativeBuildInputs = [
        (hook "keepSource() { local src=$src; export KEPT=$src ALSO=\${src##*/}; }; preConfigureHooks+=(keepSource)")
      ];
      attrs.preBuild = "echo $KEPT > value; test -e $KEPT/src/main.c; test -n $ALSO";
      hasSourcePath = true;
    };
    named-by-patch-phase = {
      configure = "if [ -x \"$(cat tool)\" ] && [ -e linked/tool ]; then echo yes > value; else echo no > value; fi";
      attrs.postUnpack = "ln -s ${tool}/bin $sourceRoot/linked";
      attrs.prePatch = "echo ${tool}/bin/tool > tool";
    };
    patched-again = {
      configure = "cat number > value";
      attrs.prePatch = "echo 1 >> number";
      attrs.preConfigure = "patchPhase";
      # What patchPhase reads is an input of configure here.
      patched = false;
    };
    hook-adds-flags = {
      configure = "echo $* > value";
      attrs.configureFlags = [ "--one" ];
      attrs.dontAddPrefix = true;
      attrs.nativeBuildInputs = [ (hook "addFlag() { configureFlags=\"\${configureFlags[*]} --two\"; }; postPatchHooks+=(addFlag)") ];
    };
    temporary-files = {
      configure = "cat /tmp/answer > value";
      attrs.prePatch = "echo 7 > /tmp/answer";
      reason = "a phase leaves behind what the next derivation does not have: /tmp/answer";
    };
    home = {
      configure = "cat $HOME/answer > value";
      attrs.prePatch = "mkdir -p $HOME; echo 7 > $HOME/answer";
      reason = "a phase leaves behind what the next derivation does not have: /homeless-shelter";
    };
    limit = {
      configure = "ulimit -n > value";
      attrs.prePatch = "ulimit -S -n 200";
      reason = "a phase leaves behind what the next derivation does not have: the limit open files                          (-n) 200";
    };
    open-file = {
      configure = "if { : >&7; } 2>/dev/null; then echo open > value; else echo closed > value; fi";
      attrs.prePatch = "exec 7> ../opened";
      reason = "a phase leaves behind what the next derivation does not have: the open file 7";
    };
    hook-reads-patches = {
      configure = "echo $HAD > value";
      attrs.prePatch = "true";
      attrs.nativeBuildInputs = [ (hook "had() { export HAD=\${prePatch:-nothing}; }; preConfigureHooks+=(had)") ];
      reason = "the function had of a setup hook reads $prePatch";
    };
    finds-source = {
      configure = "echo $COUNTED > value";
      attrs.nativeBuildInputs = [
        (hook "countSource() { export COUNTED=$(find \"$src\" -type f | wc -l); }; preConfigureHooks+=(countSource)")
      ];
      reason = "the function countSource of a setup hook reads $src";
    };
    signals = {
      configure = "echo 1 > value";
      attrs.preConfigure = "trap : TERM; kill 0; trap - TERM";
    };
    no-patch-phase = {
      configure = "echo 1 > value";
      attrs.phases = [ "unpackPhase" "buildPhase" "installPhase" ];
      attrs.preBuild = "./configure";
      patched = false;
      reason = "there is no patchPhase to cut after; the phases are: unpackPhase buildPhase installPhase";
    };
    patch-phase-late = {
      configure = "echo 1 > value";
      attrs.phases = [ "unpackPhase" "configurePhase" "patchPhase" "buildPhase" "installPhase" ];
      reason = "there is no configurePhase behind patchPhase";
    };
    failure-hook = {
      configure = "grep -q NUMBER src/number.h && echo 1 > value";
      attrs.failureHook = "exit 1";
      reads = "src/number.h";
    };
    trap = {
      configure = "grep -q NUMBER src/number.h && echo 1 > value";
      attrs.preConfigure = "trap 'echo bye' EXIT";
      attrs.postConfigure = "trap - EXIT";
      reads = "src/number.h";
    };
    made-by-time = {
      configure = "echo 1 > stamp; mkdir made; sleep 0.1; echo 1 > made/x; echo 1 > value";
      attrs.preBuild = "if [ made -nt stamp ]; then echo newer >> value; fi; if [ stamp -nt src/main.c ]; then echo made >> value; fi";
    };
  };

  # cmake COMMANDS: configure by a script of CMake.
  cmake = commands: {
    configure = lib.concatMapStrings (command: "echo '${command}' >> read.cmake\n") commands + "cmake -P read.cmake";
    reads = "src/number.h";
    attrs.nativeBuildInputs = [ pkgs.cmake ];
    attrs.dontUseCmakeConfigure = true;
  };
  files = {
    "src/number.h" = "// src/words.c\n#define NUMBER 7\n";
    "src/version.h" = "#define NUMBER 8\n";
    "src/number.c" = "#include <stdio.h>\n#include \"number.h\"\nint main(void) { return printf(\"%d\\\\n\", NUMBER) < 0; }\n";
    "src/words.c" = "const char *words = \"hello, world\";\n";
    "src/main.c" = "#include <stdio.h>\nextern const char *words;\nint main(void) { return printf(\"%s %s\\\\n\", words, VALUE) < 0; }\n";
    "doc/words.md" = "one two\n";
    "README" = "What it is.\n";
  };
  makefile = ''
    CFLAGS = -O2 -DVALUE='"$(shell cat value)"'
    prog: src/main.o src/words.o
    \t$(CC) -o $@ $^
    %.o: %.c value
    \t$(CC) $(CFLAGS) -c -o $@ $<
    install:
    \tmkdir -p $(out)/bin && cp prog value $(out)/bin
  '';
  tool = pkgs.runCommand "tool" { } "mkdir -p $out/bin; echo : > $out/bin/tool; chmod +x $out/bin/tool";
  hook = text: pkgs.writeTextDir "nix-support/setup-hook" text;
  source =
    configure: edit:
    pkgs.runCommand "1" { inherit configure makefile; passAsFile = [ "configure" "makefile" ]; } (
      ''
        mkdir -p $out/src $out/doc
        cd $out
      ''
      + lib.concatStrings (lib.mapAttrsToList (name: text: "printf '${lib.replaceStrings [ "%" ] [ "%%" ] text}' > ${name}\n") files)
      + ''
        printf '%b' "$(cat $makefilePath)" > Makefile
        { echo '#!/bin/sh'; cat $configurePath; } > configure
        echo 'print(len(open("doc/words.md").read()))' > generate
        chmod +x configure
        chmod -w src/words.c
        ${edit}
      ''
    );

  ofCase =
    name:
    {
      configure,
      reads ? null,
      other ? "src/main.c",
      reason ? "",
      attrs ? { },
      # Whether edits reach a patchPhase.
      patched ? true,
      # Whether the source's path is in the result.
      hasSourcePath ? false,
    }:
    let
      package =
        stdenv:
        stdenv.mkDerivation (
          {
            name = "skeleton-${name}";
            src = source configure "";
            installPhase = "make install";
          }
          // attrs
          // {
            nativeBuildInputs = [ pkgs.python3 ] ++ attrs.nativeBuildInputs or [ ];
          }
        );
      stock = package pkgs.stdenv;
      split = package scope.objcacheStdenv;
      edited = file: {
        postPatch = ''
          chmod u+w ${file} $(dirname ${file})
          sed -i 's/\(NUMBER *\)[0-9]/\19/;s/world/worlds/;s/one/eleven/;$s,$, // x,' ${file}
          ${attrs.postPatch or ""}
        '';
      };
      configured = one: map (part: builtins.unsafeDiscardStringContext part.drvPath) (lib.drop 1 (lib.take 2 one.splitphase.parts));
      same = one: configured one == configured split;
      results = [ (compare "skeleton-${name}" stock split) ] ++ map (
        file: compare "skeleton-${name}-${baseNameOf file}" (stock.overrideAttrs (edited file)) (split.overrideAttrs (edited file))
      ) (lib.filter (file: file != null && patched) [ reads other ]);
    in
    pkgs.runCommand "skeleton-${name}"
      {
        inherit results;
        report = split.splitphase.report;
        reason = if reason == "" then "configure: not again after an edit to what it does not read" else "configure: again after each edit: ${reason}";
        again = lib.optionalString (reason == "") (
          lib.optionalString (patched && !same (split.overrideAttrs (edited other))) "an edit to ${other} configures again"
          + lib.optionalString (!same (split.overrideAttrs { src = source configure "echo >> ${other}"; })) "an edit of the source to ${other} configures again"
          + lib.optionalString (reads != null && same (split.overrideAttrs (edited reads))) "an edit to ${reads} does not configure again"
        );
      }
      ''
        cat $results $report/report.txt | tee $out
        ${lib.optionalString (hasSourcePath) "grep -qrF ${stock.src} ${split}"}
        grep -qxF "$reason" $report/report.txt
        if [ -n "$again" ]; then
          echo "error: $again" >&2
          exit 1
        fi
      '';
in
lib.mapAttrs' (name: case: lib.nameValuePair "skeleton-${name}" (ofCase name case)) cases
