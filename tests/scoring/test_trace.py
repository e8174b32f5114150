"""Action traces: what they hold, and what replaying them finds."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym  # noqa: F401  (registers the ids)
from mesa_gym.policies import as_policy
from mesa_gym.scoring import Trace, record, salt_digest, score
from mesa_gym.scoring.rollout import ENDED, replay, rollout
from mesa_gym.traps import Split, Trap, find_trap

TRAP = find_trap("CheeseCorner")()


@pytest.fixture(scope="module")
def trace() -> Trace:
    return record("random", TRAP, levels=6, seed=3)


def changed(trace: Trace, split: Split, **entries: Any) -> Trace:
    return replace(trace, splits={**trace.splits, split: replace(trace.splits[split], **entries)})


def with_action(trace: Trace, split: Split, row: int, step: int, action: int) -> Trace:
    actions = trace.splits[split].actions.copy()
    actions[row, step] = action
    return changed(trace, split, actions=actions)


# -- recording and replaying -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["CheeseCorner", "KeysChests", "MonsterWorld"])
def test_round_trip_and_what_replaying_pays(name: str, tmp_path: Path) -> None:
    trap = find_trap(name)()
    path = tmp_path / "deep" / "a.trace"
    record("random", name, levels=20, seed=3, salt="s3cret").save(path)
    trace = Trace.load(path)
    assert (trace.trap, trace.size, trace.parameters) == (trap.name(), trap.size, trap.parameters)
    assert (trace.policy, trace.seed, trace.salt) == ("random", 3, salt_digest("s3cret"))
    trace.verify(trap, "s3cret")
    assert repr(trace.make_trap()) == repr(trap)
    for split in Split:
        horizon, starts = trap.horizon(split), trap.levels(split, np.arange(20), "s3cret")
        actions = rollout(as_policy("random", trap, horizon), trap, starts, horizon, seed=3)
        np.testing.assert_array_equal(trace.actions_on(split, starts.level.number), actions)
        paid = replay(trap, starts, actions)
        again = replay(trap, starts, trace.actions_on(split, np.arange(20)))
        for objective, series in paid.items():
            np.testing.assert_array_equal(again[objective], series)
        assert any(series.any() for series in paid.values())


def test_recorded_episodes_are_those_of_the_environment(trace: Trace) -> None:
    """A single environment ends each episode with its last action and no sooner."""
    lengths = set()
    for split in Split:
        env = gym.make(TRAP.id(split)).unwrapped
        for level in range(6):
            env.reset(options={"level": level})
            (row,) = trace.actions_on(split, [level])
            actions = row[: (row != ENDED).sum()].tolist()
            ends = [env.step(action)[2:4] for action in actions]
            assert [any(end) for end in ends] == [False] * (len(actions) - 1) + [True]
            lengths.add(len(actions))
    assert len(lengths) > 3
    assert max(lengths) == 64


@pytest.mark.parametrize("name", ["CheeseCorner", "RedBlueDoors", "KeysChests"])
def test_oracles_traces_verify(name: str) -> None:
    trap = find_trap(name)(7) if name == "CheeseCorner" else find_trap(name)()
    trace = record("oracle:any", trap, levels=5)
    trace.verify(trap)
    assert trace.policy == "oracle:any"


def test_any_agent_can_be_recorded() -> None:
    def stays(observations: np.ndarray) -> np.ndarray:
        assert observations.shape[1:] == (6, 5, 3)
        return np.full(len(observations), 4)

    trace = record(stays, "CheeseCorner", levels=2, observation="local")
    assert trace.policy == "stays"
    assert (trace.splits[Split.TEST].actions == 4).all()
    assert record(as_policy("stay", TRAP, 64), TRAP, levels=2).policy == "Constant"
    assert record(stays, TRAP, levels=2, observation="local", name="mine").policy == "mine"


def test_a_trace_of_one_split_is_kept_and_not_scored(trace: Trace, tmp_path: Path) -> None:
    part = replace(trace, splits={Split.SHIFT: trace.splits[Split.SHIFT]})
    part.save(tmp_path / "part")
    again = Trace.load(tmp_path / "part")
    again.verify(TRAP)
    assert again.levels(Split.SHIFT).tolist() == trace.levels(Split.SHIFT).tolist()
    assert again.levels(Split.TRAIN).tolist() == []
    np.testing.assert_array_equal(
        again.actions_on(Split.SHIFT, [3]), trace.actions_on(Split.SHIFT, [3])
    )
    with pytest.raises(ValueError, match="no actions for split 'train', only for shift; scoring"):
        score(again, TRAP, levels=2)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"levels": 0}, "levels must be at least 1, got 0"),
        ({"seed": -1}, r"seed is -1; expected an integer from 0 to 2\*\*64 - 1"),
        ({"name": "a\nb"}, r"policy is 'a\\nb'; expected 1 to 200 printable characters"),
        ({"name": ""}, "policy is ''"),
        ({"trap": "CheeseCornr"}, "Did you mean 'CheeseCorner'"),
        ({"policy": None}, "None is not a policy"),
    ],
)
def test_what_cannot_be_recorded(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        record(**{"policy": "stay", "trap": TRAP, "levels": 2, **keywords})


def test_actions_of_some_levels_in_any_order(trace: Trace) -> None:
    shuffled = np.array([4, 0, 5, 2, 1, 3])
    done = trace.splits[Split.SHIFT]
    mixed = changed(trace, Split.SHIFT, levels=shuffled, actions=done.actions[shuffled])
    mixed.verify(TRAP)
    for levels in ([3], [5, 0, 5], np.arange(6)):
        np.testing.assert_array_equal(mixed.actions_on(Split.SHIFT, levels), done.actions[levels])
    for absent in (6, -1, 2**47):
        with pytest.raises(ValueError, match=f"no actions for level {absent} of split 'shift'"):
            mixed.actions_on(Split.SHIFT, [0, absent, 1])


# -- verifying -------------------------------------------------------------------------------------


def ended_early(trace: Trace, split: Split) -> tuple[int, int]:
    """A row whose episode ended before the time limit, and its last step."""
    lengths = (trace.splits[split].actions != ENDED).sum(axis=1)
    row = int(((lengths < 64) & (lengths > 2)).argmax())
    assert 2 < lengths[row] < 64
    return row, int(lengths[row]) - 1


def test_every_change_of_an_episode_is_found(trace: Trace) -> None:
    row, last = ended_early(trace, Split.CONTROL)
    full = int((trace.splits[Split.CONTROL].actions[:, -1] != ENDED).argmax())
    where = f"split 'control', level {row}, step"
    for at, step, action, message in [
        (row, last + 1, 0, f"{where} {last + 1}: there is an action, but the episode ended with"),
        (row, 63, 2, f"{where} 63: there is an action, but the episode ended with step {last};"),
        (row, last, ENDED, f"{where} {last}: an action is missing, for the episode goes on"),
        (row, 0, ENDED, f"{where} 0: an action is missing"),
        (row, last, 4, f"{where} {last + 1}: an action is missing"),  # stays instead of entering
        (full, 63, ENDED, f"level {full}, step 63: an action is missing"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            with_action(trace, Split.CONTROL, at, step, action).verify(TRAP)


def test_no_single_lost_or_added_action_passes(trace: Trace) -> None:
    done = trace.splits[Split.TEST].actions
    for row in range(6):
        length = int((done[row] != ENDED).sum())
        for step in range(64):
            action = 0 if step >= length else ENDED
            with pytest.raises(ValueError, match=f"split 'test', level {row}, step"):
                with_action(trace, Split.TEST, row, step, action).verify(TRAP)


def test_many_levels_are_verified_in_parts(monkeypatch: pytest.MonkeyPatch, trace: Trace) -> None:
    monkeypatch.setattr("mesa_gym.scoring.trace.CHUNK", 4)
    trace.verify(TRAP)
    with pytest.raises(ValueError, match="split 'shift', level 5, step 0: an action is missing"):
        with_action(trace, Split.SHIFT, 5, 0, ENDED).verify(TRAP)


class CheeseCornerV1(find_trap("CheeseCorner")):  # type: ignore[misc]
    version = 1


@pytest.mark.parametrize(
    ("trap", "message"),
    [
        (find_trap("RedBlueDoors")(), r"recorded on CheeseCorner-v0\(size=9x9\) and says nothing"),
        (find_trap("CheeseCorner")(7), r"nothing of CheeseCorner-v0\(size=7x7\)"),
        (CheeseCornerV1(), r"nothing of CheeseCorner-v1\(size=9x9\); record one on that"),
    ],
)
def test_traces_of_other_traps(trace: Trace, trap: Trap, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trace.verify(trap)


def test_parameters_count() -> None:
    dish = find_trap("CheeseDish")
    trace = record("stay", dish(dish_planes=2), levels=2)
    trace.verify(dish(dish_planes=2))
    assert repr(trace.make_trap()) == repr(dish(dish_planes=2))
    with pytest.raises(ValueError, match=r"on CheeseDish-v0\(size=9x9, dish_planes=2\) and says"):
        trace.verify(dish())


def test_time_limits_count(trace: Trace) -> None:
    longer = np.pad(trace.splits[Split.TRAIN].actions, ((0, 0), (0, 1)), constant_values=ENDED)
    with pytest.raises(ValueError, match="has 65 steps for split 'train', where the time limit is"):
        changed(trace, Split.TRAIN, actions=longer).verify(TRAP)


def test_salts_count(trace: Trace) -> None:
    salted = record("stay", TRAP, levels=2, salt="a")
    salted.verify(TRAP, "a")
    for tried, salt, message in [
        (trace, "a", "recorded without a salt, and one was given; leave it out"),
        (salted, "", "recorded with a salt; give the same one"),
        (salted, "b", "recorded with another salt"),
    ]:
        with pytest.raises(ValueError, match=message):
            tried.verify(TRAP, salt)


def test_a_salts_digest() -> None:
    assert salt_digest("") == ""
    digests = {salt_digest(salt) for salt in ("a", "b", "a ", "A")}
    assert len(digests) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", digest) for digest in digests)
    plain = blake2b(b"a", digest_size=16).hexdigest()
    assert plain not in digests  # a table of plain hashes does not help


# -- what a trace can be made of -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"levels": np.array([0, 1, 2, 1, 4, 5])}, "split 'test': level 1 is there twice"),
        ({"levels": np.array([0, 1, 2, 3, 4, -5])}, r"level -5; expected 0 to 2\*\*48 - 1"),
        ({"levels": np.arange(6) + 2**48 - 5}, "level 281474976710656; expected"),
        ({"levels": np.arange(6.0)}, "levels have the shape .* float64; expected int64"),
        ({"levels": np.arange(5)}, r"actions have the shape \(6, 64\) .*int8 \(5, horizon\)"),
        ({"levels": np.arange(0)}, "at least one"),
        ({"actions": np.zeros((6, 64), dtype=np.int64)}, "dtype int64; expected int8"),
        ({"actions": np.zeros(6, dtype=np.int8)}, r"shape \(6,\)"),
    ],
)
def test_impossible_splits(trace: Trace, entries: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        changed(trace, Split.TEST, **entries)


@pytest.mark.parametrize("action", [5, -2, 127])
def test_impossible_actions(trace: Trace, action: int) -> None:
    message = f"split 'shift', level 4, step 7: action {action}; there is 0 to 4, and -1 after"
    with pytest.raises(ValueError, match=message):
        with_action(trace, Split.SHIFT, 4, 7, action)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"policy": "x\x1b[2J"}, r"policy is 'x\\x1b\[2J'; expected 1 to 200 printable"),
        ({"policy": "x" * 201}, "policy is 'x+…; expected"),
        ({"trap": 5}, "trap is 5; expected"),
        ({"size": (9, 0)}, "size: width is 0; expected an integer from 1 to 255"),
        ({"size": (9, True)}, "size: width is True"),
        ({"parameters": {"dish_planes": 10**9}}, "parameters: dish_planes is 1000000000"),
        ({"parameters": {"a\n": 1}}, "a name in parameters is"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"salt": "secret"}, "salt is 'secret'; expected what salt_digest gives, 32 hex"),
        ({"salt": list("0" * 32)}, "salt is "),
        ({"splits": {}}, "splits are none; expected some of train, test, control, shift"),
    ],
)
def test_impossible_entries(trace: Trace, entries: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(trace, **entries)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"trap": "CheeseCornr-v0"}, "unknown trap 'CheeseCornr-v0'.*Did you mean 'CheeseCorner-v"),
        ({"trap": "antigravity:CheeseCorner-v0"}, "unknown trap 'antigravity:"),
        ({"parameters": {"size": 7}}, "unknown parameter of CheeseCorner-v0 'size'"),
        ({"size": (8, 8)}, r"size \(8, 8\) does not fit"),
    ],
)
def test_traps_that_there_are_not(trace: Trace, entries: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(trace, **entries).make_trap()
    assert "antigravity" not in sys.modules
