"""Shell state across a cut, with real bash on both sides: what was dumped is what comes back."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splitphase.shellstate import changes

BEFORE = """
kept=same
gone=1
exported=old; export exported
unexported=x; export unexported
list=(a b)
declare -A map=([k]=v)
emptied=full
hollow=1; export hollow
turned=scalar
plainText=before
f() { echo old; }
removed() { :; }
untouched() { if true; then echo yes; fi; }
"""
_DUMP = (
    'declare -p >"$1/variables$2"; declare -F | while read -r _ flags name; do '
    'echo "@splitphase-function@ $flags $name"; declare -f "$name"; done >"$1/functions$2"'
)


def bash(script: str, folder: Path, *, check: bool = True) -> str:
    """Run a script in a clean bash as Nix's builder does, and return what it prints."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", script, "bash", str(folder)],
        capture_output=True, check=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0 or not check, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape")


def travel(folder: Path, change: str, before: str = BEFORE) -> str:
    """The text that takes a shell from `before` to what it is after `change`."""
    bash(f'dump() {{ {_DUMP}; }}\n{before}\ndump "$1" -before\n{change}\ndump "$1" \'\'', folder)

    def read(name: str) -> str:
        return (folder / name).read_text(errors="surrogateescape")

    return changes(
        (read("variables-before"), read("variables")),
        (read("functions-before"), read("functions")),
    )


def arrive(folder: Path, change: str, question: str, before: str = BEFORE) -> str:
    """What `question` prints in a shell that took over the state, sourced inside a function."""
    (folder / "state.sh").write_text(travel(folder, change, before), errors="surrogateescape")
    return bash(f'{before}\nresume() {{ local own=1; source "$1"; }}\nresume "$1/state.sh"\n{question}', folder)


CASES = {
    "scalar": "plainText='a  b'",
    "new": "fresh=1",
    "quotes": "plainText=$'a\\'b\"c`d$e\\\\f'",
    "new lines": "plainText=$'one\\n\\ntwo\\n'; fresh=$'\\n'; export fresh",
    "a line like a declaration": "plainText=$'x\\ndeclare -- fake=\"1\"\\n'; fresh='declare -x fake=\"2\"'",
    "control": "plainText=$'\\001\\t\\033[0m\\177'",
    "unicode": "plainText='größe ☃ 日本'; fresh=$'\\303'",
    "empty": "emptied=; fresh=''",
    "array": "list=(a 'b c' '' $'d\\ne' 'f\"g' '(h)' \"i'j\" '[0]=k'); list[12]=sparse",
    "array taken over": "turned=(a b)",
    "array to scalar": "unset list; list=text",
    "empty array": "list=(); fresh=()",
    "array with fewer": "unset 'list[0]'",
    "map": "map[two words]='x y'; map['quo\"te']=1; map[\"it's\"]=2; "
    "map[')']='('; map[$'a\\nb']=$'c\\nd'; map['$x']='`y`'",
    "new map": "declare -A fresh=([a]=1 ['b ]']=2)",
    "map with fewer": "unset 'map[k]'",
    "exported": "exported=new; fresh=1; export fresh list",
    "unexported": "export -n unexported",
    "unset": "unset gone map list exported",
    "declared without value": "unset hollow; export hollow; declare -a fresh",
    "integer": "declare -i fresh=7",
    "lower": "declare -l fresh=ABC; declare -u plainText=abc",
    "parentheses": "plainText='a (b) {c} [d]; e && f #g'; fresh='=('",
    "long": "fresh=$(printf 'x%.0s' {1..200000})",
    "function new": 'fresh() { echo fresh "$@"; }',
    "function changed": "f() { echo new; }",
    "function removed": "unset -f removed",
    "function with a brace line": "fresh() { cat <<'E'\n}\nE\n}; f() { cat <<E\n}\n\nx () \nE\n}",
    "function with redirection": "fresh() { echo a; } 2>/dev/null; zz() { echo b; }",
    "subshell function": "fresh() ( cd /; pwd )",
    "function inside": "fresh() { inner() { echo i; }; inner; }",
    "odd names": "fresh-er() { :; }; a.b() { echo dot; }; _x1() { :; }",
    "function with strings": "fresh() { local x='a\n}\nb'; echo \"$x\"; }",
    "exported function": "export -f f; f() { echo newer; }",
    "exported new function": "fresh() { :; }; export -f fresh; export -f untouched",
    "function that writes a program": "fresh() { cat <<'E'\nint\nmain ()\n{\n  return 0;\n}\nE\n}",
}  # fmt: skip
_ASK = (
    "unset -v own BASH_EXECUTION_STRING; unset -f resume dump; "
    "declare -p | grep -av -e '^declare -[-a-zA-Z]* \\(BASH[A-Z_]*\\|_\\|FUNCNAME\\|PIPESTATUS\\|RANDOM\\|SRANDOM\\|"
    "EPOCH[A-Z]*\\|SECONDS\\|LINENO\\|PPID\\)[= ]' -e '^declare -[-a-zA-Z]* \\(BASH[A-Z_]*\\|FUNCNAME\\)$'; "
    "declare -f; declare -F"
)


