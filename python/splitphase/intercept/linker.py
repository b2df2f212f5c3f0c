"""The words for the linker in a driver's call, read one by one: `-Wl,a,b`, `-Xlinker a`, and `NIX_LDFLAGS`.

Sources: the manual and `--help` of GNU ld 2.40, with what gold, lld and mold add. A long option may have one
dash or two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from splitphase.intercept.reasons import Reason, unknown
from splitphase.scan.arguments import Option

# Options without a value.
_PLAIN = frozenset(
    """
    E g i n N q r s S x X w d dc dp EB EL export-dynamic no-export-dynamic nmagic omagic no-omagic emit-relocs
    relocatable strip-all strip-debug discard-all discard-locals discard-none strip-discarded no-strip-discarded
    start-group end-group ( ) as-needed no-as-needed add-needed no-add-needed Bdynamic dy call_shared Bstatic dn
    non_shared static Bsymbolic Bsymbolic-functions Bsymbolic-non-weak-functions Bno-symbolic Bgroup Bshareable shared
    check-sections no-check-sections copy-dt-needed-entries no-copy-dt-needed-entries no-demangle demangle
    disable-multiple-abs-defs embedded-relocs fatal-warnings no-fatal-warnings force-exe-suffix gc-sections
    no-gc-sections gc-keep-exported no-define-common no-keep-memory no-undefined allow-shlib-undefined
    no-allow-shlib-undefined allow-multiple-definition undefined-version no-undefined-version default-symver
    default-imported-symver no-warn-mismatch no-warn-search-mismatch warn-mismatch whole-archive no-whole-archive
    noinhibit-exec nostdlib pie pic-executable no-pie no-dynamic-linker qmagic reduce-memory-overheads relax no-relax
    traditional-format dynamic-list-data dynamic-list-cpp-new dynamic-list-cpp-typeinfo warn-common warn-constructors
    warn-execstack no-warn-execstack warn-rwx-segments no-warn-rwx-segments warn-multiple-gp warn-once
    warn-section-align warn-textrel warn-alternate-em warn-unresolved-symbols error-unresolved-symbols push-state
    pop-state ctf-variables no-ctf-variables ld-generated-unwind-info no-ld-generated-unwind-info disable-new-dtags
    enable-new-dtags eh-frame-hdr no-eh-frame-hdr build-id no-build-id no-warnings no-map-whole-files map-whole-files
    accept-unknown-input-arch no-accept-unknown-input-arch enable-non-contiguous-regions
    enable-non-contiguous-regions-warnings force-group-allocation unique sort-common
    O0 O1 O2 O3 no-allow-multiple-definition
    gdb-index no-gdb-index no-icf-sections no-rosegment rosegment
    ignore-data-address-equality no-ld-generated-unwind-info
    no-fix-cortex-a53-843419 fix-cortex-a53-843419 fix-cortex-a53-835769 no-fix-cortex-a53-835769 fix-cortex-a8
    stats be8 no-omit-section-dynsym-zero no-print-gc-sections no-print-map-discarded threads no-threads
    no-detach pack-dyn-relocs-none no-apply-dynamic-relocs apply-dynamic-relocs color-diagnostics
    no-color-diagnostics error-rwx-segments error-execstack no-error-rwx-segments no-error-execstack
    """.split()
)
# Options with a value: `name value` or `name=value`. None names a file that is opened.
_VALUED = frozenset(
    """
    A architecture e entry f auxiliary F filter G gpsize h soname I dynamic-linker l library L library-path m u
    undefined require-defined rpath rpath-link Y assert defsym fini init oformat sort-section
    spare-dynamic-tags section-start Tbss Tdata Ttext Ttext-segment Trodata-segment Tldata-segment
    version-exports-section
    export-dynamic-symbol wrap ignore-unresolved-symbol hash-size hash-style unresolved-symbols audit depaudit P
    exclude-libs z b format max-page-size common-page-size image-base sysroot a
    """.split()
)
# Options whose value comes after `=` only.
_EQUALS = frozenset(
    """
    build-id compress-debug-sections hash-size hash-style unresolved-symbols exclude-libs demangle sort-common
    max-cache-size orphan-handling package-metadata split-by-file split-by-reloc unique icf ctf-share-types
    thread-count threads pack-dyn-relocs error-limit color-diagnostics
    """.split()
)
# Options whose value is a file that the linker reads; `R` may name a folder as well, which is like `rpath` then.
_READS = frozenset(
    """
    T script R version-script dynamic-list retain-symbols-file just-symbols default-script dT
    export-dynamic-symbol-list symbol-ordering-file section-ordering-file
    """.split()
)
_WRITES = frozenset("Map dependency-file".split())
_LEFT = {
    name: reason
    for reason, names in {
        Reason.PRINTS: "v version V help target-help print-output-format print-sysroot",
        Reason.REPORTS: """
            M print-map t trace verbose print-memory-usage print-gc-sections cref y trace-symbol
            print-map-discarded time-report print-icf-sections""",
        Reason.WRITES: "out-implib base_file output-def reproduce print-archive-stats cmse-implib",
        Reason.PLUGIN: "plugin plugin-opt",
        Reason.LTO: "flto lto-O lto-partitions thinlto-jobs thinlto-cache-dir save-temps lto-whole-program-visibility",
        Reason.SPECS: "c mri-script error-handling-script",
    }.items()
    for name in names.split()
}
_JOINED = re.compile(r"-(?:[lLTRzIGO].+|h(?=lib).+|m(?:elf|aarch64|arm|i386|ppc).*)")
"""One-letter options with their value in the same word. `-mllvm` and unknown long options are none of them."""


@dataclass(frozen=True, slots=True)
class LinkerWords:
    """What the linker's words say."""

    reason: str = ""
    inputs: tuple[str, ...] = ()
    """Files that they name: objects, archives, scripts; as spelled."""
    map: str = ""
    depfile: str = ""
    libraries: tuple[str, ...] = ()


