# Exact reuse: for each edit, the objects and links whose derivation differs from the unedited package's are those that
# ninja itself makes again in an already built tree, or fewer. Nothing is compiled for this but the oracle's own tree. The
# library is a shared one: its link has the output path as run path, which is another one after every edit.
{
  lib,
  pkgs,
  scope,
  packages,
}:
let
  stock = packages.leveldb.override { shared = true; };
  split = package: package.override { stdenv = scope.objcacheStdenv; };
  base = split stock;

  unrelated = pkgs.runCommand "unrelated" { } "mkdir -p $out/include; echo '#define UNRELATED' > $out/include/unrelated.h";

  # `edit` is shell text run in the source's top folder; `attrs` changes attributes instead. `fewer` are sources that
  # ninja recompiles although nothing that they read has changed. `none`: ninja cannot see this edit.
  edits = {
    one-source.edit = "echo '// edited' >> util/env.cc";
    header-used-by-few.edit = "echo '// edited' >> util/histogram.h; echo '// edited' >> util/no_destructor.h";
    header-used-by-many.edit = "echo '// edited' >> include/leveldb/slice.h";
    readme.edit = "echo edited >> README.md";
    post-install.attrs.postInstall = "echo edited";
    meta.attrs.meta.description = "edited";
    flag-of-one-target.edit = "echo 'target_compile_definitions(leveldbutil PRIVATE EDITED=1)' >> CMakeLists.txt";
    new-source.edit = ''
      echo 'int edited() { return 1; }' > util/edited.cc
      echo 'target_sources(leveldb PRIVATE util/edited.cc)' >> CMakeLists.txt
    '';
    deleted-source.edit = "rm db/c.cc; sed -i '/db\\/c.cc/d' CMakeLists.txt";
    header-moved-earlier.edit = "mkdir leveldb; mv include/leveldb/filter_policy.h leveldb/; sed -i /filter_policy.h/d CMakeLists.txt";
    configured-header.edit = "echo '#define EDITED_VERSION 2' >> port/port_config.h.in";
    unrelated-input.attrs.buildInputs = [ unrelated ];
  };

  # Objects whose command holds the output path.
  prefixed = scope.objcacheStdenv.mkDerivation {
    name = "prefixed";
    src = builtins.path { path = ./fixtures/prefix; name = "source"; };
    nativeBuildInputs = [
      pkgs.cmake
      pkgs.ninja
    ];
  };

  rebuilt =
    base: edited:
    let
      actions = package: lib.attrValues package.splitphase.objects ++ lib.attrValues package.splitphase.links;
      path = action: builtins.unsafeDiscardStringContext action.drvPath;
      before = lib.listToAttrs (map (action: lib.nameValuePair (path action) true) (actions base));
      changed = lib.filter (action: !(before ? ${path action})) (actions edited);
      names = map (action: action.name) changed;
    in
    map (action: action.source) (
      lib.filter (action: lib.elem action.name names) edited.splitphase.manifest.actions
    );

  # What ninja makes again when the edit is made in a finished tree.
  oracle =
    name: edit:
    stock.overrideAttrs {
      pname = "ninja-after-${name}";
      postBuild = ''
        (cd .. && ${edit})
        ninja -v >after.log
        mkdir -p $out
        sed -n -e 's,.* -c /build/\(\S*\)$,\1,p' \
          -e "/ : && /s,.* -o \(\S*\) .*,''${PWD#/build/}/\1,p" after.log | sort > $out/again
      '';
      installPhase = "true";
    };

  one =
    name:
    {
      edit ? null,
      attrs ? { },
    }:
    let
      edited = base.overrideAttrs (attrs // lib.optionalAttrs (edit != null) { postPatch = edit; });
      ours = lib.concatMapStrings (source: "${source}\n") (lib.naturalSort or (lib.sort (a: b: a < b)) (rebuilt base edited));
    in
    lib.nameValuePair "reuse-${name}" (
      pkgs.runCommand "reuse-${name}"
        {
          inherit ours;
          passAsFile = [ "ours" ];
          again = if edit == null then "/dev/null" else "${oracle name edit}/again";
        }
        ''
          export LC_ALL=C
          sort $oursPath > ours
          echo "${name}: ninja $(wc -l < $again), splitphase $(wc -l < ours)" | tee $out
          cat ours >> $out
          if comm -23 ours $again | grep .; then
            echo "error: these are rebuilt by splitphase but not by ninja" >&2
            exit 1
          fi
          if comm -13 ours $again | grep .; then
            echo "error: these are rebuilt by ninja but not by splitphase" >&2
            exit 1
          fi
        ''
    );
in
lib.mapAttrs' one edits
// {
  reuse-prefix =
    let
      again = rebuilt prefixed (prefixed.overrideAttrs { postPatch = "echo edited > README.md"; });
    in
    assert lib.assertMsg (again == [ ]) "an edit of README.md makes again: ${toString again}";
    pkgs.runCommand "reuse-prefix" { } "touch $out";
}
