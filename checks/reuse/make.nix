# A Makefile that lists what each object needs, but not its flags. It has no header that is configured, and no -I.
{ package, ... }:
let
  stock = package "lua5.4" {
    makeFlags = [
      "PLAT=linux"
      "CC=cc"
    ];
    buildFlags = [ "linux" ];
  };
  # Below the build's top.
  of = map (name: "lua-${stock.version}/src/${name}");
in
{
  inherit stock;
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
