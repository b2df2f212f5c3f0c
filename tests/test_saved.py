"""What is saved at a cut beside the tree."""

from __future__ import annotations

import subprocess
from pathlib import Path

from splitphase import saved


def test_functions_with_patterns_that_an_option_allows(tmp_path: Path) -> None:
    """Extglob was turned on behind the functions, which then could not be read."""
    function = "ext () \n{ \n    case $1 in \n        !(foo)) echo other;;\n    esac\n}\n"
    for name in ("variables-before", "variables", "functions-before"):
        (tmp_path / name).write_text("")
    (tmp_path / "functions").write_text(f"@splitphase-function@ -f ext\n{function}")
    (tmp_path / "options").write_text("set -o nounset\nshopt -s extglob\ncd -- /\n")
    saved.write_state(tmp_path, tmp_path)
    script = 'resume() { source "$1"; }; resume "$1"; ext bar; echo $-; pwd'
    done = subprocess.run(
        ["bash", "-c", script, "bash", str(tmp_path / ".state.sh")], check=True, capture_output=True, text=True
    )
    assert done.stdout.split()[0] == "other"
    assert "u" in done.stdout.split()[1]
    assert done.stdout.split()[2] == "/"
