# A Makefile that lists what each object needs, but not its flags. It has no header that is configured, and no -I.
{ lib, pkgs, ... }:
let
  source = (lib.importJSON ../sources.json)."lua5.4";
  # Below the build's top.
  of = map (name: "lua-${source.version}/src/${name}");
in
{
  stock = lib.makeOverridable (
    { stdenv }:
    stdenv.mkDerivation {
      pname = "lua";
      inherit (source) version;
      src = import ../source.nix source;
      makeFlags = [
        "PLAT=linux"
        "CC=cc"
      ];
      buildFlags = [ "linux" ];
    }
  ) { inherit (pkgs) stdenv; };
  edits = {
    one-source.edit = "echo '/* edited */' >> src/lstring.c";
    header-used-by-few.edit = "echo '/* edited */' >> src/ljumptab.h";
    header-used-by-many.edit = "echo '/* edited */' >> src/luaconf.h";
    readme.edit = "echo edited >> README";
    new-source.edit = ''
      echo 'int luai_edited(void) { return 1; }' > src/ledited.c
      sed -i 's/^LIB_O=/& ledited.o /' src/Makefile
      printf '\nledited.o: ledited.c\n' >> src/Makefile
    '';
    deleted-source.edit = ''
      rm src/lutf8lib.c
      sed -i /luaopen_utf8/d src/linit.c
      sed -i 's/ lutf8lib.o//; /^lutf8lib.o/d' src/Makefile
    '';
    flag-of-one-target = {
      edit = "sed -i '/-c llex.c/s/-c/-DEDITED -c/' src/Makefile";
      unseen = of [ "llex.c" "lua" "luac" ];
    };
  };
}
