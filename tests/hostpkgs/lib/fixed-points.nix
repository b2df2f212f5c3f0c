# Fixed points, overlays, extensible sets.
{ lib }:
rec {
  fix =
    f:
    let
      x = f x;
    in
    x;

  fix' =
    f:
    let
      x = f x // {
        __unfix__ = f;
      };
    in
    x;

  extends =
    overlay: f: final:
    let
      prev = f final;
    in
    prev // overlay final prev;

  composeExtensions =
    f: g: final: prev:
    let
      first = f final prev;
    in
    first // g final (prev // first);

  composeManyExtensions = builtins.foldl' composeExtensions (_final: _prev: { });

  # An overlay from a set, from `prev: { }` or from `final: prev: { }`.
  toExtension =
    f:
    if !lib.isFunction f then
      (_final: _prev: f)
    else
      final: prev:
      let
        first = f prev;
      in
      if lib.isFunction first then f final prev else first;

  makeExtensible = makeExtensibleWithCustomName "extend";

  makeExtensibleWithCustomName =
    name: rattrs:
    fix' (
      self:
      rattrs self
      // {
        ${name} = f: makeExtensibleWithCustomName name (extends f rattrs);
      }
    );
}
