"""Action traces: what replaying them finds, and files that are refused when they are damaged."""

import tracemalloc
import zlib
from hashlib import blake2b

import gymnasium as gym
import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from small_traps import SmallDish

import mesa_gym  # noqa: F401  (registers the ids)
from mesa_gym.scoring import SplitTrace, Trace, record, salt_digest, score
from mesa_gym.scoring.choices import NO_TWIN
from mesa_gym.scoring.rollout import ENDED
from mesa_gym.traps import Split, find_trap

TRAP = find_trap("CheeseCorner")()
MAGIC = b"mesa-gym trace 1\n"


@pytest.fixture(scope="module")
def trace():
    return record("random", TRAP, levels=6, seed=3)


@pytest.fixture(scope="module")
def saved(trace, tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "a.trace"
    trace.save(path)
    return path.read_bytes()


def of_test(trace, **fields):
    """Return the trace of one play, with other arrays."""
    return replace(trace, plays={"test": replace(trace.plays["test"], **fields)})


def with_action(trace, row, step, action):
    actions = trace.plays["test"].actions.copy()
    actions[row, step] = action
    return of_test(trace, actions=actions)


# -- recording -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "policy"),
    [("CheeseDish", "random"), ("KeysChests", "oracle:base"), ("MonsterWorld", "reference:base")],
)
def test_what_is_recorded_is_read_back_and_verified(name, policy, tmp_path):
    whole = record(policy, name, levels=5, seed=3, salt="s3cret")
    whole.save(tmp_path / "deep" / "a.trace")
    trace = Trace.load(tmp_path / "deep" / "a.trace")
    trace.verify(find_trap(name)(), "s3cret")
    assert (trace.policy, trace.seed, trace.salt) == (policy, 3, salt_digest("s3cret"))
    assert repr(trace.make_trap()) == repr(find_trap(name)())
    assert set(trace.plays) == set(whole.plays)
    for play, done in whole.plays.items():
        np.testing.assert_array_equal(trace.levels(play), np.arange(5))
        np.testing.assert_array_equal(trace.actions_on(play, np.arange(5)), done.actions)


def test_recorded_episodes_are_those_of_the_environment(trace):
    """A single environment ends each episode with its last action and no sooner."""
    lengths = set()
    for split in Split:
        env = gym.make(TRAP.id(split)).unwrapped
        for level in range(6):
            env.reset(options={"level": level})
            (row,) = trace.actions_on(split, [level])
            actions = row[: (row != ENDED).sum()].tolist()
            ends = [any(env.step(action)[2:4]) for action in actions]
            assert ends == [False] * (len(actions) - 1) + [True]
            lengths.add(len(actions))
    assert len(lengths) > 3
    assert max(lengths) == 64


class FewTwins(SmallDish):
    """Of odd levels there are no twins."""

    def twins(self, state):
        """Return the twins of even levels, and the others as they are."""
        exchanged, _ = super().twins(state)
        one = state.level.number % 2 == 0
        return exchanged.replaced(~one, state), one


def test_other_plays_of_a_level_are_replayed_as_they_were_played():
    trap = SmallDish()
    plays, oracle = record("random", trap, 8).plays, record("oracle:base", trap, 8)
    others = {"again", "twins", "bare", "alone:cheese", "alone:dish"}
    assert {*plays} == {*Split, *others}
    assert (plays["shift"].actions != plays["again"].actions).any()
    for name in ("twins", "alone:dish"):
        replace(oracle, plays={name: oracle.plays[name]}).verify(trap)
        with pytest.raises(ValueError, match=f"play '{name}', level"):
            replace(oracle, plays={name: oracle.plays["shift"]}).verify(trap)


def test_a_level_without_a_twin_has_no_actions():
    trap = FewTwins()
    trace = record("random", trap, 6)
    trace.verify(trap)
    twins = trace.plays["twins"]
    assert (twins.actions == ENDED).all(axis=1).tolist() == [False, True] * 3
    actions = twins.actions.copy()
    actions[3] = 4
    with pytest.raises(ValueError, match=r"'twins', level 3, step 0: .* has no such level"):
        replace(trace, plays={"twins": replace(twins, actions=actions)}).verify(trap)
    choices = score(trace, trap, 6).choices
    assert choices == score("random", trap, 6).choices
    assert (choices.twins == NO_TWIN).tolist() == [False, True] * 3


