"""Messages of errors: whatever was given, they name it and stay short."""

import json

import gymnasium as gym
import numpy as np
import pytest

from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.envs.settings import Settings
from mesa_gym.errors import MOST_SHOWN, shorten, unknown
from mesa_gym.policies import as_policy
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.scoring.trace import salt_digest, trap_of
from mesa_gym.traps import Split, find_trap

LONG, HUGE = "x" * 1_000_000, -(10**5000)
TRAP = find_trap("ColourShape")()


def make(**keywords):
    return gym.make("MesaGym/ColourShape-v0", **keywords)


def reset(options):
    return make().reset(options=options)


def step(action):
    env = make()
    env.reset(seed=0)
    return env.unwrapped.step(action)


def policy(spec, **keywords):
    return as_policy(spec, TRAP, 64, **keywords)


def read_map(old, new):
    text = to_map(TRAP, TRAP.levels(Split.TEST, [0]))
    assert old in text
    return from_map(TRAP, text.replace(old, new, 1))


GIVEN = {
    "reward": lambda: make(reward=LONG),
    "reward of parts": lambda: make(reward="red or " * 150_000 + "red"),
    "split": lambda: make(split=LONG),
    "salt": lambda: make(salt=LONG.encode()),
    "size as numbers": lambda: make(size=(9,) * 1_000_000),
    "observation": lambda: make(observation=LONG),
    "alpha": lambda: make(alpha=LONG),
    "step_reward": lambda: make(step_reward=LONG),
    "max_steps": lambda: make(max_steps=LONG),
    "keyword": lambda: Settings("ColourShape", **{LONG: 1}),
    "parameter": lambda: make(colour_planes=LONG),
    "parameter of 5,000 digits": lambda: make(colour_planes=HUGE),
    "option of reset": lambda: reset({LONG: 1}),
    "options": lambda: reset(LONG),
    "level": lambda: reset({"level": LONG}),
    "map of bytes": lambda: reset({"map": LONG.encode()}),
    "word of a map": lambda: read_map("thing red", LONG),
    "action": lambda: step(LONG),
    "trap": lambda: find_trap(LONG),
    "module of a trap": lambda: find_trap(f"{LONG}:Trap"),
    "trap of a file": lambda: trap_of(LONG, (9, 9), {}),
    "parameter of a file": lambda: trap_of("ColourShape-v0", (9, 9), {LONG: 1}),
    "policy": lambda: policy(LONG),
    "path of a policy": lambda: policy(f"./{LONG}"),
    "module of a policy": lambda: policy(f"{LONG}:act"),
    "objective of an oracle": lambda: policy(f"oracle:{LONG}"),
    "policy that is none": lambda: policy({"weights": LONG}),
    "algo": lambda: policy("random", algo=LONG),
    "observation of a policy": lambda: policy(lambda seen: seen, observation=LONG),
    "levels": lambda: score("random", "ColourShape", levels=LONG),  # type: ignore[arg-type]
    "level numbers": lambda: TRAP.levels(Split.TEST, np.zeros((1000, 1000))),
    "field of a card": lambda: ScoreCard.from_json(json.dumps({"schema": 3, LONG: 1})),
}


@pytest.mark.parametrize("what", GIVEN)
def test_error_shortens_a_long_value(what):
    with pytest.raises((ValueError, TypeError)) as caught:
        GIVEN[what]()
    said = str(caught.value)
    assert 20 < len(said) < 1500, said[:200]
    assert "4300" not in said  # Python's own words for a number that it does not print


def test_short_values_are_shown_as_they_are():
    for value in ("red", "it's", 9, (9, 9), [1.5, None], {"a": 1, "b": [2]}, Split.TEST, b"x"):
        assert shorten(value) == repr(value)
    assert shorten("a" * 50 + LONG + "b" * 50).startswith("'aaaa")
    assert shorten("a" * 50 + LONG + "b" * 50).endswith("bbbb'")
    assert "..." in shorten(LONG)


def test_shorten_bounds_what_is_shown():
    for value in (LONG, HUGE, [LONG] * 9, {LONG: {LONG: LONG}}, {*range(999)}, np.zeros((99, 99))):
        assert len(shorten(value)) <= MOST_SHOWN
        assert len(str(unknown("name", value, ["red"]))) <= MOST_SHOWN + 50


def test_unknown_offers_the_nearest_name():
    assert "Did you mean 'red'?" in str(unknown("name", "rde", ["red", "square"]))
    assert "there is red" in str(unknown("name", None, ["red"]))


def test_salts_may_be_long():
    assert len(salt_digest(LONG)) == 32
