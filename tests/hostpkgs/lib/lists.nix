# Lists.
{ lib }:
let
  inherit (builtins) length;
  min = a: b: if a < b then a else b;
in
rec {
  inherit (builtins)
    all
    any
    concatLists
    concatMap
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    length
    map
    partition
    sort
    tail
    ;

  singleton = x: [ x ];
  toList = x: if isList x then x else [ x ];
  optional = condition: x: if condition then [ x ] else [ ];
  optionals = condition: xs: if condition then xs else [ ];
  last =
    xs:
    if xs == [ ] then throw "lists.last: list must not be empty!" else elemAt xs (length xs - 1);
  init =
    xs:
    if xs == [ ] then throw "lists.init: list must not be empty!" else take (length xs - 1) xs;
  range = first: end: if first > end then [ ] else genList (n: first + n) (end - first + 1);
  replicate = n: x: genList (_: x) n;
  sublist =
    start: count: xs:
    genList (n: elemAt xs (start + n)) (
      if start >= length xs then 0 else min count (length xs - start)
    );
  take = count: sublist 0 count;
  drop = count: xs: sublist count (length xs) xs;
  reverseList =
    xs:
    let
      count = length xs;
    in
    genList (n: elemAt xs (count - n - 1)) count;
  foldr =
    op: nul: xs:
    foldl' (acc: x: op x acc) nul (reverseList xs);
  foldl = foldl';
  imap0 = f: xs: genList (n: f n (elemAt xs n)) (length xs);
  imap1 = f: xs: genList (n: f (n + 1) (elemAt xs n)) (length xs);
  flatten = x: if isList x then concatMap flatten x else [ x ];
  unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
  allUnique = xs: length (unique xs) == length xs;
  remove = x: filter (y: y != x);
  subtractLists = drop: filter (x: !elem x drop);
  intersectLists = keep: filter (x: elem x keep);
  mutuallyExclusive = a: b: length a == 0 || !any (x: elem x a) b;
  count = test: foldl' (n: x: if test x then n + 1 else n) 0;
  findFirst =
    test: default: xs:
    let
      found = filter test xs;
    in
    if found == [ ] then default else head found;
  findFirstIndex =
    test: default: xs:
    let
      found = filter (n: test (elemAt xs n)) (range 0 (length xs - 1));
    in
    if found == [ ] then default else head found;
  forEach = xs: f: map f xs;
  zipListsWith =
    f: a: b:
    genList (n: f (elemAt a n) (elemAt b n)) (min (length a) (length b));
  zipLists = zipListsWith (fst: snd: { inherit fst snd; });
  sortOn = key: sort (a: b: key a < key b);
  naturalSort = sort (a: b: builtins.compareVersions a b < 0);
  groupBy' =
    op: nul: key: xs:
    lib.mapAttrs (_: foldl' op nul) (groupBy key xs);
  cartesianProduct =
    sets:
    foldl' (
      acc: name: concatMap (partial: map (value: partial // { ${name} = value; }) sets.${name}) acc
    ) [ { } ] (lib.attrNames sets);
}
