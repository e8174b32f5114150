"""States as text files: read back bit for bit, played on from, changed by hand, damaged."""

import re

import numpy as np
import pytest

from mesa_gym.traps import Split, all_traps, find_trap
from mesa_gym.viewer.mapfile import load_map, save_map
from mesa_gym.viewer.players import PolicyPlayer
from mesa_gym.viewer.timeline import Timeline
from tests.support.edited import DOORS, bare_cells, doors, made, same


def episode(trap, split, start, policy):
    line = Timeline(trap, start, trap.horizon(split), PolicyPlayer(policy), split)
    line.grow()
    return line


@pytest.mark.parametrize("name", all_traps())
def test_map_file_plays_on_from_its_state(name, tmp_path):
    trap, split = find_trap(name)(), Split.SHIFT
    if trap.const:
        kept = next(iter(trap.const))
        with pytest.raises(ValueError, match=f"{name} has no maps: it keeps {kept} and"):
            save_map(tmp_path / "a.map", trap, trap.levels(split, [11]))
        return
    state = trap.levels(split, [11])
    for action in (0, 1, 2):
        state = trap.step(state, np.array([action])).state
    edited = state._replace(agent=np.array([bare_cells(trap, state)[0]]))
    path = tmp_path / "maps" / "a.txt"
    save_map(path, trap, edited)
    loaded = load_map(path, trap, trap.horizon(split))
    assert same(trap, loaded, edited)
    first = path.read_bytes()
    save_map(path, trap, loaded)
    assert path.read_bytes() == first
    for policy in ("random", "oracle:base") if trap.solvable else ("random",):
        ours, theirs = episode(trap, split, edited, policy), episode(trap, split, loaded, policy)
        assert ours.actions().tolist() == theirs.actions().tolist()
        assert len(ours) >= 1
        for mine, other in zip(ours.states, theirs.states, strict=True):
            assert same(trap, mine, other)


# Windows' line ends, indentation, a mark at the start and blank lines do not damage a map.
FOREIGN = ("\ufeff", "\r\n  ", "\n\n")
# That a map means something is for engine/test_world.py; two of its errors are here.
WRONG = {
    "unknown name for '1', at row 1, column 4, 'dor'": ("door", "dor"),
    "unknown name in a map 'vars.leader'": (DOORS, f"vars.leader = 3\n{DOORS}"),
    "clock = 37: expected 0 to 36": (DOORS, f"clock = 37\n{DOORS}"),
    "[: expected a number from 0": (DOORS, f"clock = {'[' * 9_000}\n{DOORS}"),
    "can't decode byte": ("key", "\udcff\udcfe"),
}


def written(tmp_path, text):
    path = tmp_path / "level.map"
    path.write_bytes(text.encode(errors="surrogateescape"))
    return path


def test_map_file_by_hand_is_read(tmp_path):
    trap, (mark, line, blank) = made("RedBlueDoors", 7), FOREIGN
    state = load_map(written(tmp_path, mark + DOORS.replace("\n", line) + blank), trap, 37)
    assert same(trap, state, doors())


@pytest.mark.parametrize("reason", WRONG)
def test_map_file_that_is_wrong_is_refused(reason, tmp_path):
    path = written(tmp_path, DOORS.replace(*WRONG[reason]))
    with pytest.raises(ValueError, match=re.escape(reason)) as refused:
        load_map(path, made("RedBlueDoors", 7), 37)
    assert str(path) in str(refused.value)
    assert len(str(refused.value)) < 1000
