import pytest

from splitphase.intercept import variables
from splitphase.intercept.call import Kind
from splitphase.intercept.reasons import Reason

ENVIRONMENT = {
    "PATH": "/bin",
    "HOME": "/homeless-shelter",
    "NIX_BUILD_CORES": "8",
    "NIX_BUILD_TOP": "/build",
    "NIX_STORE": "/nix/store",
    "NIX_LDFLAGS": "-L/x",
    "NIX_CFLAGS_COMPILE_FOR_BUILD": "-DX",
    "NIX_CC_WRAPPER_TARGET_HOST_x86_64_unknown_linux_gnu": "1",
    "NIX_HARDENING_ENABLE": "pic",
    "NIX_ENFORCE_NO_NATIVE": "1",
    "CPATH": "/i",
    "LIBRARY_PATH": "/l",
    "LC_ALL": "C",
    "TERM": "dumb",
    "SOURCE_DATE_EPOCH": "315532800",
    "TZ": "UTC",
    "TMPDIR": "/build",
    "name": "hello",
}
FOR_COMPILES = [
    "CPATH",
    "NIX_BUILD_TOP",
    "NIX_CC_WRAPPER_TARGET_HOST_x86_64_unknown_linux_gnu",
    "NIX_CFLAGS_COMPILE_FOR_BUILD",
    "NIX_ENFORCE_NO_NATIVE",
    "NIX_HARDENING_ENABLE",
    "NIX_STORE",
]


def test_relevant() -> None:
    assert list(variables.relevant(ENVIRONMENT, Kind.COMPILE)) == FOR_COMPILES
    assert list(variables.relevant(ENVIRONMENT, Kind.LINK)) == sorted([*FOR_COMPILES, "LIBRARY_PATH", "NIX_LDFLAGS"])


def test_temporary_folders_count_where_the_wrapper_checks_paths() -> None:
    checked = variables.relevant(ENVIRONMENT | {"NIX_ENFORCE_PURITY": "1"}, Kind.COMPILE)
    assert list(checked) == sorted([*FOR_COMPILES, "NIX_ENFORCE_PURITY", "TMPDIR"])


def test_messages_and_dates_are_apart() -> None:
    assert variables.messages(ENVIRONMENT) == {"LC_ALL": "C", "TERM": "dumb"}
    assert variables.dates(ENVIRONMENT) == {"SOURCE_DATE_EPOCH": "315532800", "TZ": "UTC"}


UNSAFE = {
    "DEPENDENCIES_OUTPUT=d": Reason.WRITING_VARIABLE,
    "SUNPRO_DEPENDENCIES=d": Reason.WRITING_VARIABLE,
    "CCC_OVERRIDE_OPTIONS=+-g": Reason.REWRITING_VARIABLE,
    "COMPILER_PATH=/usr/lib": Reason.PROGRAMS,
    "COMPILER_PATH=/nix/store/x:": Reason.PROGRAMS,
    "COMPILER_PATH=/nix/store/x:/nix/store/y": "",
    "GCC_EXEC_PREFIX=/usr/lib/gcc/": Reason.PROGRAMS,
    "GCC_EXEC_PREFIX=/nix/store/x/lib/gcc/": "",
    "NIX_DEBUG=1": Reason.PRINTING_VARIABLE,
    "NIX_DEBUG=0": "",
    "NIX_DEBUG=": "",
}


@pytest.mark.parametrize("setting", UNSAFE)
def test_variables_that_leave_a_call(setting: str) -> None:
    name, _, value = setting.partition("=")
    assert variables.unsafe(ENVIRONMENT, Kind.COMPILE) == ""
    assert variables.unsafe(ENVIRONMENT | {name: value}, Kind.COMPILE) == UNSAFE[setting]


def test_dependencies_are_written_by_compiles_only() -> None:
    assert variables.unsafe({"DEPENDENCIES_OUTPUT": "d"}, Kind.LINK) == ""
    assert variables.unsafe({"CCC_OVERRIDE_OPTIONS": "d"}, Kind.LINK) == Reason.REWRITING_VARIABLE
