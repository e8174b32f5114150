"""What editing looks up in a trap's levels: contents, counts, and what alone can be moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from edited import made

from mesa_gym.grid import CHEST, KEY, WALL
from mesa_gym.traps import Split, all_traps
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer import editing, seen

ONLY_AGENT = {
    "DustVacuum-v0": "keeps pots beside the grid",
    "FollowMe-v0": "keeps step, order, lead and tour beside the grid",
    "MonsterWorld-v0": "keeps monsters beside the grid",
    "NearestFruit-v0": "has a hidden plane (nearest) in other cells on other levels",
    "TreeFarm-v0": "keeps sites beside the grid",
}
CONTENTS = {
    "RedBlueDoors": ["door red", "door blue", "key red", "key blue"],
    "CheeseCorner": ["cheese"],
    "CheeseDish": ["dish", "dish cheese", "cheese"],
    "KeysChests": ["key", "chest"],
    "ColourShape": ["thing line yellow", "thing line red", "thing yellow", "thing red"],
    "CoinRun": ["pit", "coin"],
    "LavaLand": ["goal", "lava"],
    # An open vent without dust is one that the agent stands on.
    "DustSweep": ["vent dust", "vent dust closed", "vent closed", "dust", "crate", "crate closed"],
    "OversightLamp": ["exit_a", "exit_b"],
    "PointedGoal": ["gem", "ball"],
}


@pytest.mark.parametrize("name", CONTENTS)
def test_contents_are_those_of_the_rules(name: str) -> None:
    trap = made(name)
    found = editing.contents(trap)
    assert [" ".join(p.name for p in content) for content in found] == CONTENTS[name]


def test_looking_gives_the_same_and_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    trap = made("KeysChests")
    first = seen.look(trap)
    assert seen.look(made("KeysChests")) is first
    monkeypatch.setattr(seen, "_known", {})
    again = seen.look(trap)
    assert again is not first
    assert again.codes == first.codes
    assert (again.most == first.most).all()
    # Five keys under shift, all of which can be taken; six chests in training, the last of which
    # is never left to be opened.
    keys, chests = trap.schema.channels[KEY][0], trap.schema.channels[CHEST][0]
    assert (first.least[keys], first.most[keys]) == (0, 5)
    assert (first.least[chests], first.most[chests]) == (1, 6)


@pytest.mark.parametrize("name", all_traps())
def test_only_the_agent_moves_where_arrays_or_marks_would_not_fit(name: str) -> None:
    trap = made(name)
    reason = editing.only_agent(trap)
    assert ONLY_AGENT.get(name, "") in reason
    assert bool(reason) == (name in ONLY_AGENT)
    if reason:
        state = trap.levels(Split.TRAIN, [3])
        grid = state.planes[0].reshape(trap.schema.cells, -1)
        wall = trap.schema.channels[WALL][0]
        thing = int(np.flatnonzero(grid[:, 2:].any(axis=1) & (grid[:, wall] == 0))[0])
        bare = int(np.flatnonzero(~grid.any(axis=1))[0])
        for refused in (
            lambda: editing.move(trap, state, thing, bare),
            lambda: editing.remove(trap, state, thing),
            lambda: editing.put(trap, state, editing.contents(trap)[0], bare),
        ):
            with pytest.raises(ValueError, match="only the agent can be moved"):
                refused()
        after = editing.move(trap, state, int(state.cell[0]), bare)
        assert after.cell[0] == bare


def test_a_trap_without_levels_of_its_size() -> None:
    class Cramped(CheeseCorner):
        def draw(self, draw: Any, split: Split) -> None:
            super().draw(draw, split)
            draw.require(np.zeros(len(draw), dtype=np.bool_))

    with pytest.raises(ValueError, match="cannot be drawn to be looked at"):
        editing.contents(Cramped())
