# Outputs, meta, and attributes added to derivations.
{ lib }:
rec {
  getOutput =
    output: package:
    if !package ? outputSpecified || !package.outputSpecified then
      package.${output} or package.out or package
    else
      package;
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getDev = getOutput "dev";
  getMan = getOutput "man";
  getStatic = getOutput "static";
  getInclude = package: package.include or (getDev package);
  chooseDevOutputs = map getDev;

  # drv with extra attributes on itself and on each of its outputs; the attributes win over the derivation's own.
  extendDerivation =
    condition: extra: drv:
    let
      common =
        drv
        // lib.genAttrs drv.outputs outputOf
        // {
          all = map outputOf drv.outputs;
        }
        // extra;
      pathsOf = output: {
        drvPath =
          assert condition;
          output.drvPath;
        outPath =
          assert condition;
          output.outPath;
      };
      outputOf =
        name:
        common
        // {
          inherit (drv.${name}) type outputName;
          outputSpecified = true;
        }
        // pathsOf drv.${name};
    in
    common // pathsOf drv;

  lazyDerivation =
    {
      derivation,
      meta ? null,
      passthru ? { },
      outputs ? [ "out" ],
    }:
    lib.genAttrs (
      outputs
      ++ [
        "outPath"
        "drvPath"
        "name"
        "system"
        "outputName"
      ]
    ) (name: derivation.${name})
    // {
      type = "derivation";
      inherit outputs passthru;
      meta = if meta == null then derivation.meta else meta;
    }
    // passthru;

  hydraJob = drv: drv;
  addMetaAttrs = extra: drv: drv // { meta = drv.meta or { } // extra; };
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  getExe' = package: name: "${getBin package}/bin/${name}";
  getExe = package: getExe' package (package.meta.mainProgram or (lib.getName package));
  platforms = {
    all = platforms.linux;
    unix = platforms.linux;
    linux = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
