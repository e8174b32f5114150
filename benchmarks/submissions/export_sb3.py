"""A Stable-Baselines3 or sb3-contrib model as an ONNX graph, compared with the model."""

from __future__ import annotations

import logging
import warnings
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.isolation.onnx_policy import NEXT_STATE, STATE, OnnxPolicy
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
# Of each episode that is compared: what a model remembers counts from the second on.
STEPS = 4


class Acting(nn.Module):
    """The actor of a model without a memory: from observations to probabilities or actions."""

    def __init__(self, policy: ModelPolicy) -> None:
        super().__init__()
        self.network: Any = policy.network
        cut, self.arrange, *_ = policy.changes
        self.side = cut.keywords["agent_view_size"] if isinstance(cut, partial) else None
        self.sampled = isinstance(policy, Sampled | Recurrent)

    def forward(self, seen: Tensor) -> Tensor:
        """Return float32 (n, 5) or int64 (n,), for uint8 (n, ...) with channels last."""
        seen, network = self._arrange(seen), self.network
        if self.sampled:
            return self._choose(self._extract(seen))
        quantiles = hasattr(network, "quantile_net")
        values = network.quantile_net(seen).mean(dim=1) if quantiles else network.q_net(seen)
        best: Tensor = values.argmax(dim=1)
        return best

    def _arrange(self, seen: Tensor) -> Tensor:
        """Return what the model sees of what environments show."""
        if self.side is not None:  # as `cut_window`
            edge = (seen.shape[2] - self.side) // 2
            window = seen[:, 1 + edge :, edge:][:, : self.side, : self.side]
            seen = torch.cat([seen[:, :1, : self.side], window], dim=1)
        if self.arrange is channels_first:
            seen = seen.movedim(-1, 1)
        elif self.arrange is flat:
            seen = seen.flatten(1)
        return seen

    def _extract(self, seen: Tensor) -> Tensor:
        """Return the actor's features, float32 (n, features)."""
        features = self.network.extract_features(seen, self.network.pi_features_extractor)
        # Where the critic has features of its own, it gives both.
        actors: Tensor = features[0] if isinstance(features, tuple) else features
        return actors

    def _choose(self, features: Tensor) -> Tensor:
        """Return action probabilities, float32 (n, 5)."""
        latent = self.network.mlp_extractor.forward_actor(features)
        chances: Tensor = self.network.action_net(latent).softmax(dim=1)
        return chances


class RecurrentActing(Acting):
    """The actor of a model with an LSTM, whose memory is one flat state."""

    def forward(  # type: ignore[override]
        self, seen: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return float32 (n, 5) and the next state, for uint8 (n, ...) and float32 (n, size).

        A row's state is what each layer gave last, then the cells of each layer.
        """
        lstm = self.network.lstm_actor
        parts = state.unflatten(1, (2, lstm.num_layers, lstm.hidden_size)).permute(1, 2, 0, 3)
        features, after = lstm(self._extract(self._arrange(seen))[None], (parts[0], parts[1]))
        return self._choose(features[0]), torch.stack(after).permute(2, 0, 1, 3).flatten(1)


def graph(file: Path, algorithm: str, trap: Trap) -> tuple[bytes, str]:
    """Return the graph of a saved model, and the kind of observation that it wants.

    Reading a saved model runs what it says: do it with your own alone.

    Args:
        file: a model that Stable-Baselines3 saved, a ``.zip``.
        algorithm: what loads it, as in ``mesa_gym.policies.as_policy``.
        trap: what it acts on.

    Raises:
        ValueError: the model sees several frames, is of no known sort, does not fit the trap, or
            the graph's answers are not the model's.
    """
    policy = as_policy(str(file), trap, trap.horizon(Split.TEST), algo=algorithm)
    assert isinstance(policy, ModelPolicy)
    if policy.stacks:
        raise ValueError(
            f"{file} sees several frames, and a graph one; submit what it did: record it with"
            " mesa_gym.scoring.record, then python -m benchmarks submit export --traces"
        )
    shape = make_observation(trap, policy.observation).space.shape
    example = [torch.zeros((BLOCK, *shape), dtype=torch.uint8)]
    acting = Acting(policy)
    inputs, outputs = ["observation"], ["probabilities" if acting.sampled else "actions"]
    if isinstance(policy, Recurrent):
        acting = RecurrentActing(policy)
        layers, _, size = policy.network.lstm_hidden_state_shape
        example.append(torch.zeros(BLOCK, 2 * layers * size))
        inputs, outputs = [*inputs, STATE], [*outputs, NEXT_STATE]
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, about torch
        program = torch.onnx.export(
            acting.eval(),
            tuple(example),
            input_names=inputs,
            output_names=outputs,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    data: bytes = program.model_proto.SerializeToString()
    _compare(policy, OnnxPolicy(data, policy.observation, trap), trap)
    return data, policy.observation


def _compare(policy: ModelPolicy, exported: OnnxPolicy, trap: Trap) -> None:
    """Raise ValueError where the graph does something else than the model, in a few steps."""
    numbers, rng = np.arange(2 * BLOCK), np.random.default_rng(0)
    observation, begun = make_observation(trap, policy.observation), np.ones(2 * BLOCK, np.bool_)
    for split, step in product(Split, range(STEPS)):
        if step == 0:
            state = trap.levels(split, numbers)
            policy.reset(begun, rng)
            exported.reset(begun, rng)
        seen = observation.encode(state)
        model, graph = (
            np.eye(5)[answer] if answer.ndim == 1 else answer
            for answer in (policy.act(seen), exported.act(seen))
        )
        state = trap.step(state, rng.integers(5, size=len(numbers))).state
        if not np.allclose(model, graph, atol=TOLERANCE, rtol=0):
            worst = np.abs(model - graph).max()
            raise ValueError(
                f"the exported graph differs from the model by {worst:.2g} in a probability;"
                " submit a trace: mesa_gym.scoring.record, then python -m"
                " benchmarks submit export --traces"
            )