@pytest.mark.parametrize("missing", ["train", "alone:dish"])
def test_a_play_that_is_missing_is_named(missing):
    trace = record("stay", SmallDish(), 3)
    plays = {name: each for name, each in trace.plays.items() if name != missing}
    with pytest.raises(ValueError, match=f"no actions for level 0 of play '{missing}'"):
        score(replace(trace, plays=plays), SmallDish(), 3)
    strange = replace(trace, plays={"alone:cheese_": trace.plays["alone:cheese"]})
    with pytest.raises(ValueError, match="Did you mean 'alone:cheese'"):
        strange.verify(SmallDish())


def test_actions_of_some_levels_in_any_order(trace):
    numbers = np.array([0, 3, 17, 2**40, 2**47, 2**48 - 1])
    some = of_test(trace, levels=numbers)
    for rows in ([3], [5, 0, 5], np.arange(6)):
        found = some.actions_on(Split.TEST, numbers[rows])
        np.testing.assert_array_equal(found, trace.plays["test"].actions[rows])
    for play, absent in [("test", 6), ("test", -1), ("test", 2**46), ("train", 0)]:
        with pytest.raises(ValueError, match=f"no actions for level {absent} of play '{play}'"):
            some.actions_on(play, [0, absent, 3])


# -- verifying -------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_no_lost_or_added_action_passes(trace, monkeypatch):
    monkeypatch.setattr("mesa_gym.scoring.trace.CHUNK", 4)
    of_test(trace).verify(TRAP)
    for row, length in enumerate((trace.plays["test"].actions != ENDED).sum(axis=1).tolist()):
        for step in range(row % 3, 64, 3):
            lost = step < length
            reason = "an action is missing, for the episode goes on"
            if not lost:
                reason = f"there is an action, but the episode ended with step {length - 1};"
            with pytest.raises(ValueError, match=f"'test', level {row}, step {step}: {reason}"):
                with_action(trace, row, step, ENDED if lost else 0).verify(TRAP)


def test_what_a_person_has_not_finished(trace):
    actions = trace.plays["test"].actions.copy()
    actions[2, 3:] = ENDED
    begun = of_test(trace, actions=actions)
    begun.verify(TRAP, unfinished=True)
    with pytest.raises(ValueError, match="level 2, step 3: an action is missing"):
        begun.verify(TRAP)
    for step, action, at in [(1, ENDED, 1), (5, 0, 3), (0, ENDED, 0)]:
        with pytest.raises(ValueError, match=f"level 2, step {at}: an action is missing"):
            with_action(begun, 2, step, action).verify(TRAP, unfinished=True)


def test_trap_parameters_time_limit_and_salt_count(trace):
    dish, other = find_trap("CheeseDish"), type("CheeseCornerV1", (type(TRAP),), {"version": 1})()
    longer = np.pad(trace.plays["test"].actions, ((0, 0), (0, 1)), constant_values=ENDED)
    salted = record("stay", TRAP, 2, salt="a")
    salted.verify(TRAP, "a")
    for tried, trap, salt, message in [
        (trace, dish(), "", r"size \(9, 9\), {'corner': 1}, not on CheeseDish-v0"),
        (trace, find_trap("CheeseCorner")(7), "", r"not on CheeseCorner-v0\(size=7x7\)"),
        (trace, other, "", r"not on CheeseCorner-v1\(size=9x9\); record another"),
        (record("stay", dish(dish_planes=2), levels=2), dish(), "", "{'dish_planes': 2}, not on"),
        (of_test(trace, actions=longer), TRAP, "", "65 steps for play 'test', .* limit is 64"),
        (trace, TRAP, "a", "recorded without a salt, and one was given; leave it out"),
        (salted, TRAP, "", "recorded with a salt; give the same one"),
        (salted, TRAP, "b", "recorded with another salt"),
    ]:
        with pytest.raises(ValueError, match=message):
            tried.verify(trap, salt)


def test_a_salts_digest_is_its_own_and_in_no_table():
    digests = {salt_digest(salt) for salt in ("a", "b", "a ", "A")}
    assert len(digests | {blake2b(b"a", digest_size=16).hexdigest()}) == 5


# -- fields and files ------------------------------------------------------------------------------


def refused(path, data, message):
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        Trace.load(path)
    assert str(path) in str(caught.value)


def packed(body):
    """Return a file with that body, its checksum right."""
    return MAGIC + blake2b(body, digest_size=16).hexdigest().encode() + b"\n" + body


