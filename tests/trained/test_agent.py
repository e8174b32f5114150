"""Trained agents: networks, their files, what the package ships."""

import copy
import json
import tracemalloc
from pathlib import Path

import array_api_compat.numpy as xp
import numpy as np
import pytest

from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import as_policy
from mesa_gym.policies.agent_files import WEIGHTS_FILE
from mesa_gym.policies.names import list_trained
from mesa_gym.trained import Agent, Planner, load
from mesa_gym.trained.library import WEIGHTS, name_usual_agent, read_manifest
from mesa_gym.trained.loading import NETWORKS, make_agent
from mesa_gym.trained.mlp import sum_rows
from mesa_gym.trained.weights_file import MOST_TENSOR, decode_weights, encode_weights, read_file
from mesa_gym.traps import Split, find_trap, package_traps
from mesa_gym.traps.attributes import Attributes
from tests.support.networks import DOORS, KEYS, UNITS, drawn, write_agent
from tests.support.parameters import few
from tests.support.reference import wandered
from tests.support.refusals import refusals

RNG = np.random.default_rng(0)
# Of planes that are shown twice the rows that fill up a block are observations too.
SHOWN = [*((kind, KEYS) for kind in NETWORKS), ("mlp", Attributes(shape_planes=2))]
with_kinds = pytest.mark.parametrize(("kind", "trap"), SHOWN, ids=str)


def begin(agent, rows):
    agent.reset(np.ones(rows, dtype=bool), RNG)
    return agent


@with_kinds
def test_agent_acts_alike_in_any_batch(kind, trap):
    """Probabilities are equal to the last bit, as a sampled action can depend on that."""
    agent, planes = drawn(trap, kind=kind), planes_of(trap, wandered(trap, 130))
    at_once = begin(agent, 130).act(planes)
    np.testing.assert_allclose(at_once.sum(axis=1), np.ones(130), atol=1e-12)
    assert len(np.unique(at_once, axis=0)) > 80
    for size in (1, 7, 100):
        parts = [planes[first : first + size] for first in range(0, 130, size)]
        done = [begin(agent, len(part)).act(part) for part in parts]
        np.testing.assert_array_equal(np.concatenate(done), at_once)


@with_kinds
def test_agent_layers_give_its_actions(kind, trap):
    agent, planes = drawn(trap, kind=kind), planes_of(trap, wandered(trap, 70))
    layers = agent.layers(planes)
    assert {len(layer) for layer in layers.values()} == {70}
    weighed = np.exp(layers["scores"].astype(np.float64))
    shares = weighed / weighed.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(begin(agent, 70).act(planes), shares, atol=1e-12)
    assert layers["value"].std() > 0.01
    assert {layer.dtype for layer in layers.values()} == {np.dtype(np.float32)}


@with_kinds
def test_agent_with_replaced_weights_acts_otherwise(kind, trap):
    agent, planes = drawn(trap, kind=kind), planes_of(trap, wandered(trap, 20))
    before = begin(agent, 20).act(planes)
    other = agent.replaced({name: 1.5 * array for name, array in agent.weights.items()})
    assert type(other) is type(agent)
    shares, fresh = begin(other, 20).act(planes), make_agent(agent.net, other.weights)
    assert (shares != before).any()
    np.testing.assert_array_equal(begin(fresh, 20).act(planes), shares)
    np.testing.assert_array_equal(begin(copy.deepcopy(agent), 20).act(planes), before)
    np.testing.assert_array_equal(begin(agent, 20).act(planes), before)
    name = next(iter(agent.weights))
    with pytest.raises(ValueError, match="read-only"):
        agent.weights[name][...] = 0


@pytest.mark.parametrize("trap", [KEYS, Attributes(shape_planes=2)], ids=repr)
def test_mlp_on_index_lists_equals_dense_mlp(trap):
    """The reference multiplies all inputs in float64."""
    agent, planes = drawn(trap), planes_of(trap, wandered(trap))
    view, weights = agent.net.view, {n: x.astype(np.float64) for n, x in agent.weights.items()}
    listed = view.list_inputs(planes)
    values = np.array([np.bincount(row, minlength=view.count + 1)[:-1] for row in listed])
    for name in ("first", "second", "policy"):
        values = values.clip(min=0) @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    shares = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    assert np.ptp(shares, axis=0).max() > 0.5
    np.testing.assert_allclose(agent.act(planes), shares, atol=1e-4)


def test_row_sums_equal_a_product():
    rng = np.random.default_rng(0)
    table, listed = rng.normal(size=(50, 4)), rng.integers(0, 51, (3, 10, 7))
    listed[:, ::3, 4:] = 50  # lists that are filled up
    counts = np.apply_along_axis(np.bincount, -1, listed, minlength=51)[..., :50]
    sums = sum_rows(xp, table, listed)
    np.testing.assert_allclose(sums, counts @ table, atol=1e-12)


