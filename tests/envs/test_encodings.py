"""Encodings: mixed planes tell what planes tell, and all that is not seen stays the same."""

import pickle
from importlib import import_module

import numpy as np
import pytest
from parameters import large_apart

from mesa_gym.engine import State
from mesa_gym.envs import TrapEnv, TrapVectorEnv
from mesa_gym.envs.encodings import (
    KEPT,
    find_fixed_kinds,
    mix_planes,
    show_only,
    shuffle_planes,
)
from mesa_gym.envs.observations import planes_of
from mesa_gym.scoring import score
from mesa_gym.testing.environments import check_vector, random_moves
from mesa_gym.traps import Split, find_trap, package_traps

COLOUR_SHAPE, KEYS_CHESTS = find_trap("ColourShape")(), find_trap("KeysChests")()
DOORS = find_trap("RedBlueDoors")()
RANKED = ["CheeseDish", "ColourShape", "RedBlueDoors", "Attributes", "CheeseCorner", "CoinRun"]
RANKED += ["NearestFruit", "PointedGoal", "ChuteOrFire", "KeysChests"]


def walk_kinds(trap, starts):
    """Return the kinds of cells that are met by acting at random, agent and wall left out."""
    rng, found, bits = np.random.default_rng(0), set(), 1 << np.arange(len(trap.planes) - KEPT)
    while starts.n and starts.clock.max() < 20:
        found.update(np.unique(trap.observe(starts)[..., KEPT:] @ bits).tolist())
        starts, _, ended = trap.step(starts, rng.integers(0, 5, starts.n))
        starts = starts.take(~ended)
    return found


@pytest.mark.parametrize("name", large_apart(package_traps()))
def test_find_fixed_kinds_needs_all_in_training(name):
    """Such as CheeseCorner, but not CheeseDish: under shift cheese and dish have each its own."""
    trap, numbers = find_trap(name)(), np.arange(400)
    shift = trap.levels("shift", numbers)
    changed = [trap.twins(shift)[0]] if trap.exchange else []
    changed += [trap.isolate(shift, kept) for kept in (*trap.find_isolable(), None) if trap.alone]
    others = (walk_kinds(trap, x) for x in (shift, trap.levels("control", numbers), *changed))
    train = walk_kinds(trap, trap.levels("train", numbers))
    fixed = trap.solvable and set().union(*others) <= train
    assert find_fixed_kinds(trap) == (train if fixed else None)


@pytest.mark.parametrize("name", RANKED)
def test_mixed_planes_tell_all_cells_apart(name):
    """The same episodes are played in planes: a cell of them is always shown as the same one."""
    plain, pairs = find_trap(name)(), set[tuple[int, int]]()
    mixed, bits = mix_planes(plain, "salt"), 1 << np.arange(len(plain.channels))
    for split in ("train", "shift"):
        keywords = {"split": split, "autoreset_mode": "SameStep"}
        envs = [TrapVectorEnv(trap, 32, **keywords) for trap in (plain, mixed)]
        planes, shown = (env.reset(seed=3)[0] for env in envs)
        rng = np.random.default_rng(0)
        for _ in range(300):
            np.testing.assert_array_equal(shown, planes_of(mixed, envs[1].state))
            cells = planes @ bits << len(bits) | shown @ bits
            pairs.update(divmod(cell, 1 << len(bits)) for cell in np.unique(cells).tolist())
            actions = rng.integers(5, size=32)
            planes, shown = (env.step(actions)[0] for env in envs)
    drawn, coded = (len({pair[i] for pair in pairs}) for i in range(2))
    assert drawn == coded == len(pairs) > KEPT
    for cell, code in pairs:
        assert cell % 4 == code % 4  # agent and wall
        assert (cell < 4) == (code < 4)  # what is empty


@pytest.mark.parametrize("trap", [COLOUR_SHAPE, KEYS_CHESTS], ids=repr)
def test_mixed_environments_pass_the_vector_checks(trap):
    """Final observations, single environments, all ways to reset, and what is returned is fresh."""
    mixed = mix_planes(trap, "salt")
    random_moves(mixed, 4_000)
    check_vector(mixed, 10)
    shown = planes_of(mixed, trap.levels(Split.SHIFT, np.arange(20)))
    again = planes_of(pickle.loads(pickle.dumps(mixed)), trap.levels(Split.SHIFT, np.arange(20)))
    np.testing.assert_array_equal(shown, again)


