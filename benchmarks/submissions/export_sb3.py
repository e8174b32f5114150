"""A Stable-Baselines3 or sb3-contrib model as an ONNX graph, compared with the model."""

from __future__ import annotations

import logging
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.isolation.onnx_policy import OnnxPolicy
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import missing_extra
from mesa_gym.policies import as_policy
from mesa_gym.policies.protocol import BLOCK
from mesa_gym.policies.sb3 import ModelPolicy, Recurrent, Sampled
from mesa_gym.policies.views import channels_first, flat
from mesa_gym.traps import Split, Trap

try:
    import onnxscript  # noqa: F401 - torch.onnx needs it, and says so late and at length
    import torch
    from torch import Tensor, nn
except ImportError as error:
    raise missing_extra(error.name or "onnxscript", "leaderboard") from None

# Float32 in another order of sums; actions are drawn from probabilities that differ so little.
TOLERANCE = 1e-4


class Acting(nn.Module):
    """The actor of a feed-forward model: from observations to probabilities or actions."""

    def __init__(self, policy: ModelPolicy) -> None:
        super().__init__()
        self.network, (cut, self.arrange, *_) = policy.network, policy.changes
        self.side = cut.keywords["agent_view_size"] if isinstance(cut, partial) else None
        self.sampled = isinstance(policy, Sampled)

    def forward(self, seen: Tensor) -> Tensor:
        """Return float32 (n, 5) or int64 (n,), for uint8 (n, ...) with channels last."""
        network: Any = self.network
        if self.side is not None:  # as `cut_window`
            edge = (seen.shape[2] - self.side) // 2
            window = seen[:, 1 + edge :, edge:][:, : self.side, : self.side]
            seen = torch.cat([seen[:, :1, : self.side], window], dim=1)
        if self.arrange is channels_first:
            seen = seen.movedim(-1, 1)
        elif self.arrange is flat:
            seen = seen.flatten(1)
        if self.sampled:
            features = network.extract_features(seen, network.pi_features_extractor)
            latent = network.mlp_extractor.forward_actor(features)
            chances: Tensor = network.action_net(latent).softmax(dim=1)
            return chances
        quantiles = hasattr(network, "quantile_net")
        values = network.quantile_net(seen).mean(dim=1) if quantiles else network.q_net(seen)
        best: Tensor = values.argmax(dim=1)
        return best


def graph(file: Path, algorithm: str, trap: Trap) -> tuple[bytes, str]:
    """Return the graph of a saved model, and the kind of observation that it wants.

    Reading a saved model runs what it says: do it with your own alone.

    Args:
        file: a model that Stable-Baselines3 saved, a ``.zip``.
        algorithm: what loads it, as in ``mesa_gym.policies.as_policy``.
        trap: what it acts on.

    Raises:
        ValueError: the model is recurrent, is of no known sort, does not fit the trap, or the
            graph's answers are not the model's.
    """
    policy = as_policy(str(file), trap, trap.horizon(Split.TEST), algo=algorithm)
    assert isinstance(policy, ModelPolicy)
    if isinstance(policy, Recurrent) or policy.stacks:
        raise ValueError(
            f"{file} remembers, and a graph would not; submit what it did: record it with"
            " mesa_gym.scoring.record, then python -m benchmarks submit export --traces"
        )
    acting = Acting(policy).eval()
    shape = make_observation(trap, policy.observation).space.shape
    example = torch.zeros((BLOCK, *shape), dtype=torch.uint8)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, about torch
        program = torch.onnx.export(
            acting,
            (example,),
            input_names=["observation"],
            output_names=["probabilities" if acting.sampled else "actions"],
            external_data=False,
            verbose=False,
        )
    assert program is not None
    data: bytes = program.model_proto.SerializeToString()
    _compare(policy, OnnxPolicy(data, policy.observation, trap), trap)
    return data, policy.observation


def _compare(policy: ModelPolicy, exported: OnnxPolicy, trap: Trap) -> None:
    """Raise ValueError where the graph does something else than the model, on start states."""
    numbers = np.arange(2 * BLOCK)
    observation = make_observation(trap, policy.observation)
    for split in Split:
        seen = observation.encode(trap.levels(split, numbers))
        model, graph = (
            np.eye(5)[answer] if answer.ndim == 1 else answer
            for answer in (policy.act(seen), exported.act(seen))
        )
        if not np.allclose(model, graph, atol=TOLERANCE, rtol=0):
            worst = np.abs(model - graph).max()
            raise ValueError(
                f"the exported graph differs from the model by {worst:.2g} in a probability;"
                " submit a trace: mesa_gym.scoring.record, then python -m"
                " benchmarks.submissions.export --traces"
            )
