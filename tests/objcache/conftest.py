"""Fixtures: an empty package, and a small one with all kinds of links."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from recorded_build import Build, new_folder
from small_package import FILES


@pytest.fixture
def build() -> Iterator[Build]:
    folder = new_folder()
    yield Build(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def small(build: Build) -> Build:
    build.write(FILES)
    return build