def words_for_linker(options: Iterable[Option]) -> Iterator[str]:
    """The words that the driver hands to the linker as they are, in order."""
    for option in options:
        if option.wrapper:
            continue
        word = option.words[0]
        if word.startswith("-Wl,"):
            yield from word[4:].split(",")
        elif option.name == "-Xlinker":
            yield option.value


def read_linker(words: Iterable[str]) -> LinkerWords:
    """Judge the linker's words; the first that is not known to be safe gives the reason."""
    inputs: list[str] = []
    libraries: list[str] = []
    written = {"Map": "", "dependency-file": ""}
    stream = iter(words)
    for word in stream:
        if not word.startswith("-") or word == "-":
            inputs.append(word)
            continue
        name, value, missing = _split(word)
        if missing:
            value = next(stream, "")
        if name in _LEFT or name not in _KNOWN:
            return LinkerWords(reason=_LEFT.get(name, "") or unknown(f"-Wl,{word.partition('=')[0]}"))
        if name in _READS:
            inputs.append(value)
        elif name in _WRITES:
            if written[name] or value.startswith("-") or not value:
                return LinkerWords(reason=Reason.WRITES)
            written[name] = value
        elif name in {"l", "library"}:
            libraries.append(value)
    return LinkerWords("", tuple(inputs), written["Map"], written["dependency-file"], tuple(libraries))


_KNOWN = _PLAIN | _VALUED | _EQUALS | _READS | _WRITES


def _split(word: str) -> tuple[str, str, bool]:
    """Name without dashes, value, and whether the value is the next word."""
    name, equals, value = word.lstrip("-").partition("=")
    if equals and name in _KNOWN:
        return name, value, False
    name = word.lstrip("-")
    takes = name in _VALUED or name in _READS or name in _WRITES
    if name in _KNOWN or name in _LEFT:
        return name, "", takes and name not in _PLAIN
    if name.partition("=")[0] not in _LEFT and _JOINED.fullmatch(word):
        return word[1], word[2:], False
    return name.partition("=")[0], value, False
