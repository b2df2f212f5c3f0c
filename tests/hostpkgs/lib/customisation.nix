# callPackage, overriding, scopes.
{ lib }:
rec {
  makeOverridable =
    f:
    lib.mirrorFunctionArgs f (
      origArgs:
      let
        result = f origArgs;
        overrideWith = newArgs: origArgs // (if lib.isFunction newArgs then newArgs origArgs else newArgs);
        override = lib.mirrorFunctionArgs f (newArgs: makeOverridable f (overrideWith newArgs));
        overrideResult = g: makeOverridable (lib.mirrorFunctionArgs f (args: g (f args))) origArgs;
      in
      if lib.isAttrs result then
        result
        // {
          inherit override;
          overrideDerivation = g: overrideResult (drv: overrideDerivation drv g);
        }
        // lib.optionalAttrs (result ? overrideAttrs) {
          overrideAttrs = g: overrideResult (drv: drv.overrideAttrs g);
        }
      else if lib.isFunction result then
        lib.setFunctionArgs result (lib.functionArgs result) // { inherit override; }
      else
        result
    );

  # The legacy way: changes the derivation's own arguments, after mkDerivation.
  overrideDerivation =
    drv: f:
    let
      changed = derivation (drv.drvAttrs // f drv);
    in
    lib.extendDerivation true (
      {
        meta = drv.meta or { };
        passthru = drv.passthru or { };
      }
      // drv.passthru or { }
    ) (changed // { outputs = changed.drvAttrs.outputs or [ "out" ]; });

  callPackageWith =
    scope: fileOrFunction: args:
    let
      f = if lib.isFunction fileOrFunction then fileOrFunction else import fileOrFunction;
      wanted = lib.functionArgs f;
      given = builtins.intersectAttrs wanted scope // args;
      missing = lib.filter (name: !wanted.${name} && !given ? ${name}) (lib.attrNames wanted);
    in
    if missing == [ ] then
      makeOverridable f given
    else
      throw "lib.customisation.callPackageWith: function called without required argument \"${lib.head missing}\" (hostpkgs, the stand-in for nixpkgs, may not have it)";

  callPackagesWith =
    scope: fileOrFunction: args:
    let
      f = if lib.isFunction fileOrFunction then fileOrFunction else import fileOrFunction;
    in
    f (builtins.intersectAttrs (lib.functionArgs f) scope // args);

  makeScope =
    newScope: f:
    let
      self = f self // {
        newScope = scope: newScope (self // scope);
        callPackage = self.newScope { };
        overrideScope = overlay: makeScope newScope (lib.extends overlay f);
        packages = f;
      };
    in
    self;
}
