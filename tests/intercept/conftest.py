"""Where the tests find shim and server."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from shimmed import tools
from small_project import Project


@pytest.fixture
def project() -> Iterator[Project]:
    folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="sp-test-")))
    folder.chmod(0o755)
    tools()
    yield Project(folder)
    shutil.rmtree(folder, ignore_errors=True)