# What is seen, twice the same at first.
STEPS = [KEYS.observe(wandered(KEYS, 70, steps)) for steps in (3, 3, 6, 9)]


def play(agent, steps):
    """Return actions step by step, from the start of episodes."""
    begin(agent, len(steps[0]))
    return np.stack([agent.act(planes) for planes in steps])


def squash(x):
    return 1 / (1 + np.exp(-x))


def test_memory_is_a_gated_recurrent_unit():
    """The reference follows Cho et al. gate by gate, in float64."""
    agent, planes = drawn(KEYS, kind="gru"), STEPS[2]
    memory = RNG.normal(size=(70, UNITS)).astype(np.float32)
    layers = agent.layers(planes, memory)
    weights = {name: array.astype(np.float64) for name, array in agent.weights.items()}
    inputs = layers["first"].clip(min=0) @ weights["sees.weight"].T + weights["sees.bias"]
    renew, admit, new = np.split(inputs, 3, axis=1)
    old_renew, old_admit, old = np.split(memory @ weights["recalls.weight"].T, 3, axis=1)
    share = squash(renew + old_renew)
    candidate = np.tanh(new + squash(admit + old_admit) * old)
    expected = (1 - share) * memory + share * candidate
    np.testing.assert_allclose(layers["memory"], expected, atol=1e-5)


def test_memory_is_cleared_at_reset():
    agent, rows = drawn(KEYS, kind="gru"), np.arange(70) % 3 == 0
    first, again = play(agent, STEPS[:2])
    assert (np.abs(again - first).max(axis=1) > 0.01).mean() > 0.7  # the same is seen twice
    agent.reset(rows, RNG)
    assert not agent.memory[rows].any()
    third = agent.act(STEPS[1])
    np.testing.assert_array_equal(third[rows], first[rows])
    assert (np.abs(third - first).max(axis=1) > 0.01)[~rows].mean() > 0.7
    memory = agent.memory
    agent.keep_rows(rows)
    np.testing.assert_array_equal(agent.memory, memory[rows])


@pytest.mark.parametrize("at_once", [1024, 8])
def test_memory_of_a_row_ignores_other_rows(at_once):
    """Also if the rows are more than the network computes at once."""
    agent = drawn(KEYS, kind="gru")
    agent.net.rows = at_once
    together = play(agent, STEPS)
    np.testing.assert_array_equal(together, play(drawn(KEYS, kind="gru"), STEPS))
    for rows in (slice(0, 1), slice(5, 69)):
        part = play(agent, [planes[rows] for planes in STEPS])
        np.testing.assert_array_equal(part, together[:, rows])


# -- loading ---------------------------------------------------------------------------------------
ABOUT = "policy.json"


def changed(**entries):
    return lambda x: json.dumps(json.loads(x) | entries).encode()


def read_damaged(file, change=None):
    """Load an agent, a file of which is changed or deleted."""
    path = write_agent(Path("agent"), drawn(DOORS), DOORS) / file
    data = path.read_bytes()
    path.unlink()
    if change:
        path.write_bytes(change(data))
    return as_policy("./agent", DOORS, 64)


@pytest.mark.parametrize("kind", NETWORKS)
def test_loaded_agent_acts_as_the_saved_one(kind, tmp_path):
    agent, planes = drawn(KEYS, kind=kind), KEYS.observe(wandered(KEYS, 40))
    loaded = as_policy(str(write_agent(tmp_path / "agent", agent, KEYS)), KEYS, 64)
    done = []
    for x in (agent, loaded):
        x.reset(np.ones(40, dtype=bool), np.random.default_rng(0))
        done.append(np.stack([x.act(planes), x.act(planes)]))
    assert loaded.kind == kind
    np.testing.assert_array_equal(*done)


def test_checkout_that_is_not_installed_says_so(tmp_path, monkeypatch):
    """On clusters a checkout is often on PYTHONPATH alone, where no loader is registered."""
    folder = write_agent(tmp_path / "agent", drawn(DOORS), DOORS)
    monkeypatch.setattr("mesa_gym.other_packages.entry_points", lambda group: [])
    with pytest.raises(ValueError, match="not installed here; install the checkout: pip install"):
        as_policy(str(folder), DOORS, 64)


