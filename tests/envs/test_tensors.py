"""Environments on a device give what the vector environment gives, and wait for nothing."""

import sys

import gymnasium as gym
import numpy as np
import pytest
from kernels import KernelCount
from parameters import TRAPS, each_trap, few_traps

import mesa_gym
from mesa_gym.traps import find_trap

torch = pytest.importorskip("torch")
# Kernels of a step, of any number of environments: on a GPU each takes microseconds to start.
ANY, FOR_A_PLANE, FOR_CHANCE = 45, 25, 130


def steps_alike(trap, n, steps, **keywords):
    ours = mesa_gym.make_torch(trap.id(), n, **keywords)
    theirs = gym.make_vec(trap.id(), n, autoreset_mode="SameStep", **keywords)
    seen, infos = ours.reset(seed=5)
    want, wanted = theirs.reset(seed=5)
    np.testing.assert_array_equal(seen.numpy(), want)
    assert seen.numpy().dtype == infos["final_obs"].numpy().dtype == want.dtype
    keys, rng, waits = infos.keys(), np.random.default_rng(0), KernelCount()
    for _ in range(steps):
        actions, level = rng.integers(0, 5, n), wanted["level"]
        with waits:
            seen, reward, *ended, infos = ours.step(torch.from_numpy(actions))
        want, rewards, *done, wanted = theirs.step(actions)
        np.testing.assert_array_equal(seen.numpy(), want)
        np.testing.assert_array_equal([x.numpy() for x in ended], done)
        np.testing.assert_allclose(reward.numpy(), rewards, atol=1e-6)
        np.testing.assert_array_equal(infos["level"].numpy(), level)
        for name, paid in mesa_gym.objectives(wanted).items():
            np.testing.assert_allclose(infos[f"reward_{name}"].numpy(), paid, atol=1e-6)
        for row in done[0].nonzero()[0].tolist() + done[1].nonzero()[0].tolist():
            want[row] = wanted["final_obs"][row]
        np.testing.assert_array_equal(infos["final_obs"].numpy(), want)
        assert infos.keys() == keys
        for given in (seen, reward, *ended, *infos.values()):
            given.zero_()  # what is returned may be changed
    assert waits.count > 20 * steps


AT_LENGTH = {"n": 256, "steps": 500, "num_levels": 128}
BRIEFLY = {"n": 16, "steps": 40, "num_levels": 32, "max_steps": 15, "alpha": 0.3}


@each_trap
@pytest.mark.parametrize(
    "size", [BRIEFLY, pytest.param(AT_LENGTH, marks=pytest.mark.slow)], ids=["brief", "long"]
)
def test_steps_are_those_of_the_vector_environment(trap, size):
    steps_alike(trap, **size)


def test_make_torch_takes_a_seed_per_environment():
    seeds = [7, 300_000, 7]
    ours = mesa_gym.make_torch("MesaGym/CheeseCorner-v0", 3, num_levels=500, seed=seeds)
    theirs = gym.make_vec("MesaGym/CheeseCorner-v0", 3, num_levels=500)
    want, _ = theirs.reset(seed=seeds)
    np.testing.assert_array_equal(ours.reset()[0].numpy(), want)
    np.testing.assert_array_equal(ours.reset(seed=seeds)[0].numpy(), want)
    with pytest.raises(ValueError, match="2 seeds were given for 3 environments"):
        ours.reset(seed=seeds[:2])


@pytest.mark.parametrize(
    "shown",
    [
        *({"observation": kind} for kind in ("flat", "chw", "centred")),
        {"observation": "centred", "agent_view_size": 5},
    ],
    ids=str,
)
def test_other_shapes_and_repeated_planes(shown):
    steps_alike(find_trap("CheeseDish"), 4, 20, num_levels=5, max_steps=9, dish_planes=3, **shown)


@pytest.mark.thorough
@few_traps
@pytest.mark.parametrize("observation", ["planes", "centred"])
def test_torch_step_is_one_graph_without_values(trap, observation):
    env = mesa_gym.make_torch(trap.id(), 4, num_levels=3, device="meta", observation=observation)
    env.reset(seed=0)
    torch._dynamo.reset()
    env._advance = torch.compile(env.advance, backend="eager", fullgraph=True, dynamic=False)
    # Tensors without values: what asks for one fails.
    assert env.step(torch.zeros(4, dtype=int, device="meta"))[0].device.type == "meta"


@each_trap
def test_torch_step_keeps_to_its_kernel_budget(trap):
    """More planes take more of them; a trap that needs still more has wasteful rules."""
    env = mesa_gym.make_torch(trap.id(), 4, num_levels=3, device="meta")
    env.reset(seed=0)
    actions = torch.zeros(4, dtype=int, device="meta")
    with KernelCount() as kernels:
        env.advance(env.state, env.episode, actions)
    drawn = FOR_CHANCE if trap.chance or trap.outcomes else 0
    assert kernels.count <= ANY + FOR_A_PLANE * len(env.trap.channels) + drawn


@pytest.mark.slow
def test_torch_step_compiled_is_the_same():
    plain, compiled = (
        mesa_gym.make_torch("MesaGym/FollowMe-v0", 64, seed=1, num_levels=9, compile=flag)
        for flag in (False, True)
    )
    for env in (plain, compiled):
        env.reset()
    for _ in range(70):
        actions = torch.randint(0, 5, (64,))
        for ours, theirs in zip(plain.step(actions)[:4], compiled.step(actions)[:4], strict=True):
            assert torch.equal(ours, theirs)


def test_bad_input_is_named(monkeypatch):
    make = mesa_gym.make_torch
    env = make(TRAPS[1].id(), 3, num_levels=2)
    with pytest.raises(gym.error.ResetNeeded, match="before reset"):
        env.step(torch.zeros(3, dtype=int))
    env.reset()
    for actions, message in [
        (np.zeros(3, int), "must be a torch.Tensor of 3 integers.*; got a ndarray"),
        (torch.zeros(3), "got torch.float32"),
        (torch.ones(3, dtype=bool), "got torch.bool"),
        (torch.zeros(2, dtype=int), r"of 3 integers.*got .* the shape \(2,\)"),
        (torch.zeros(3, dtype=int, device="meta"), "on cpu; got .* on meta"),
    ]:
        with pytest.raises(ValueError, match=message):
            env.step(actions)
    for action in (5, -1):
        with pytest.raises(RuntimeError, match="an action is none of the five"):
            env.step(torch.tensor([0, action, 0]))
    for keywords, message in [
        ({"observation": "rgb"}, "on a device; it offers planes, centred, flat, chw"),
        ({"num_levels": None}, "num_levels must be an integer"),
        ({"num_envs": 0}, "num_envs must be"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(TRAPS[1].id(), **{"num_envs": 2, **keywords})
    monkeypatch.delitem(sys.modules, "mesa_gym.envs.tensors")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"'torch'.*mesa-gym\[sb3\]"):
        make(TRAPS[1].id(), 2)
