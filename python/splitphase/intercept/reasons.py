"""Why a call is left to the compiler: the one table, so that a report can count by reason."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What a report says; the reasons that name a word are made by the functions below."""

    # The shape of the call.
    PROGRAM = "the program is no C, C++ or Objective-C compiler driver"
    NOT_IN_TREE = "the working directory is outside the tree"
    RESPONSE_FILE = "a response file cannot be read"
    PRINTS = "it prints what it knows"
    PREPROCESSES = "it preprocesses only"
    ASSEMBLY = "its output is assembly"
    SYNTAX_ONLY = "it checks the syntax only"
    NO_INPUT = "it has no input"
    STANDARD_INPUT = "it reads standard input"
    SEVERAL_SOURCES = "it has several sources"
    SOURCE_OUTSIDE = "its source is outside the tree"
    COMPILES_AND_LINKS = "it compiles and links in one call"
    OTHER_INPUT = "it has an input beside its source"
    SEVERAL_OUTPUTS = "it names several outputs"
    OUTPUT_OUTSIDE = "its output is outside the tree"
    OUTPUT_NO_FILE = "its output is no regular file"
    OUTPUT_UNCERTAIN = "the name of its output is not certain"
    PROBE = "it is a probe of a configuration"
    # The language.
    FORTRAN = "the include scanner does not read Fortran"
    OFFLOAD = "it compiles for a second device (CUDA, HIP, OpenCL, offloading)"
    LANGUAGE = "the include scanner does not read its language"
    PRECOMPILED = "a precompiled header differs from run to run, or holds the times of its files"
    MODULES = "modules"
    # What its words do.
    LTO = "LTO"
    BITCODE = "its output is bitcode"
    PROFILE = "it reads a profile"
    NATIVE = "it reads the processor (=native)"
    TEMPORARIES = "it keeps files on the way (-save-temps)"
    DUMPS = "it writes dumps"
    WRITES = "it writes a file besides its output"
    LISTING = "it writes or prints a listing of the assembler"
    REPORTS = "it reports on the compiler's own work"
    PLUGIN = "it loads a plugin"
    PROGRAMS = "it takes programs or files of the compiler from outside the store"
    SPECS = "it reads specs or a configuration file"
    OVERLAY = "it reads an overlay of the file system"
    IGNORE_LIST = "it reads a list of what to leave out"
    DEPENDENCIES = "the names of its dependency files are not certain"
    MISSING_HEADERS = "it takes missing headers for generated ones (-MG)"
    # Variables.
    WRITING_VARIABLE = "a variable makes it write dependencies (DEPENDENCIES_OUTPUT, SUNPRO_DEPENDENCIES)"
    REWRITING_VARIABLE = "a variable changes its words (CCC_OVERRIDE_OPTIONS)"
    PATTERN_VARIABLE = "a variable of the wrapper holds a shell pattern"
    LOADING_VARIABLE = "a variable loads a library into it (LD_PRELOAD, LD_AUDIT)"
    PRINTING_VARIABLE = "a variable makes it print what it does"
    HIDDEN_WORDS = "a variable of the wrapper holds more than options"

    # rustc.
    TEST_OF_COMPILER = "it asks rustc something"
    NO_DEPENDENCIES = "it writes no dependency file, or another kind of output"
    INCREMENTAL = "incremental state differs from build to build"
    CRATE_TYPE = "the type of the crate, or its target, is not known"
    UNSEEN_CRATE = "it uses a crate whose compile was not seen"
    RUSTC_OUTSIDE = "rustc or its linker is outside of the store"
    PACKAGE_OUTSIDE = "its package or what it uses is outside of the tree"
    OUTPUT_PATH_WORD = "an output path is in its words"
    LINK_WORDS = "words for the linker may name files of the tree"


def unknown(name: str) -> str:
    """The reason of an option that no table knows; `name` without its value."""
    return f"the option {name} is not known to be safe"