@pytest.mark.parametrize("case", CASES)
def test_state_travels(tmp_path: Path, case: str) -> None:
    wanted = bash(f"{BEFORE}\n{CASES[case]}\n{_ASK}", tmp_path)
    assert "untouched ()" in wanted
    assert arrive(tmp_path, CASES[case], _ASK) == wanted


def test_cases_differ_from_the_state_before(tmp_path: Path) -> None:
    """The comparison sees each case: without the taken-over text the shells differ."""
    plain = bash(f"{BEFORE}\n{_ASK}", tmp_path)
    blind = [case for case, change in CASES.items() if bash(f"{BEFORE}\n{change}\n{_ASK}", tmp_path) == plain]
    assert blind == []


def test_nothing_changed_is_nothing_to_do(tmp_path: Path) -> None:
    assert travel(tmp_path, ":").strip() == ""


def test_no_functions_at_all() -> None:
    assert changes(('declare -- a="1"\n', 'declare -- a="2"\n'), ("", "")) == 'declare -g a="2"\n'
    assert changes(("", ""), ("", "")).strip() == ""


@pytest.mark.parametrize(
    "name",
    ["BASH_VERSION", "SECONDS", "PWD", "TMPDIR", "NIX_BUILD_TOP", "NIX_BUILD_CORES", "splitphaseMode", "SHLVL", "UID"],
)
def test_the_machines_own_stays(tmp_path: Path, name: str) -> None:
    text = travel(tmp_path, f"[ {name} = UID ] || {name}=changed\nkept=differs")
    assert name not in text
    assert "kept=" in text


def test_own_functions_stay(tmp_path: Path) -> None:
    text = travel(tmp_path, "splitphaseRun() { :; }; runPhase() { :; }; genericBuild() { :; }; mine() { :; }")
    assert "splitphaseRun" not in text
    assert "runPhase" not in text
    assert "mine ()" in text


_VALUES = st.text(st.sampled_from("ab \n\t'\"\\$`!()[]{}=;&|#~*?é☃\x01declar-x"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    scalar=_VALUES,
    items=st.lists(_VALUES, max_size=3),
    entries=st.dictionaries(_VALUES.filter(bool), _VALUES, max_size=3),
)
def test_any_value(
    tmp_path_factory: pytest.TempPathFactory, scalar: str, items: list[str], entries: dict[str, str]
) -> None:
    def quote(text: str) -> str:
        return "'" + text.replace("'", "'\\''") + "'"

    change = f"plainText={quote(scalar)}\nlist=({' '.join(map(quote, items))})\n"
    change += "".join(f"key={quote(key)}; map[$key]={quote(value)}\n" for key, value in entries.items())
    question = 'printf "%s\\0" "$plainText" "${#list[@]}" "${list[@]}"; '
    question += 'for k in "${!map[@]}"; do printf "%s\\0" "$k=${map[$k]}"; done'
    folder = tmp_path_factory.mktemp("state")
    assert arrive(folder, change, question) == bash(f"{BEFORE}\n{change}\n{question}", folder)


def test_options_of_the_hook(tmp_path: Path) -> None:
    """What lib/hooks/cut.sh saves beside the state: options, umask and working directory."""
    dump = '{ set +o; shopt -p || :; printf \'umask %s\\ncd -- %q\\n\' "$(umask)" "$PWD"; }'
    (tmp_path / "a dir").mkdir()
    options = bash(f'set -f -o pipefail; shopt -s nullglob; umask 027; cd "$1/a dir"; {dump}', tmp_path)
    (tmp_path / "options").write_text(options)
    wanted = bash(f'set -f -o pipefail; shopt -s nullglob; umask 027; cd "$1/a dir"; {dump}', tmp_path)
    assert bash(f'resume() {{ source "$1/options"; }}; resume "$1"; {dump}', tmp_path) == wanted


def test_an_associative_array_keeps_its_order(tmp_path: Path) -> None:
    change = "for i in {1..900}; do map[k$i]=$i; done; map['a ]b']='x\"y'"
    question = 'printf "%s\\n" "${!map[@]}"'
    assert arrive(tmp_path, change, question) == bash(f"{BEFORE}\n{change}\n{question}", tmp_path)
