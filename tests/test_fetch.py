"""dev/fetch --checks: what checks need is all that is not marked for measurements alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

CHECKS = Path(__file__).resolve().parent.parent / "checks"


def test_no_check_uses_what_is_not_fetched_for_checks() -> None:
    sources = json.loads((CHECKS / "sources.json").read_text())
    aside = {name for name, source in sources.items() if source.get("use") == "measurements"}
    assert aside
    for path in CHECKS.glob("*.nix"):
        if path.name != "packages.nix":
            named = re.findall(r"(?:sources|sources\.json\))\.([\w.]+)|package \"([\w.]+)\"", path.read_text())
            assert not aside & {name for pair in named for name in pair}, path
            assert not aside & set(re.findall(r"packages\.(\w+)", path.read_text())), path
