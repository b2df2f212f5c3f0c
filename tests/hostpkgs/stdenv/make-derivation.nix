# mkDerivation, with nixpkgs' contract.
{
  lib,
  config ? { },
}:
stdenv:
let
  inherit (lib) optional optionalAttrs optionals;

  mkDerivation =
    fnOrAttrs:
    if lib.isFunction fnOrAttrs then extensible fnOrAttrs else extensible (_finalAttrs: fnOrAttrs);

  # The fixed point over the attributes; overrideAttrs is an overlay on it.
  extensible =
    rattrs:
    let
      args = rattrs (args // { inherit finalPackage overrideAttrs; });
      overrideAttrs = f: extensible (lib.extends (lib.toExtension f) rattrs);
      finalPackage = build overrideAttrs args;
    in
    finalPackage;

  hardeningFlags = {
    known = [
      "bindnow"
      "format"
      "fortify"
      "fortify3"
      "pic"
      "pie"
      "relro"
      "stackprotector"
      "stackclashprotection"
      "strictoverflow"
      "trivialautovarinit"
      "zerocallusedregs"
    ];
    default = stdenv.cc.defaultHardeningFlags or (lib.remove "pie" hardeningFlags.known);
  };

  # Host and target platform of each kind of input, and its propagated twin.
  inputKinds = {
    depsBuildBuild = "depsBuildBuildPropagated";
    nativeBuildInputs = "propagatedNativeBuildInputs";
    depsBuildTarget = "depsBuildTargetPropagated";
    depsHostHost = "depsHostHostPropagated";
    buildInputs = "propagatedBuildInputs";
    depsTargetTarget = "depsTargetTargetPropagated";
  };

  checkInput =
    attrs: kind: dep:
    if lib.isList dep then
      map (checkInput attrs kind) dep
    else if dep == null || lib.isDerivation dep || builtins.isString dep || builtins.isPath dep then
      lib.getDev dep
    else
      throw "Dependency is not of a valid type: an element of ${kind} for ${
        attrs.name or attrs.pname or "unnamed"
      } is a ${builtins.typeOf dep}";

  derivationArguments =
    attrs:
    let
      canRun = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
      doCheck = attrs.doCheck or config.doCheckByDefault or false && canRun;
      doInstallCheck = attrs.doInstallCheck or config.doCheckByDefault or false && canRun;
      separateDebugInfo = attrs.separateDebugInfo or false && stdenv.hostPlatform.isLinux;
      enableParallelBuilding =
        attrs.enableParallelBuilding or config.enableParallelBuildingByDefault or false;
      hardeningEnable = attrs.hardeningEnable or [ ];
      hardeningDisable =
        attrs.hardeningDisable or [ ]
        ++ optional (lib.elem "fortify" attrs.hardeningDisable or [ ]) "fortify3";
      unknownFlags = lib.subtractLists (hardeningFlags.known ++ [ "all" ]) (
        hardeningEnable ++ hardeningDisable
      );
      more = {
        nativeBuildInputs =
          optional separateDebugInfo ./hooks/separate-debug-info.sh
          ++ optionals doCheck attrs.nativeCheckInputs or [ ]
          ++ optionals doInstallCheck attrs.nativeInstallCheckInputs or [ ];
        buildInputs =
          optionals doCheck attrs.checkInputs or [ ]
          ++ optionals doInstallCheck attrs.installCheckInputs or [ ];
      };
      inputs = lib.concatMapAttrs (kind: propagated: {
        ${kind} = map (checkInput attrs kind) (attrs.${kind} or [ ] ++ more.${kind} or [ ]);
        ${propagated} = map (checkInput attrs propagated) attrs.${propagated} or [ ];
      }) inputKinds;
      contentAddressed =
        attrs.__contentAddressed or (!(attrs ? outputHash) && config.contentAddressedByDefault or false);
      # What must not become an input: only the text of the path.
      withoutContext =
        x: if lib.isDerivation x then builtins.unsafeDiscardStringContext x.outPath else x;
    in
    assert lib.assertMsg (unknownFlags == [ ])
      "mkDerivation was called with unsupported hardening flags: ${toString unknownFlags}";
    removeAttrs attrs [
      "checkInputs"
      "installCheckInputs"
      "nativeCheckInputs"
      "nativeInstallCheckInputs"
      "__contentAddressed"
    ]
    // optionalAttrs (attrs ? name || attrs ? pname && attrs ? version) {
      name = lib.sanitizeDerivationName (attrs.name or "${attrs.pname}-${attrs.version}");
    }
    // {
      builder = attrs.realBuilder or stdenv.shell;
      args =
        attrs.args or [
          "-e"
          (attrs.builder or ./default-builder.sh)
        ];
      inherit stdenv;
      inherit (stdenv.buildPlatform) system;
      userHook = config.stdenv.userHook or null;
      __ignoreNulls = true;
      __structuredAttrs = attrs.__structuredAttrs or config.structuredAttrsByDefault or false;
      strictDeps = attrs.strictDeps or config.strictDepsByDefault or false;
    }
    // inputs
    // {
      configureFlags =
        attrs.configureFlags or [ ]
        ++ map (platform: "--${platform}=${stdenv."${platform}Platform".config}") attrs.configurePlatforms or [ ];
      cmakeFlags = attrs.cmakeFlags or [ ];
      mesonFlags = attrs.mesonFlags or [ ];
      patches = attrs.patches or [ ];
      inherit doCheck doInstallCheck;
      outputs = attrs.outputs or [ "out" ] ++ optional separateDebugInfo "debug";
    }
    // optionalAttrs contentAddressed {
      __contentAddressed = true;
      outputHashAlgo = attrs.outputHashAlgo or "sha256";
      outputHashMode = attrs.outputHashMode or "recursive";
    }
    // optionalAttrs enableParallelBuilding {
      inherit enableParallelBuilding;
      enableParallelChecking = attrs.enableParallelChecking or true;
      enableParallelInstalling = attrs.enableParallelInstalling or true;
    }
    // optionalAttrs (hardeningDisable != [ ] || hardeningEnable != [ ]) {
      NIX_HARDENING_ENABLE = toString (
        optionals (!lib.elem "all" hardeningDisable) (
          lib.subtractLists hardeningDisable (hardeningFlags.default ++ hardeningEnable)
        )
      );
    }
    // lib.mapAttrs (_: lib.mapNullable (map withoutContext)) (
      builtins.intersectAttrs {
        allowedReferences = null;
        allowedRequisites = null;
        disallowedReferences = null;
        disallowedRequisites = null;
      } attrs
    );

  build =
    overrideAttrs: attrs:
    let
      env = attrs.env or { };
      exportable = lib.isAttrs env && !lib.isDerivation env;
      structured = attrs.__structuredAttrs or config.structuredAttrsByDefault or false;
      bare = derivationArguments (
        removeAttrs attrs (
          [
            "meta"
            "passthru"
            "pos"
          ]
          ++ optional (structured || exportable) "env"
        )
      );
      overlap = lib.attrNames (builtins.intersectAttrs env bare);
      checkedEnv =
        assert lib.assertMsg exportable
          "When using structured attributes, `env` must be an attribute set of environment variables.";
        assert lib.assertMsg (overlap == [ ])
          "The `env` attribute set cannot contain any attributes passed to derivation. The following attributes are overlapping: ${lib.concatStringsSep ", " overlap}";
        lib.mapAttrs (
          name: value:
          assert lib.assertMsg
            (lib.isString value || lib.isBool value || lib.isInt value || lib.isDerivation value)
            "The `env` attribute set can only contain derivation, string, boolean or integer attributes. The `${name}` attribute is of type ${builtins.typeOf value}.";
          value
        ) env;
      arguments =
        bare
        // optionalAttrs (structured && exportable) { env = checkedEnv; }
        // optionalAttrs (!structured && exportable) checkedEnv;
      drv = derivation arguments;
    in
    lib.extendDerivation true (
      {
        inherit overrideAttrs;
        passthru = attrs.passthru or { };
        meta = {
          inherit (arguments) name;
          available = true;
          broken = false;
          unfree = false;
          insecure = false;
          unsupported = false;
          outputsToInstall = [ (lib.head arguments.outputs) ];
          position =
            let
              pos = attrs.pos or (builtins.unsafeGetAttrPos (if attrs ? version then "version" else "name") attrs);
            in
            if pos == null then null else "${pos.file}:${toString pos.line}";
        } // attrs.meta or { };
        # Builds always, and refers to everything that building the package needs.
        inputDerivation = derivation (
          removeAttrs arguments [
            "outputHash"
            "outputHashAlgo"
            "outputHashMode"
            "outputChecks"
            "allowedReferences"
            "allowedRequisites"
            "disallowedReferences"
            "disallowedRequisites"
          ]
          // {
            outputs = [ "out" ];
            _derivation_original_builder = arguments.builder;
            _derivation_original_args = arguments.args;
            builder = stdenv.shell;
            args = [
              "-c"
              (
                if structured then
                  ''
                    . .attrs.sh; while read -r line; do echo "$line"; done <.attrs.json >"''${outputs[out]}"
                  ''
                else
                  ''
                    export >"$out"; for var in ''${passAsFile-}; do p="''${var}Path"; printf %s "$(<"''${!p}")" >>"$out"; done
                  ''
              )
            ];
          }
        );
      }
      // attrs.passthru or { }
    ) drv;
in
{
  inherit mkDerivation;
}