def play(levels=None, actions=None):
    """Return one play of a level that stays in place, or that of other arrays."""
    levels = np.arange(1) if levels is None else levels
    actions = np.full((len(levels), 64), 4, dtype=np.int8) if actions is None else actions
    return {"test": SplitTrace(levels, actions)}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"policy": "a\nb"}, r"policy is 'a\\nb': Expected printable"),
        ({"policy": "x" * 201}, "Expected `str` of length <= 200"),
        ({"size": (9, 0)}, "Expected `int` >= 1 .*1]"),
        ({"parameters": {"dish_planes": 10**9}}, "Expected `int` <= 255"),
        ({"salt": "0" * 32 + "\n"}, "matching regex"),
        ({"plays": {}}, "of length >= 1"),
        ({"plays": {str(i): play()["test"] for i in range(21)}}, "of length <= 20"),
        ({"plays": {"tset": play()["test"]}}, "unknown play 'tset'.*Did you mean 'test'"),
        ({"plays": play(np.array([0, 2, 2]))}, r"play 'test': levels \[0, 2, 2\] do not ascend"),
        ({"plays": play(np.array([2**48]))}, r"do not ascend from 0 to 2\*\*48 - 1"),
        ({"plays": play(actions=np.full((1, 9), 5, np.int8))}, "level 0, step 0: action 5; expec"),
        ({"plays": play(actions=np.zeros((2, 9), np.int8))}, r"expected int64 \(n,\) and int8"),
    ],
)
def test_fields_that_cannot_be(trace, fields, message):
    with pytest.raises(ValueError, match=message):
        replace(trace, **fields)


def test_the_same_trace_is_the_same_bytes(trace, saved, tmp_path):
    (tmp_path / "a").write_bytes(saved)
    again = record("random", TRAP, levels=6, seed=3)
    backwards = replace(trace, plays=dict(reversed(trace.plays.items())))
    for same in (again, backwards, Trace.load(tmp_path / "a")):
        same.save(tmp_path / "b")
        assert (tmp_path / "b").read_bytes() == saved


@pytest.mark.thorough
def test_any_damage_is_found(saved, tmp_path):
    for at in range(0, len(saved), 3):
        refused(tmp_path / "a", saved[:at], "is not an action trace|was cut short")
        flipped = saved[:at] + bytes([saved[at] ^ 0x41]) + saved[at + 1 :]
        refused(tmp_path / "a", flipped, "is not an action trace|is damaged")
    refused(tmp_path / "a", saved + b"\0", "is damaged or was cut short; copy it")
    for first in (b"", b"PK\3\4", b'{"schema": 1}\n', MAGIC[:-2] + b"2\n"):
        data = first + saved.removeprefix(MAGIC)
        refused(tmp_path / "a", data, "is not an action trace: .* begin with 'mesa-gym trace 1'")


@pytest.mark.thorough
def test_no_size_is_believed(trace, tmp_path, monkeypatch):
    monkeypatch.setattr("mesa_gym.scoring.trace.MOST_BYTES", 1_000_000)
    whole, bomb = zlib.compress(bytes(1000)), packed(zlib.compress(bytes(200_000_000)))
    tracemalloc.start()
    refused(tmp_path / "a", bomb, "does not unpack to 1,000,000 bytes or less")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    for body in (whole[:-5], whole + b"more", b"", b"PK", zlib.compress(b"\x91" * 100_000)):
        refused(tmp_path / "a", packed(body), "does not")
    monkeypatch.setattr("mesa_gym.scoring.trace.MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="bytes, more than 1,000"):
        trace.save(tmp_path / "b")


def test_an_entry_that_stands_twice_is_refused(saved, tmp_path):
    plain = zlib.decompress(saved.split(b"\n", 2)[2])
    twice = bytes([plain[0] + 1]) + plain[1:] + b"\xa4seed\x07"  # of a map, one entry more
    assert msgspec.msgpack.decode(twice)["seed"] == 7
    refused(tmp_path / "a", packed(zlib.compress(twice)), "stands twice")


@pytest.mark.thorough
def test_whatever_is_packed_is_a_trace_or_refused(saved, tmp_path):
    rng, path, loaded = np.random.default_rng(0), tmp_path / "a", 0
    plain = np.frombuffer(zlib.decompress(saved.split(b"\n", 2)[2]), np.uint8)
    for _ in range(1000):
        data = plain.copy()
        at = rng.integers(rng.choice([200, len(data)]), size=rng.integers(1, 4))
        data[at] = rng.integers(256, size=len(at))
        path.write_bytes(packed(zlib.compress(data.tobytes(), 1)))
        try:
            Trace.load(path)
        except ValueError as error:
            assert "does not hold a trace" in str(error)  # noqa: PT017
        else:
            loaded += 1
    assert 0 < loaded < 900
