"""Environments on a device: seeds, kernels, graphs, bad input. Episodes: test_fronts.py."""

import sys

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from tests.envs.kernels import OneDevice
from tests.support.parameters import TRAPS, each_trap, few_traps

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("cuda:99", "device 'cuda:99' is not here: "),
        ("gpu", "^unknown device 'gpu': expected cpu, cuda or cuda:N$"),
    ],
)
def test_torch_names_a_missing_device(device, told):
    with pytest.raises(ValueError, match=told):
        mesa_gym.make_torch("CheeseCorner", 2, num_levels=3, device=device)
    with pytest.raises(ValueError, match="the id MesaGym/CheeseCorner-Shift-v0 has split shift"):
        mesa_gym.make_torch("CheeseCorner-Shift", 2, split="train")


@pytest.mark.thorough
@few_traps
@pytest.mark.parametrize("observation", ["planes", "centred"])
def test_torch_step_compiles_to_one_graph(trap, observation):
    env = mesa_gym.make_torch(trap.id(), 4, num_levels=3, device="meta", observation=observation)
    env.reset(seed=0)
    torch._dynamo.reset()
    env._advance = torch.compile(env.advance, backend="eager", fullgraph=True, dynamic=False)
    # Tensors without values: what asks for one fails.
    assert env.step(torch.zeros(4, dtype=int, device="meta"))[0].device.type == "meta"


@each_trap
@pytest.mark.parametrize("observation", ["planes", "centred", "flat", "chw"])
def test_torch_step_copies_nothing_from_cpu(trap, observation):
    """A copy would keep CUDA graphs from capturing the step."""
    env = mesa_gym.make_torch(trap.id(), 4, num_levels=3, device="meta", observation=observation)
    env.reset(seed=0)
    actions = torch.zeros(4, dtype=int, device="meta")
    with OneDevice():
        env.advance(env.state, env.episode, actions)
        env.step(actions)


def test_device_guard_catches_copies_from_cpu():
    canvas, where = (torch.zeros(3, dtype=int, device="meta") for _ in range(2))
    with OneDevice():
        with pytest.raises(AssertionError, match="sets a number"):
            canvas[where] = 1
        with pytest.raises(AssertionError, match="a tensor on cpu"):
            canvas + torch.tensor(1)
        assert torch.where(canvas > 0, canvas + 1, 0)[where].device.type == "meta"


@pytest.mark.slow
def test_torch_step_compiled_equals_plain_step():
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
    with pytest.raises(ValueError, match="2 seeds were given for 3 environments"):
        env.reset(seed=[7, 8])
    for action in (5, -1):
        with pytest.raises(RuntimeError, match="an action is none of the five"):
            env.step(torch.tensor([0, action, 0]))
    for keywords, message in [
        ({"observation": "rgb"}, "on a device .rgb.; expected one of planes, centred, flat, chw"),
        ({"num_levels": None}, "num_levels must be an integer"),
        ({"num_envs": 0}, "num_envs must be"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(TRAPS[1].id(), **{"num_envs": 2, **keywords})
    monkeypatch.delitem(sys.modules, "mesa_gym.envs.tensors")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"'torch'.*mesa-gym\[sb3\]"):
        make(TRAPS[1].id(), 2)
