# The library is a shared one: its link has the output path as run path, which is another one after every edit.
{ packages, ... }:
{
  stock = packages.leveldb.override { shared = true; };
  edits = {
    one-source.edit = "echo '// edited' >> util/env.cc";
    header-used-by-few.edit = "echo '// edited' >> util/histogram.h; echo '// edited' >> util/no_destructor.h";
    header-used-by-many.edit = "echo '// edited' >> include/leveldb/slice.h";
    readme.edit = "echo edited >> README.md";
    flag-of-one-target.edit = "echo 'target_compile_definitions(leveldbutil PRIVATE EDITED=1)' >> CMakeLists.txt";
    new-source.edit = ''
      echo 'int edited() { return 1; }' > util/edited.cc
      echo 'target_sources(leveldb PRIVATE util/edited.cc)' >> CMakeLists.txt
    '';
    deleted-source.edit = "rm db/c.cc; sed -i '/db\\/c.cc/d' CMakeLists.txt";
    header-moved-earlier.edit = "mkdir leveldb; mv include/leveldb/filter_policy.h leveldb/; sed -i /filter_policy.h/d CMakeLists.txt";
    configured-header.edit = "echo '#define EDITED_VERSION 2' >> port/port_config.h.in";
  };
}