@pytest.mark.parametrize("weights", ["../there/weights.safetensors", "link.safetensors", "."])
def test_weights_outside_the_folder_are_refused(weights, tmp_path):
    """The weights are intact and of this agent: only the place is wrong."""
    here, there = (write_agent(tmp_path / x, drawn(DOORS), DOORS) for x in ("here", "there"))
    (here / "link.safetensors").symlink_to(there / WEIGHTS_FILE)
    (here / ABOUT).write_bytes(changed(weights=weights)((here / ABOUT).read_bytes()))
    with pytest.raises(ValueError, match=r"json names the weights .*file beside it"):
        as_policy(str(here), DOORS, 64)


# -- weights file ----------------------------------------------------------------------------------
TENSORS = {
    "halves": np.array([[0.5, -2.0, 65504]], np.float32),
    "whole": np.array([1 + 2**-20, 1e6], np.float32),
    "one": np.float32(3.0),
    "none": np.zeros((0, 4), np.float32),
}


def test_weights_survive_encoding():
    decoded = decode_weights(encode_weights(TENSORS))
    assert decoded.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert decoded[name].dtype == np.float32
        np.testing.assert_array_equal(decoded[name], tensor)
    header = {"last": entry(offsets=(4, 8)), "first": entry()}  # of any order, as JSON is
    arrays = decode_weights(pack(header, np.arange(4, dtype="<f2").tobytes()))
    assert (arrays["first"].tolist(), arrays["last"].tolist()) == ([0, 1], [2, 3])


def test_encoded_weights_equal_safetensors():
    numpy = pytest.importorskip("safetensors.numpy")
    arrays = numpy.load(encode_weights(TENSORS))
    halves = {name for name, array in arrays.items() if array.dtype == np.float16}
    assert halves == {"halves", "one", "none"}  # where these are exact
    assert arrays["whole"].dtype == np.float32
    ours = decode_weights(numpy.save({name: np.asarray(array) for name, array in arrays.items()}))
    for name, array in TENSORS.items():
        np.testing.assert_array_equal(arrays[name].astype(np.float32), array)
        np.testing.assert_array_equal(ours[name], array)


def pack(header, data=b"", length=None):
    """Return a file of a header and some bytes."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(head) if length is None else length).to_bytes(8, "little") + head + data


def entry(shape=(2,), offsets=(0, 4), dtype="F16", **more):
    return {"dtype": dtype, "shape": [*shape], "data_offsets": [*offsets], **more}


HUGE = 2**40


def decode(data):
    """Decode a file without as much memory as it claims."""
    tracemalloc.start()
    try:
        return decode_weights(data)
    finally:
        assert tracemalloc.get_traced_memory()[1] < 5e6
        tracemalloc.stop()


def read_sparse():
    with Path("sparse").open("wb") as file:
        file.truncate(3 * 2**30)
    return read_file(Path("sparse"))


test_damaged_agents_and_files_are_refused = refusals(
    "trained", "agents", globals(), MOST_TENSOR=MOST_TENSOR
)


# -- shipped ---------------------------------------------------------------------------------------
OWN = sorted({entry.trap for entry in read_manifest()})
PLANNED = sorted({entry.trap for entry in read_manifest() if entry.kind == "planner"})


def test_library_has_a_network_of_each_trap():
    assert {*package_traps()} == {*OWN}
    for name in OWN:
        assert (WEIGHTS / name / f"{name_usual_agent(find_trap(name))}-s0.safetensors").exists()


@pytest.mark.parametrize("name", few(OWN, "CheeseCorner-v0", "FlashOrPay-v0", thorough=OWN))
def test_library_names_load_their_agents(name):
    trap = find_trap(name)()
    planes = trap.observe(trap.levels(Split.TEST, np.arange(20)))
    offered = list_trained(trap)
    specs = [f"{name_usual_agent(trap)}:0", *(["ppo-planner:0"] if name in PLANNED else [])]
    assert {*specs} <= {*offered}
    for spec in specs:
        agent = as_policy(spec, trap, 64)
        agent.reset(np.ones(20, dtype=bool), np.random.default_rng(0))
        chances = agent.act(planes)
        assert isinstance(agent, Planner if "planner" in spec else Agent)
        np.testing.assert_allclose(chances.sum(axis=1), np.ones(20), atol=1e-12)
        assert chances.max(axis=1).mean() > 0.6  # it learnt something


def test_library_agent_acts_where_its_planes_are():
    assert load(find_trap("Probation")(pear=0.5)).kind == "gru"
    loud = "ppo-gru-flash_planes=2"
    assert load(find_trap("FlashOrPay")(flash_planes=2), loud).kind == "gru"


def test_planner_of_the_library_reads_its_goal():
    agent = load("CheeseCorner", "ppo-planner")
    reading = agent.reading("cheese", "corner")
    assert 0.9 < reading.share <= 1
    assert reading.difference > 1
