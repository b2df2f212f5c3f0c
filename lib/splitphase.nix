/**
  The helper, `bin/splitphase`: plain Python without third-party modules, and two libraries in C; compiled ahead and isolated
  from the variables that a package's build sets.
*/
{ lib, pkgs, ... }:
let
  buildPackages = pkgs.buildPackages or pkgs;
  python = "${buildPackages.python3}/bin/python3";
  version = lib.head (builtins.match ".*__version__ = \"([^\"]*)\".*" (builtins.readFile ../python/splitphase/__init__.py));
  source = builtins.path {
    path = ../python/splitphase;
    name = "splitphase-python";
    filter = path: type: type == "directory" && baseNameOf path != "__pycache__" || lib.hasSuffix ".py" path || lib.hasSuffix ".c" path;
  };
in
buildPackages.runCommandCC "splitphase-${version}"
  {
    inherit version;
    # Static: it starts for every call of a compiler.
    buildInputs = lib.optional (buildPackages.stdenv.cc.libc or null ? static) buildPackages.stdenv.cc.libc.static;
    meta = {
      description = "Helper that cuts Nix packages into derivations for objects, links and phases";
      license = lib.licenses.mit;
      mainProgram = "splitphase";
      platforms = lib.platforms.linux;
    };
  }
  ''
    mkdir -p $out/bin $out/lib
    cp -r ${source} $out/lib/splitphase
    chmod -R u+w $out/lib
    for part in hashes/scan scan/stat; do
      source=$out/lib/splitphase/$part.c
      $CC -std=c11 -O2 -shared -fPIC -o "''${source%/*}/_$(basename "$source" .c).so" "$source"
      rm "$source"
    done
    mkdir $out/libexec
    $CC -std=c11 -O2 -static -o $out/libexec/splitphase-shim $out/lib/splitphase/intercept/shim/shim.c
    rm -r $out/lib/splitphase/intercept/shim
    mv $out/lib/splitphase/__main__.py $out/lib/__main__.py
    ${python} -m compileall -q --invalidation-mode unchecked-hash $out/lib
    printf '#!%s\nexec %s -IS %s "$@"\n' ${buildPackages.stdenv.shell} ${python} $out/lib > $out/bin/splitphase
    chmod +x $out/bin/splitphase
    $out/bin/splitphase --version
  ''
