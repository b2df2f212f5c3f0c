"""Which options are known to be safe: they read nothing that a key does not hold and write nothing that is not named.

Sources: the manuals and `--help` of GCC 12 to 15 (`gcc --help=common,optimizers,target,c,c++`), Clang 14 to 21
(`clang --help-hidden`), GNU as and ld 2.40. Families are accepted by pattern where every member is safe: an option that
has no value names no file, so `-f...` and `-m...` without `=` are safe unless listed; with `=` they are safe if listed.
What an option of the include scanner names (`-I`, `-include`, ...) is in the key because the scanner follows it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from splitphase.intercept.reasons import Reason, unknown
from splitphase.scan.arguments import Option

STORE = "/nix/store/"

# Options whose value may be anything; `name value`, `namevalue` and `name=value` arrive alike.
_SAFE = frozenset(
    """
    -c -o -D -U -I -A -include -imacros -isystem -iquote -idirafter -iprefix -iwithprefix -iwithprefixbefore -isysroot
    -iframework -F -isystem-after -cxx-isystem -c-isystem -objc-isystem -objcxx-isystem -internal-isystem
    -internal-externc-isystem -stdlib++-isystem -iwithsysroot -iframeworkwithsysroot --sysroot --embed-dir -imultiarch
    -MD -MMD -MP -MT -MQ -MF -MV --write-dependencies --write-user-dependencies -x -std --std -stdlib -target --target
    --param -l -L -z -e -u -G
    -r -w -pedantic -pedantic-errors --pedantic --pedantic-errors -ansi --ansi -pipe --pipe -pthread -pthreads -C -CC -P
    -trigraphs --trigraphs -undef -traditional -traditional-cpp -nostdinc -nostdinc++ -nobuiltininc -nostdlib
    -nostdlib++ -nodefaultlibs -nostartfiles -nolibc -nostdlibinc -Qunused-arguments -Qn -Qy -static -static-pie
    -shared -pie -no-pie -nopie -rdynamic -p -pg -s -static-libgcc -shared-libgcc -static-libstdc++ -static-libasan
    -static-libtsan -static-liblsan -static-libubsan -static-libgfortran -static-libquadmath -static-openmp
    -static-libsan -shared-libsan -shared-libasan -symbolic -pass-exit-codes -canonical-prefixes
    -no-canonical-prefixes -integrated-as -no-integrated-as -no-integrated-cpp -rtlib --rtlib -unwindlib --unwindlib
    --start-no-unused-arguments --end-no-unused-arguments
    -disable-llvm-passes -target-feature -mrelax-relocations -mconstructor-aliases
    """.split()
)
# `-fNAME=value` and `-mNAME=value` whose value names no file that is read or written. Prefix maps and compilation
# folders are texts: the compiler opens none of them.
_VALUED = frozenset(
    """
    -fabi-version -fabi-compat-version -falign-functions -falign-jumps -falign-labels -falign-loops
    -fanalyzer-checker -fanalyzer-verbosity -fasan-shadow-offset -fbasic-block-sections -fbinutils-version
    -fcf-protection -fclang-abi-compat -fconstant-string-class -fconstexpr-cache-depth -fconstexpr-depth
    -fconstexpr-loop-limit -fconstexpr-ops-limit -fconstexpr-steps -fcoverage-compilation-dir -fcoverage-prefix-map
    -fdebug-compilation-dir -fdebug-default-version -fdebug-prefix-map -fdiagnostics-color
    -fdiagnostics-column-origin -fdiagnostics-column-unit -fdiagnostics-escape-format
    -fdiagnostics-minimum-margin-width -fdiagnostics-path-format -fdiagnostics-show-category
    -fdiagnostics-show-location -fdiagnostics-text-art-charset -fdiagnostics-urls -fcolor-diagnostics
    -fdiagnostics-show-template-tree -fembed-bitcode -ferror-limit -fexcess-precision -fexec-charset
    -fextend-arguments -ffile-compilation-dir -ffile-prefix-map -ffp-contract -ffp-eval-method
    -ffp-exception-behavior -ffp-model -fgnat-encodings -fgnuc-version -fhardened -finline-limit -finput-charset
    -finstrument-functions-exclude-file-list -finstrument-functions-exclude-function-list -fira-algorithm -fira-region
    -flarge-source-files -flax-vector-conversions -flifetime-dse -flive-patching -fmacro-prefix-map
    -fmacro-backtrace-limit -fmax-errors -fmax-include-depth -fmax-tokens -fmax-type-align -fmessage-length
    -fmin-function-alignment -fms-compatibility-version -fnew-abi-compat -fnew-alignment -faligned-new
    -fno-sanitize -fno-sanitize-coverage -fno-sanitize-recover -fno-sanitize-trap -fobjc-abi-version -fobjc-runtime
    -fopenmp-version -fopenmp -fpack-struct -fpatchable-function-entry -fpermitted-flt-eval-methods
    -fprofile-exclude-files -fprofile-filter-files -fprofile-generate -fcs-profile-generate -fprofile-instr-generate
    -fprofile-prefix-map -fprofile-reproducible -fprofile-update -frandom-seed -freorder-blocks-algorithm
    -fsanitize -fsanitize-address-destructor -fsanitize-address-field-padding -fsanitize-address-use-after-return
    -fsanitize-coverage -fsanitize-hwaddress-abi -fsanitize-memory-track-origins -fsanitize-recover
    -fsanitize-sections -fsanitize-trap -fsanitize-undefined-strip-path-components
    -fsched-stalled-insns -fsched-stalled-insns-dep -fshow-overloads -fsimd-cost-model -fspell-checking-limit
    -fstack-check -fstack-clash-protection -fstack-limit-register -fstack-limit-symbol -fstack-reuse
    -fstrict-flex-arrays -fstrong-eval-order -fstrub -ftabstop -ftemplate-backtrace-limit -ftemplate-depth -ftls-model
    -ftrap-function -ftrapv-handler -ftree-parallelize-loops -ftrivial-auto-var-init
    -ftrivial-auto-var-init-stop-after -fvect-cost-model -fveclib -fvisibility -fvisibility-dllexport
    -fvisibility-externs-dllimport -fvisibility-externs-nodllstorageclass -fvisibility-nodllstorageclass
    -fvisibility-global-new-delete -fwchar-type -fwide-exec-charset -fzero-call-used-regs -fcaret-diagnostics-max-lines
    -fcomplex-arithmetic -fexperimental-library -ffuchsia-api-level -fbracket-depth -ffold-mem-offsets
    -fstack-protector-explicit -fcommon -fxray-instruction-threshold -fxray-instrumentation-bundle -fxray-modes
    -mabi -maddress-mode -malign-branch -malign-branch-boundary -malign-data -malign-double -malign-functions
    -malign-jumps -malign-loops -march -masm -mbranch-cost -mbranch-protection -mcmodel -mcpu -mcode-model -mcode-region
    -mdouble -mexec-model -mfentry-name -mfentry-section -mfloat-abi -mfp16-format -mfpmath -mfpu -mfunction-return
    -mharden-sls -mincoming-stack-boundary -mindirect-branch -mindirect-jump -minstrument-return -misa-spec
    -mlarge-data-threshold -mlong-double -mmax-vectorization -mmemcpy-strategy -mmemset-strategy -mmcu -mmove-max
    -mpad-max-prefix-size -moutline-atomics -mpreferred-stack-boundary -mprefer-vector-width -mrecip -mregparm
    -mriscv-attribute -msecure-plt -msign-return-address -msmall-data-limit -mstack-alignment -mstack-probe-size
    -mstack-protector-guard -mstack-protector-guard-offset -mstack-protector-guard-reg -mstack-protector-guard-symbol
    -mstore-max -mstringop-strategy -mstructure-size-boundary -msve-vector-bits -mtls-dialect -mtls-size -mtp -mtune
    -mtune-ctrl -mtraceback -mveclibabi -mvscale-max -mvscale-min -mwarn-multiple-fast-interrupts -mzarch
    -mdefault-build-attributes -mfix-cortex-a53-835769 -mfloat128 -mfpxx -mips -mnan -mabs -mfp -mhard-float
    -mlinker-version -moverride -mrvv-vector-bits -mrvv-max-lmul -mcrypto -mdynamic-no-pic -mdiv -mthreads
    """.split()
)
# `-f...` and `-m...` that are left though they have no value, or by name and with any value; a longer name that
# begins so is left as well.
_LEFT_PREFIX = {
    prefix: reason
    for reason, prefixes in {
        Reason.PROFILE: """
            -fprofile-use -fbranch-probabilities -fauto-profile -fprofile-instr-use -fprofile-sample-use -fprofile-list
            -fprofile-remapping-file -fprofile-dir -fprofile-path -fmemory-profile-use -fprofile-sample-accurate""",
        Reason.WRITES: """
            -fcallgraph-info -fsave-optimization-record -foptimization-record -ftime-trace -fprofile-note
            -fvtv-debug -fvtv-counts -fvtable-verify -fdeps- -fbuild-session -fcrash-diagnostics-dir -femit-
            -fdiagnostics-format -fdiagnostics-add-output -fdiagnostics-set-output -fdiagnostics-parseable-fixits-to
            -fcas -fcache -fextract-api -fthinlto-index -fthin-link-bitcode""",
        Reason.DUMPS: "-fdump -fcompare-debug -fdisable- -fenable- -fdbg-cnt -fselftest -fself-test",
        Reason.REPORTS: """
            -ftime-report -fmem-report -fpre-ipa-mem-report -fpost-ipa-mem-report -fstats -fopt-info -fproc-stat-report
            -fprofile-report -fhelp -ftarget-help -fversion -ftree-vectorizer-verbose -fira-verbose -fsched-verbose
            -mdump-tune-features -mprint-tune-info -mmacro-stats""",
        Reason.PLUGIN: "-fplugin -fpass-plugin -load -plugin -add-plugin -iplugindir",
        Reason.MODULES: """
            -fmodule -module -fimplicit-module -fprebuilt-module -fcxx-modules -fbuiltin-module-map -gmodules -frewrite-
            -fheader-unit -fapinotes --precompile -fsystem-module""",
        Reason.LTO: "-flto -ffat-lto-objects -fuse-linker-plugin -fwhole-program-vtables -fsplit-lto-unit",
        Reason.SYNTAX_ONLY: "-fsyntax-only -fdriver-only",
        Reason.OFFLOAD: """
            -foffload -fopenmp-targets -fopenmp-target -fgpu -fcuda -fhip -fsycl -fembed-offload-object -fopenacc
            -fopenmp-host -nogpu""",
        Reason.IGNORE_LIST: """
            -fsanitize-ignorelist -fsanitize-blacklist -fsanitize-system-ignorelist -fsanitize-system-blacklist
            -fsanitize-coverage-allowlist -fsanitize-coverage-ignorelist -fsanitize-coverage-blacklist
            -fsanitize-coverage-whitelist -fxray-always-instrument -fxray-never-instrument -fxray-attr-list""",
    }.items()
    for prefix in prefixes.split()
}
_PREFIX = re.compile("|".join(sorted(map(re.escape, _LEFT_PREFIX), key=len, reverse=True)))
_LEFT = {
    name: reason
    for reason, names in {
        Reason.PRINTS: """
            --version --help -help --help-hidden -v --verbose -### -dumpversion -dumpmachine -dumpspecs
            -dumpfullversion -V --target-help --print-prog-name --print-file-name -Q""",
        Reason.REPORTS: "-time -H --trace-includes -save-stats",
        Reason.PREPROCESSES: "-E -M -MM --dependencies --user-dependencies -rewrite-objc",
        Reason.ASSEMBLY: "-S",
        Reason.MISSING_HEADERS: "-MG --print-missing-file-dependencies",
        Reason.TEMPORARIES: "-save-temps --save-temps",
        Reason.BITCODE: "-emit-llvm",
        Reason.WRITES: """
            -MJ -aux-info -gen-cdb-fragment-path -index-store-path -serialize-diagnostics --serialize-diagnostics
            -dumpbase -dumpdir -dumpbase-ext -dependency-file -dependency-dot -coverage-notes-file -coverage-data-file
            -filelist
            -stack-usage-file""",
        Reason.SPECS: "-specs --specs --config --no-default-config -wrapper -b",
        Reason.OVERLAY: "-ivfsoverlay -vfsoverlay",
        Reason.PRECOMPILED: "-include-pch -include-pth -emit-pch",
        Reason.SYNTAX_ONLY: "--analyze -analyze",
    }.items()
    for name in names.split()
}
_PROCESSOR = {"native": Reason.NATIVE, "help": Reason.PRINTS, "?": Reason.PRINTS}
_DRIVERS_OWN = frozenset("-c -o -x -l -L -T".split())
_CHOICES = {
    "-fdiagnostics-format": frozenset("text json json-stderr sarif-stderr clang msvc vi".split()),
    "-fuse-ld": frozenset("bfd gold lld mold".split()),
}
# Folders of the compiler's own programs and files: certain only in the store, where nothing changes.
_TOOLS = frozenset("-B -gcc-toolchain --gcc-toolchain --gcc-install-dir -resource-dir --ld-path".split())
_WARNING = re.compile(r"-W(?![pal],)[\w+.,:#-]*|-Rpass(?:-missed|-analysis)?|-Rno-[\w-]+")
_OPTIMISE = re.compile(r"-O(?:\d|s|z|g|fast|max)?|--optimize")
_DEBUG = re.compile(
    r"-g(?:\d|gdb\d?|dwarf(?:-\d|-aranges)?|dwarf32|dwarf64|dwarf-\d|stabs\+?\d?|btf|ctf\d?|xcoff\+?|vms|codeview|toggle"
    r"|mlt|line-tables-only|line-directives-only|full|used|pubnames|gnu-pubnames|embed-source|column-info|inline-line-tables"
    r"|strict-dwarf|record-gcc-switches|record-command-line|split-dwarf|as-loc-support|as-locview-support"
    r"|variable-location-views|internal-reset-location-views|inline-points|statement-frontiers|describe-dies|simple-template-names"
    r"|structor-decl-linkage-names|template-alias|key-instructions|no-[\w-]+|z|src-hash|prune-btf)?"
)
# No underscore: with one, it is an option of Darwin's linker (`-final_output file`).
_NOTHING = re.compile(r"-[fm][A-Za-z0-9.+-]+")
_LLVM = re.compile(
    r"-(?:x86|arm|aarch64|riscv|ppc|asan|msan|tsan|hwasan|sanitizer-coverage|inline|inlinehint|unroll|vectorize|enable"
    r"|disable|force|align-all|slp|loop|max|min|hot-cold-split|treat-scalable|two-entry|simplifycfg|wasm)[\w-]*(?:=\w+)?"
)
_ASSEMBLER = re.compile(
    r"--(?:alternate|compress-debug-sections(?:=\S+)?|nocompress-debug-sections|(?:no)?execstack|size-check=\w+"
    r"|elf-stt-common=\w+|sectname-subst|generate-missing-build-notes=\w+|gsframe|gen-debug|gstabs\+?|gdwarf-[\w-]+"
    r"(?:=\d)?|hash-size=\d+|keep-locals|mri|multibyte-handling=\w+|reduce-memory-overheads|strip-local-absolute"
    r"|traditional-format|no-warn|warn|fatal-warnings|32|64|x32|divide|no-pad-sections|defsym(?:=.*)?"
    r"|debug-prefix-map=.*|noexecstack)"
    r"|-(?:D|f|g[\w-]*|J|K|L|M|R|W|X|Z|w|k|n|O\w?|q|s|Qy|Qn|E[BL]|nocpp|I|mri|no-pad-sections|no-warn"
    r"|m(?!cpu=native|arch=native)[\w+=,.-]+)"
)


def left(option: Option) -> str:
    """Why this option leaves a call to the compiler; empty if it is known to be safe. For `-Wl,` see linker.py."""
    name = option.name
    if name in _SAFE and not option.wrapper and option.value != "-":
        return ""
    return _left(name, option.value, option.wrapper, option.words[0])


@lru_cache(maxsize=65536)
def _left(name: str, value: str, wrapper: str, word: str) -> str:
    if wrapper == "-Xassembler":
        return _left_assembler(name, value, word)
    if not name or (wrapper and name in _DRIVERS_OWN):
        return unknown(f"{wrapper} {word}".strip())
    if word.startswith("-Wl,") or name == "-Xlinker":
        return ""
    if name in _SAFE:
        return unknown(word) if word == "-I-" else ""
    if name == "-T":  # `-Tbss address`, not the script `bss`
        return unknown(word) if word in {"-Tbss", "-Tdata", "-Ttext"} else ""
    reason = _LEFT.get(name, "")
    if not reason and name == "-mllvm":
        reason = "" if _LLVM.fullmatch(value) else unknown(f"-mllvm {value.partition('=')[0]}")
    elif not reason and name in _TOOLS:
        reason = "" if value.startswith(STORE) else Reason.PROGRAMS
    elif not reason and word.startswith(("-print-", "--print-", "--help=")):
        reason = Reason.PRINTS
    elif not reason:
        reason = _left_family(name, value, word)
    return reason


def _left_family(name: str, value: str, word: str) -> str:
    valued = "=" in word
    if valued and name in _CHOICES:
        return "" if value in _CHOICES[name] else _LEFT_PREFIX.get(name) or unknown(name)
    if not name.startswith("-fno-") or valued:
        prefix = _PREFIX.match(name)
        if prefix:
            return _LEFT_PREFIX[prefix[0]]
    if name in _VALUED and valued:
        return _PROCESSOR.get(value.partition("+")[0], "") if name in {"-march", "-mtune", "-mcpu"} else ""
    safe = (
        (_WARNING.fullmatch(name) and "/" not in value)
        or _OPTIMISE.fullmatch(name)
        or (_DEBUG.fullmatch(name) and "/" not in value)
        or (not valued and _NOTHING.fullmatch(name))
    )
    if safe:
        return ""
    if re.match(r"-d[A-Za-z]+$", name):
        return Reason.DUMPS
    return unknown(name)


def _left_assembler(name: str, value: str, word: str) -> str:
    if re.match(r"-a[cdghilmns]*(=|$)", word):
        return Reason.LISTING
    if word in {"-MD", "--MD"}:
        return Reason.WRITES
    if name in {"-I", "-D", "--defsym"} or _ASSEMBLER.fullmatch(word):
        return ""
    return unknown(f"-Wa,{name or value}")
