# Automake with libtool.
{ package, ... }:
let
  stock = package "popt" {
    # Without it make itself would not know what to make again.
    dontAddDisableDepTrack = true;
    configureFlags = [ "--disable-nls" ];
  };
  # Below the build's top.
  of = map (name: "popt-${stock.version}/${name}");
in
{
  inherit stock;
  edits = {
    one-source.edit = "echo '/* edited */' >> src/poptparse.c";
    header-used-by-few.edit = "echo '/* edited */' >> src/lookup3.c";
    header-used-by-many.edit = "echo '/* edited */' >> src/popt.h";
    readme.edit = "echo edited >> README";
    new-source.edit = ''
      echo 'int popt_edited(void) { return 1; }' > src/edited.c
      sed -i 's/^am_libpopt_la_OBJECTS = /&edited.lo /' src/Makefile.in
    '';
    deleted-source.edit = ''
      sed '/include "/d' src/poptconfig.c >> src/popthelp.c
      rm src/poptconfig.c
      sed -i -e 's/ poptconfig\.lo//' -e 's, \./$(DEPDIR)/poptconfig\.Plo,,' -e '/include.*poptconfig\.Plo/d' src/Makefile.in
    '';
    header-moved-earlier.edit = "mv src/lookup3.c .";
    configured-header.edit = "echo '#define EDITED_VERSION 2' >> config.h.in";
    flag-of-one-target = {
      edit = "sed -i 's/^AM_CPPFLAGS = /&-DEDITED /' src/Makefile.in";
      unseen =
        of (map (name: "src/${name}") [ "popt.c" "poptconfig.c" "popthelp.c" "poptint.c" "poptparse.c" ".libs/libpopt.so.0.0.2" ])
        ++ of (map (name: "tests/.libs/${name}") [ "tdict" "test1" "test2" "test3" ]);
    };
  };
}