def test_mixed_code_of_pairings_is_a_sum():
    table = mix_planes(COLOUR_SHAPE, "salt").recoding
    for one in range(len(table)):
        for plane in 1 << np.arange(len(COLOUR_SHAPE.channels)):
            np.testing.assert_array_equal(table[one ^ plane], table[one] ^ table[plane])


def test_mixed_codes_follow_the_salt():
    for trap in (COLOUR_SHAPE, find_trap("PointedGoal")()):
        tables = [mix_planes(trap, salt).recoding for salt in ("a", "a", "b", "c", "d")]
        assert (tables[0] == tables[1]).all()
        assert len({table.tobytes() for table in tables}) == 4
        assert trap.recoding is None
        # Planes are sums of others: more than their order is drawn.
        singles = tables[0][1 << np.arange(KEPT, len(trap.channels))]
        assert (singles.sum(axis=1) > 1).any()


def test_shuffled_planes_follow_the_salt():
    starts, orders = DOORS.levels(Split.SHIFT, np.arange(20)), set[tuple[int, ...]]()
    for salt in "abcdef":
        other = shuffle_planes(DOORS, salt)
        order = [DOORS.channels.index(plane) for plane in other.channels]
        assert order[:KEPT] == [0, 1]
        assert sorted(order) == list(range(len(DOORS.channels)))
        np.testing.assert_array_equal(
            planes_of(other, starts), planes_of(DOORS, starts)[..., order]
        )
        random_moves(other, 200)
        orders.add(tuple(order))
    assert len(orders) > 1


def test_show_only_shows_named_traits_alone():
    trap, names = find_trap("Attributes")(), ("home", "square")
    starts, other = trap.levels(Split.SHIFT, np.arange(20)), show_only(trap, names)
    shown = planes_of(other, starts).reshape(20, trap.cells, -1)
    assert other.channels == ("agent", "wall", *names)
    for index, name in enumerate(other.channels):
        np.testing.assert_array_equal(shown[..., index] > 0, trap.layer(starts, name))
    random_moves(other, 500)
    assert "home" not in trap.planes
    assert score("oracle:place", other, levels=30).splits == (
        score("oracle:place", trap, levels=30).splits
    )
    with pytest.raises(ValueError, match=r"unknown kind or trait .*'hom'.* mean 'home'"):
        show_only(trap, ("hom",))


def test_mix_planes_follows_shuffle_planes():
    trap = shuffle_planes(COLOUR_SHAPE, "b")
    random_moves(mix_planes(trap, "a"), 1_000)
    with pytest.raises(ValueError, match="shuffle them before"):
        shuffle_planes(mix_planes(trap, "a"), "b")


@pytest.mark.parametrize("kind", ["rgb", "centred", "flat", "chw", "text"])
def test_other_observations_are_refused(kind):
    for make in (TrapEnv, TrapVectorEnv):
        with pytest.raises(ValueError, match=f"mixed, which observation '{kind}' does not show"):
            make(mix_planes(COLOUR_SHAPE, "a"), observation=kind)


@pytest.mark.parametrize(
    ("package", "module", "make"),
    [("torch", "mesa_gym.envs.tensors", "TensorEnv"), ("jax", "mesa_gym", "make_jax")],
)
def test_device_environments_are_refused(package, module, make):
    pytest.importorskip(package)
    with pytest.raises(ValueError, match="mixed, which is not offered on a device"):
        getattr(import_module(module), make)(mix_planes(COLOUR_SHAPE, "a"), 4)


def test_too_many_channels_are_refused():
    with pytest.raises(ValueError, match="has 18 channels; they can be mixed up to 16"):
        mix_planes(find_trap("ColourShape")(colour_planes=7), "a")
    mix_planes(find_trap("ColourShape")(colour_planes=6), "a")


def test_mixed_cell_without_a_code_is_refused():
    """Under a bijection it would look like anything; a silent one would blind."""
    state: State = KEYS_CHESTS.levels(Split.TRAIN, np.arange(3))
    state.at["key"][:] = state.at["chest"][0]
    with pytest.raises(RuntimeError, match="shows key and chest, which has no code"):
        planes_of(mix_planes(KEYS_CHESTS, "a"), state)
