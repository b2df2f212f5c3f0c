"""A finished build whose hashes are replaced, as a restored one's are: real Ninjas find nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from real_ninja import Ninja
from splitphase.ninja.log import read_log
from splitphase.ninja.restored import build_directories, rehash
from splitphase.rewrite import Rewriter

OLD, NEW = "0c5b8vw40dy178xlpddw65q9gf1h2186", "p4m9xk2rqz7ywl1vj8s3n6hd5gf0cbaa"
RULES = f"""
prefix = /nix/store/{OLD}-hello-1.0
rule cc
  command = gcc -MD -MF $out.d '-DPREFIX="$prefix"' -c $in -o $out
  depfile = $out.d
  deps = gcc
rule link
  command = gcc @$rspfile -o $out -Wl,-rpath,$prefix/lib
  rspfile = $out.rsp
  rspfile_content = $in
rule later
  command = touch two.txt && echo $prefix > $out
rule dyndep
  command = printf 'ninja_dyndep_version = 1\\nbuild one.txt | two.txt: dyndep\\n' > $out
"""
BUILD = """
{builddir}
include rules/rules.ninja
build made.o: cc main.c
build program: link made.o
build dyn.dd: dyndep
build one.txt: later | dyn.dd
  dyndep = dyn.dd
"""


@pytest.mark.parametrize("builddir", ["", "builddir = logs"])
@pytest.mark.parametrize("where", ["", "sub/build"])
def test_nothing_to_do(ninja: Ninja, tmp_path: Path, builddir: str, where: str) -> None:
    """With an included file, a response file, a dyndep file, and the log somewhere else."""
    build = tmp_path / where
    (build / "rules").mkdir(parents=True)
    (build / "rules/rules.ninja").write_text(RULES)
    (build / "build.ninja").write_text(BUILD.format(builddir=builddir))
    (build / "main.c").write_text("#include <stdio.h>\nint main(void) { puts(PREFIX); }\n")
    ninja(build)
    log = build / ("logs" if builddir else "") / ".ninja_log"
    before = read_log(str(log))
    changed = Rewriter({OLD: NEW}, {OLD: "hello-1.0"}).tree(tmp_path)
    assert "no work to do" not in ninja.explain(build)
    assert build_directories(tmp_path, changed) == [build]
    rehash(build)
    assert "no work to do" in ninja.explain(build)
    after = read_log(str(log))
    assert [entry.output for entry in after.entries] == [entry.output for entry in before.entries]
    assert (before.version, "two.txt") == (
        after.version,
        next(e.output for e in after.entries if e.output == "two.txt"),
    )
