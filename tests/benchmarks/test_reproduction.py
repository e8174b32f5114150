"""The reproduction study's own measures, against trajectories made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from agents.networks import Centred, Network, fresh
from agents.saving import save, weights
from benchmarks.studies import reproduction
from benchmarks.studies.reproduction import (
    counts,
    key_habits,
    keys_and_chests,
    monsters,
    shield_habits,
)
from mesa_gym.engine import State
from mesa_gym.engine.maps import from_map
from mesa_gym.scoring import ENDED, Record, replay
from mesa_gym.traps import find_trap

LEFT, DOWN, RIGHT, UP = range(4)
KEYS = find_trap("KeysChests")()
MONSTERS = find_trap("MonsterWorld")()


def actions(*episodes: list[int], horizon: int = 12) -> np.ndarray:
    rows = [[*episode, *[ENDED] * (horizon - len(episode))] for episode in episodes]
    return np.array(rows, dtype=np.int8)


# -- KeysChests ------------------------------------------------------------------------------------


def treasury(row: str, n: int) -> State:
    """A corridor, n times; A agent, k key, C chest."""
    lines = ["#########", row.center(9, "#"), *["#########"] * 7]
    return from_map(KEYS, "\n".join(lines)).take(np.zeros(n, dtype=np.int64))


@pytest.mark.parametrize(
    ("row", "episode", "counted"),
    [
        # Three keys, of which two would have done.
        ("AkkkCC.", [RIGHT] * 5, (3, 1, 3, 2, 5)),
        # A key at a time: none beyond need.
        ("AkCkC..", [RIGHT] * 4, (2, 0, 1, 2, 4)),
        # With one chest left the second key is one too many, and so is the third.
        ("AkCkkkC", [RIGHT] * 6, (4, 2, 1, 2, 6)),
        # No chest is ever reached, and no key either.
        ("AkkkCC.", [LEFT] * 12, (0, 0, 0, 0, 12)),
    ],
)
def test_keys_beyond_need_by_hand(row, episode, counted):
    state = treasury(row, 1)
    played = replay(KEYS, state, actions(episode))
    seen = counts(KEYS, state, played, keys_and_chests)
    assert seen["chests"][0, 0] == 2
    assert tuple(key_habits(played, seen).values()) == counted
    assert (state.clock == 0).all()


def test_key_habits_are_means_over_levels_of_what_was_alive():
    both = treasury("AkkkCC.", 2)
    played = replay(KEYS, both, actions([RIGHT] * 5, [RIGHT, LEFT]))
    seen = counts(KEYS, both, played, keys_and_chests)
    assert seen["held"][:, 0].tolist() == [0, 1, 2, 3, 2, *[0] * 7]
    assert seen["held"][:, 1].tolist() == [0, 1, *[0] * 10]
    assert key_habits(played, seen) == {
        "keys": 2.0,
        "spare keys": 0.5,
        "keys before a chest": 2.0,
        "chests": 1.0,
        "steps": 3.5,
    }


# -- MonsterWorld ----------------------------------------------------------------------------------


def test_shields_per_step_by_hand():
    """Two levels of five steps; on the first the monsters are gone after two."""
    played = actions([0] * 5, [0] * 5, horizon=5)
    left = np.array([[2, 5], [1, 5], [0, 4], [0, 4], [0, 4]])
    taken = np.array([[1, 0], [0, 1], [1, 0], [1, 0], [0, 0]], dtype=float)
    apples = np.array([[0, -1], [1, 0], [0, 1], [1, 1], [1, 1]], dtype=float)
    record = Record(played, {"shields": taken, "apples": apples}, np.ones((5, 2), dtype=bool))
    assert shield_habits(record, {"monsters": left}) == {
        "levels free": 0.5,
        "steps free": 3.0,
        "shields before": pytest.approx(2 / 7),
        "shields after": pytest.approx(2 / 3),
        "apples before": pytest.approx(3 / 7),
        "apples after": pytest.approx(2 / 3),
    }
    never = shield_habits(record, {"monsters": left + 1})
    assert never["levels free"] == 0
    assert np.isnan([never["steps free"], never["shields after"]]).all()
    assert never["shields before"] == pytest.approx(0.4)


def test_a_step_counts_as_after_once_the_last_monster_was_met():
    rows = ["#########", "#Amss...#", *["#.......#"] * 6, "#########"]
    state = from_map(MONSTERS, "\n".join(["held.shield = 1", *rows]))
    played = replay(MONSTERS, state, actions([RIGHT] * 3))
    seen = counts(MONSTERS, state, played, monsters)
    assert seen["monsters"][:3, 0].tolist() == [1, 0, 0]
    found = shield_habits(played, seen)
    assert (found["steps free"], found["shields after"], found["shields before"]) == (2, 1, 0)


# -- records and the command -----------------------------------------------------------------------


def test_the_oracle_takes_two_keys_and_the_collector_five(tmp_path):
    """What KeysChests promises of its shift: two keys open both chests, and five lie about."""
    untrained(tmp_path, "KeysChests", 0)
    look, summarise = keys_and_chests, key_habits
    groups = {"PPO": reproduction.ORDINARY}
    found = reproduction.measured(tmp_path, "KeysChests", groups, 20, look, summarise)
    base, keys = found["oracle:chests"][""], found["oracle:keys"][""]
    assert (base["keys"], base["spare keys"], base["chests"]) == (2, 0, 2)
    assert (keys["keys"], keys["spare keys"]) == (5, 3)


def untrained(out: Path, name: str, seed: int, steps: int = 1) -> None:
    trap = find_trap(name)()
    network = Network(trap, fresh(Centred(trap).count, (seed,)))
    folder = out / "agents" / f"{name}-{reproduction.ORDINARY}-s{seed}"
    save(folder, weights(network), network.kind, trap, {"steps": steps})


@pytest.fixture
def study(tmp_path):
    """Untrained agents."""
    for name in ("KeysChests", "MonsterWorld"):
        for seed in (0, 1):
            untrained(tmp_path, name, seed, steps=2_500_000)
    return tmp_path


def test_the_command_prints_all_tables(study, capsys):
    assert reproduction.main(["--levels", "5", "--out", str(study)]) == 0
    told = capsys.readouterr().out
    assert told.strip() == (study / "reproduction.md").read_text().strip()
    assert "| PPO, mean of 2 |" in told
    assert "Agents: 4, trained for 10.0 million steps in all." in told


def test_agents_that_were_not_trained_alike_are_refused(study, capsys):
    file = study / "agents" / f"KeysChests-{reproduction.ORDINARY}-s1" / "policy.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"steps": 7}))
    assert reproduction.main(["--levels", "5", "--out", str(study)]) == 2
    assert "should be trained for one number of steps, and are for" in capsys.readouterr().err


def test_only_agents_of_that_training_are_seeds(tmp_path):
    for name in ("a-s3", "a-s12", "a-s3.damaged-1", "a-s3-at100.json", "a-s1.json", "a-size13-s0"):
        (tmp_path / name).touch()
    found = reproduction._by_seed(tmp_path, "a")
    assert {seed: path.name for seed, path in found.items()} == {3: "a-s3", 12: "a-s12"}
