"""Each trap, also one of a user, goes through each door, and comes out as by its rules alone."""

import sys
from functools import cache
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import mesa_gym
from mesa_gym import cli
from mesa_gym.traps import Split, find_trap, package_traps
from tests.doors.doors import find_refusal, import_doors
from tests.doors.games import list_games

OWN = "Mushrooms-v0"
CODE = Path(cli.__file__).with_name("example_trap.py").read_text()


@pytest.fixture(scope="module", autouse=True)
def _own_trap(tmp_path_factory):
    """Register a trap of a file, as ``FILE.py:Name`` does, and forget it afterwards."""
    path = tmp_path_factory.mktemp("own") / "meadow.py"
    path.write_text(CODE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mesa_gym.traps, "_registered", {})
        patch.setenv("SDL_VIDEODRIVER", "dummy")
        patch.setattr(sys, "path", [*sys.path])
        ids = {*gymnasium.registry}
        find_trap(f"{path}:Mushrooms")
        yield
        for id in {*gymnasium.registry} - ids:
            del gymnasium.registry[id]
    games_of.cache_clear()


@cache
def games_of(name):
    return list_games(find_trap(name)())


def cells():
    """Yield each door with each trap; the traps that are not quick are thorough tests."""
    for door in import_doors():
        for name in (*package_traps(), OWN):
            slow = door.quick is not None and name not in door.quick
            marks = [pytest.mark.thorough] if slow else []
            yield pytest.param(
                door, name, id=f"{door.name}-{name.removesuffix('-v0')}", marks=marks
            )


@pytest.mark.parametrize(("door", "name"), [*cells()])
def test_trap_goes_through_door(door, name):
    games = games_of(name)
    if not door.plays:
        games = {x: games[x] for x in map(str, Split)}
    if sentence := find_refusal(door, find_trap(name)()):
        with pytest.raises(Exception) as refused:  # noqa: PT011
            [*door.enter(games)]
        assert str(refused.value) == sentence
        return
    count = 0
    for what, entered, expected in door.enter(games):
        np.testing.assert_equal(entered, expected, what)
        count += 1
    assert count
