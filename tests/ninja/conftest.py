"""Fixtures: every real Ninja that `real_ninja` finds."""

from __future__ import annotations

import pytest

from real_ninja import EXTRA, RELEASES, Ninja, find_ninja


@pytest.fixture(scope="session", params=("system", *RELEASES, *EXTRA))
def ninja(request: pytest.FixtureRequest) -> Ninja:
    return find_ninja(request.param)


@pytest.fixture(scope="session")
def newest_ninja() -> Ninja:
    return find_ninja(RELEASES[-1])
