"""States as text files: read back bit for bit, played on from, changed by hand, damaged."""

import re

import numpy as np
import pytest

from mesa_gym.traps import Split, all_traps, find_trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.mapfile import load_map, save_map
from mesa_gym.viewer.timeline import Timeline
from tests.support.edited import bare_cells, cells_of, same


def episode(trap, split, start, policy):
    horizon = trap.horizon(split)
    actor = PolicyPlayer(policy).actor(trap, split, start)
    line = Timeline(trap, start, horizon, actor)
    line.grow()
    return line


@pytest.mark.parametrize("name", all_traps())
def test_map_file_plays_on_from_its_state(name, tmp_path):
    trap, split = find_trap(name)(), Split.SHIFT
    if trap.const:
        kept = next(iter(trap.const))
        with pytest.raises(ValueError, match=f"{name} has no maps: it keeps {kept} and"):
            save_map(tmp_path / "a.map", trap, split, trap.levels(split, [11]))
        return
    state = trap.levels(split, [11])
    for action in (0, 1, 2):
        state = trap.step(state, np.array([action])).state
    edited = state._replace(agent=np.array([bare_cells(trap, state)[0]]))
    path = tmp_path / "maps" / "a.txt"
    save_map(path, trap, split, edited)
    found, found_split, loaded = load_map(path)
    assert (repr(found), type(found), found_split) == (repr(trap), type(trap), split)
    assert same(trap, loaded, edited)
    first = path.read_bytes()
    save_map(path, found, found_split, loaded)
    assert path.read_bytes() == first
    for policy in ("random", "oracle:base") if trap.solvable else ("random",):
        ours, theirs = episode(trap, split, edited, policy), episode(found, split, loaded, policy)
        assert ours.actions().tolist() == theirs.actions().tolist()
        assert len(ours) >= 1
        for mine, other in zip(ours.states, theirs.states, strict=True):
            assert same(trap, mine, other)


MAP = """\
mesa-gym map 1
trap = RedBlueDoors-v0
size = [7, 7]
parameters = {"colour_planes": 2}
split = shift

#######
#A..1.#
#.###.#
#.2...#
#.###.#
#.....#
#######
1 = door blue
2 = key red
end
"""


def written(tmp_path, text):
    path = tmp_path / "level.map"
    path.write_bytes(text.encode(errors="surrogateescape"))
    return path


def test_map_file_by_hand_is_read(tmp_path):
    trap, split, state = load_map(written(tmp_path, MAP))
    assert repr(trap) == "RedBlueDoors-v0(size=7x7, colour_planes=2)"
    assert split is Split.SHIFT
    assert state.agent[0] == 8
    assert cells_of(trap, state, "door") == cells_of(trap, state, "blue") == [11]
    # Windows' line ends, indentation, a mark at the start and what an editor adds do not damage it.
    foreign = "\ufeff" + MAP.replace("\n", "\r\n  ") + "\n\n"
    assert same(trap, load_map(written(tmp_path, foreign))[2], state)


# That a map means something is for engine/test_world.py; two of its errors are here.
WRONG = {
    "was cut short: its last line is not 'end'": ("end\n", ""),
    "unknown name for '1', at row 1, column 4, 'dor'": ("door", "dor"),
    "unknown trap 'os:RedBlueDoors-v0'": ("= Red", "= os:Red"),
    "size is [2000, 2000]: Expected `int` <= 255": ("[7, 7]", "[2000, 2000]"),
    "unknown split 'shft'": ("shift", "shft"),
    "it has no line 'split = ...' before the map": ("split = shift\n", ""),
    "unknown name in a map 'vars.leader'": ("\n\n", "\n\nvars.leader = 3\n"),
    "clock = 38: expected 0 to 37": ("\n\n", "\n\nclock = 38\n"),
    "[: expected a number from 0": ("\n\n", f"\n\nclock = {'[' * 9_000}\n"),
    "does not begin with 'mesa-gym map'": (MAP, ""),
    "it is not UTF-8 text": ("split", "\udcff\udcfe"),
    "has schema '2'; this version of mesa_gym reads 1": ("map 1", "map 2"),
}


@pytest.mark.parametrize("reason", WRONG)
def test_map_file_that_is_wrong_is_refused(reason, tmp_path):
    path = written(tmp_path, MAP.replace(*WRONG[reason]))
    with pytest.raises(ValueError, match=re.escape(reason)) as refused:
        load_map(path)
    assert str(path) in str(refused.value)
    assert "save it again with the viewer" in str(refused.value)
    assert len(str(refused.value)) < 1000
