"""What several tests look at, made once."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results made up by hand, rendered; not to be changed."""
    from boards import some_results

    from benchmarks.leaderboard.render import render
    from benchmarks.leaderboard.results import Results

    results = some_results(tmp_path_factory.mktemp("results"))
    assert render(Results(results, pytest.fail)) == results / "board" / "index.html"
    return results


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission s of two agents that was scored into R at one go; not to be changed."""
    from submitted import submit, written

    home = tmp_path_factory.mktemp("scored")
    assert submit(written(home / "s", 0, 1), home / "R") == 0
    return home
