# A library and programs, with generated tables.
{ package, pkgs, ... }:
let
  stock = package "fribidi" {
    nativeBuildInputs = [
      pkgs.meson
      pkgs.ninja
      pkgs.pkg-config
    ];
    mesonFlags = [ "-Ddocs=false" ];
  };
in
{
  relinks = true;
  inherit stock;
  edits = {
    one-source.edit = "echo '/* edited */' >> lib/fribidi-run.c";
    header-used-by-few.edit = "echo '/* edited */' >> lib/joining-types.h";
    header-used-by-many.edit = "echo '/* edited */' >> lib/common.h";
    readme.edit = "echo edited >> README";
    flag-of-one-target.edit = "sed -i \"s/c_args: \\['-DHAVE_CONFIG_H'\\]/c_args: ['-DHAVE_CONFIG_H', '-DEDITED']/\" lib/meson.build";
    new-source.edit = ''
      echo 'int fribidi_edited(void) { return 1; }' > lib/edited.c
      sed -i "s/^  'fribidi-shape.c',/&\n  'edited.c',/" lib/meson.build
    '';
    deleted-source.edit = "rm bin/fribidi-caprtl2utf8.c; sed -i /caprtl2utf8/,/install/d bin/meson.build";
    header-moved-earlier.edit = "mv lib/debug.h .";
    configured-header = {
      edit = "sed -i \"s/^cdata.set('HAVE_STRINGIZE', 1)/&\\ncdata.set('EDITED', 2)/\" meson.build";
      # `#ifdef HAVE_CONFIG_H`, which is not defined for them: both branches count.
      unseen = map (name: "fribidi-${stock.version}/gen.tab/${name}.c") [
        "gen-arabic-shaping-tab" "gen-bidi-type-tab" "gen-brackets-tab" "gen-brackets-type-tab" "gen-joining-type-tab"
        "gen-mirroring-tab" "gen-unicode-version" "packtab"
      ];
    };
  };
}
