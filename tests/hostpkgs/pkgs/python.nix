# The host's Python. A module counts as a package if /usr/bin/python3 can import it; that is checked at build time.
pkgs:
let
  inherit (pkgs) lib;
  modules = {
    # Package name in nixpkgs = name to import and Debian package.
    brotli = [ "brotli" "python3-brotli" ];
    hypothesis = [ "hypothesis" "python3-hypothesis" ];
    jinja2 = [ "jinja2" "python3-jinja2" ];
    jsonschema = [ "jsonschema" "python3-jsonschema" ];
    lief = [ "lief" "python3-pip, then pip install lief" ];
    lz4 = [ "lz4" "python3-lz4" ];
    mypy = [ "mypy" "python3-mypy" ];
    packaging = [ "packaging" "python3-packaging" ];
    pip = [ "pip" "python3-pip" ];
    pyelftools = [ "elftools" "python3-pyelftools" ];
    pytest = [ "pytest" "python3-pytest" ];
    pytest-cov = [ "pytest_cov" "python3-pytest-cov" ];
    pytest-xdist = [ "xdist" "python3-pytest-xdist" ];
    pyyaml = [ "yaml" "python3-yaml" ];
    setuptools = [ "setuptools" "python3-setuptools" ];
    wheel = [ "wheel" "python3-wheel" ];
    zstandard = [ "zstandard" "python3-zstandard" ];
  };
  module =
    pname:
    { import, apt }:
    pkgs.hostTool {
      pname = "python3-${pname}";
      version = "0";
      inherit apt;
      bins = "python3";
      script = ''
        rm "$out/bin/python3"
        /usr/bin/python3 -c 'import ${import}' || missing "the module ${import} for /usr/bin/python3"
      '';
    };
  python = pkgs.hostTool {
    pname = "python3";
    version = "3.11.2";
    bins = "python3 python=python3 pydoc3?";
    setupHook = ./python-hook.sh;
    passthru = {
      interpreter = "${python}/bin/python3";
      pythonVersion = "3.11";
      sitePackages = "lib/python3.11/site-packages";
      libPrefix = "python3.11";
      isPy3 = true;
      pkgs = packages;
      executable = "python3";
      withPackages =
        select:
        let
          chosen = select packages;
        in
        pkgs.hostTool {
          pname = "python3-env";
          version = "3.11.2";
          apt = "python3";
          bins = "python3 python=python3";
          # Being inputs, the modules are checked before this is built; packages of the project's own are found by path.
          script = ''
            sites=
            for module in ${toString chosen}; do
              for site in "$module"/lib/python3*/site-packages; do
                [ ! -d "$site" ] || sites=$sites''${sites:+:}$site
              done
              for program in "$module"/bin/*; do
                [ ! -x "$program" ] || ln -sf "$program" "$out/bin/"
              done
            done
            if [ -n "$sites" ]; then
              rm "$out/bin/python3" "$out/bin/python"
              printf '#! ${pkgs.bash}/bin/bash\nexport PYTHONPATH=%s''${PYTHONPATH:+:$PYTHONPATH}\nexec /usr/bin/python3 "$@"\n' \
                "$sites" >"$out/bin/python3"
              chmod +x "$out/bin/python3"
              ln -s python3 "$out/bin/python"
            fi
          '';
          passthru = python.passthruOfEnv // {
            interpreter = "${python.withPackages select}/bin/python3";
          };
        };
      passthruOfEnv = {
        inherit (python) pythonVersion sitePackages libPrefix isPy3;
        python = python;
      };
    };
  };
  packages =
    lib.mapAttrs (
      pname: spec:
      module pname {
        import = lib.head spec;
        apt = lib.last spec;
      }
    ) modules
    // {
      inherit python;
      pythonOlder = lib.versionOlder python.pythonVersion;
      pythonAtLeast = lib.versionAtLeast python.pythonVersion;
    };
in
{
  python3 = python;
  python3Packages = packages;
  python3Minimal = python;
}
