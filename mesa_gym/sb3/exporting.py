"""Exports Stable-Baselines3 and sb3-contrib models as ONNX graphs, and checks the graphs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import require_extra
from mesa_gym.files import locate_path, write_bytes
from mesa_gym.policies.asking import read_answer
from mesa_gym.policies.protocol import BLOCK, Policy
from mesa_gym.policies.views import change_all
from mesa_gym.sb3.policy import Greedy, ModelPolicy, Sampled, from_model
from mesa_gym.traps import Split, Trap, as_trap

# The largest difference of action probabilities, due to another order of float32 sums.
TOLERANCE = 1e-4
INSTEAD = "score it and save its episodes: mesa-gym score --save-episodes FILE"


class Acting(nn.Module):
    """The actor of a model: maps observations (n, ...) to probabilities (n, 5) or actions (n,)."""

    def __init__(self, policy: ModelPolicy) -> None:
        super().__init__()
        self.network: Any = policy.network
        self.changes, self.sampled = policy.changes, isinstance(policy, Sampled)

    def forward(self, obs: Tensor) -> Any:
        """Return the network's probabilities or actions for the environment's observations."""
        obs, network = change_all(self.changes, obs), self.network
        if not self.sampled:
            return network(obs)
        features = network.extract_features(obs, network.pi_features_extractor)
        # If the critic has its own features, SB3 returns both.
        features = features[0] if isinstance(features, tuple) else features
        return network.action_net(network.mlp_extractor.forward_actor(features)).softmax(dim=1)


def export(model: Any, trap: Trap | str, path: Path | str) -> None:
    """Write a model as an ONNX file, which can be used as a policy that acts like the model.

    ``mesa-gym score CheeseDish --policy x.onnx`` scores the file and runs no Python code from it.

    Args:
        model: a model of Stable-Baselines3 or sb3-contrib, such as PPO or DQN.
        trap: the trap to act on, or its name.
        path: the file, with the suffix ``.onnx``.

    Raises:
        ImportError: the extra ``onnx`` is not installed.
        UnknownNameError: the trap is unknown.
        ValueError: the path has another suffix; or the model does not fit the trap, reads
            normalised observations, or has a kind that cannot be exported.
    """
    if Path(path).suffix != ".onnx":
        raise ValueError(f"cannot write {path}: the name of a graph must end in .onnx")
    with require_extra("onnx"):
        import onnxscript  # noqa: F401 - torch.onnx needs it, but raises a long and late error
    from mesa_gym.policies.onnx import OnnxPolicy

    trap = as_trap(trap)
    policy = from_model(model, trap)
    kind, network, sampled = policy.observation, policy.network, isinstance(policy, Sampled)
    is_network = isinstance(policy, Sampled | Greedy) and isinstance(policy.network, nn.Module)
    # The first two changes crop and rearrange observations; a third one normalises them.
    if not is_network or len(policy.changes) > 2:
        raise ValueError(
            f"a {type(model).__name__} model cannot be exported if it has normalised observations,"
            f" a memory or a JAX network: {INSTEAD}"
        )
    space = make_observation(trap, kind).space
    shape, dtype = (BLOCK, *space.shape), getattr(torch, space.dtype.name)
    with warnings.catch_warnings(), _quiet("torch.onnx"):
        warnings.simplefilter("ignore")  # torch's warnings about itself
        program = torch.onnx.export(
            Acting(policy).eval(),
            (torch.zeros(shape, dtype=dtype, device=network.device),),
            input_names=[kind],
            output_names=["probabilities" if sampled else "actions"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False,
            verbose=False,
        )
    assert program is not None
    data: bytes = program.model_proto.SerializeToString()
    _compare(policy, OnnxPolicy(data, trap, kind), trap)
    write_bytes(locate_path(path), data)


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a logger to errors meanwhile; the user's own exports keep their warnings."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _compare(policy: ModelPolicy, exported: Policy, trap: Trap) -> None:
    """Raise ValueError if graph and model differ at the first step of some levels of each split."""
    observation, episode_start = (
        make_observation(trap, policy.observation),
        np.ones(2 * BLOCK, np.bool_),
    )
    exported.reset(episode_start, np.random.default_rng(0))
    for split in Split:
        obs = observation.encode(trap.levels(split, range(2 * BLOCK)))
        model, graph = (read_answer(acting.act(obs), len(obs)) for acting in (policy, exported))
        if not np.allclose(model, graph, atol=TOLERANCE, rtol=0):
            worst = np.abs(model - graph).max()
            raise ValueError(
                f"graph and model differ by {worst:.2g} in an action probability: {INSTEAD}"
            )
