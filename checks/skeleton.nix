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
      postPatch = "chmod -R a-w src doc";
      postConfigure = "chmod -R u+w src doc";
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
    phase-reads-source = {
      configure = "echo 1 > value";
      preConfigure = "test -e $src/src/words.c";
      reason = "a phase reads $src itself";
    };
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
  source =
    configure:
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
      ''
    );

  ofCase =
    name:
    {
      configure,
      reads ? null,
      other ? "src/main.c",
      reason ? "",
      preConfigure ? "",
      postConfigure ? "",
      postPatch ? "",
    }:
    let
      package =
        stdenv:
        stdenv.mkDerivation {
          name = "skeleton-${name}";
          src = source configure;
          nativeBuildInputs = [ pkgs.python3 ];
          inherit preConfigure postConfigure postPatch;
          installPhase = "make install";
        };
      stock = package pkgs.stdenv;
      split = package scope.objcacheStdenv;
      edited = file: {
        postPatch = ''
          chmod u+w ${file} $(dirname ${file})
          sed -i 's/\(NUMBER *\)[0-9]/\19/;s/world/worlds/;s/one/eleven/;$s,$, // x,' ${file}
          ${postPatch}
        '';
      };
      configured = one: map (part: builtins.unsafeDiscardStringContext part.drvPath) (lib.drop 1 (lib.take 2 one.splitphase.parts));
      same = one: configured one == configured split;
      results = [ (compare "skeleton-${name}" stock split) ] ++ map (
        file: compare "skeleton-${name}-${baseNameOf file}" (stock.overrideAttrs (edited file)) (split.overrideAttrs (edited file))
      ) (lib.filter (file: file != null) [ reads other ]);
    in
    pkgs.runCommand "skeleton-${name}"
      {
        inherit results;
        report = split.splitphase.report;
        reason = if reason == "" then "configure: not again after an edit to what it does not read" else "configure: again after each edit: ${reason}";
        again = lib.optionalString (reason == "") (
          lib.optionalString (!same (split.overrideAttrs (edited other))) "an edit to ${other} configures again"
          + lib.optionalString (reads != null && same (split.overrideAttrs (edited reads))) "an edit to ${reads} does not configure again"
        );
      }
      ''
        cat $results $report/report.txt | tee $out
        grep -qxF "$reason" $report/report.txt
        if [ -n "$again" ]; then
          echo "error: $again" >&2
          exit 1
        fi
      '';
in
lib.mapAttrs' (name: case: lib.nameValuePair "skeleton-${name}" (ofCase name case)) cases
