"""Models of Stable-Baselines3 and sb3-contrib as policies; neither is imported.

A model is sampled by the scorer from the probabilities that it gives, never by torch, whose
random state is neither read nor changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.errors import missing_extra
from mesa_gym.policies.blocks import BLOCK, in_blocks, whole_blocks
from mesa_gym.traps import Trap

try:
    import torch
except ImportError:
    raise missing_extra("torch", "sb3") from None

Answer = Callable[[NDArray[np.uint8], slice], NDArray[Any]]
CALLABLE = (
    "hand over a callable that takes observations (n, ...) and gives actions (n,) or"
    " probabilities (n, 5)"
)


class ModelPolicy:
    """A model's network as a policy.

    Args:
        network: what SB3 calls the model's policy.
        observation: the kind that it was trained on.
        channels_first: whether it wants the last axis first.
    """

    def __init__(self, network: Any, observation: str, channels_first: bool) -> None:
        self.network, self.observation = network, observation
        self.channels_first = channels_first

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget nothing: there is nothing."""

    @torch.no_grad()
    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> NDArray[Any]:
        """Return action probabilities, float64 (n, 5), or greedy actions, int64 (n,)."""
        return self._asked(self._answer, observation)

    def _asked(self, answer: Answer, observation: NDArray[np.uint8]) -> NDArray[Any]:
        self.network.set_training_mode(False)
        if self.channels_first:
            observation = np.moveaxis(observation, -1, 1)
        return in_blocks(answer, observation)

    def _answer(self, seen: NDArray[np.uint8], rows: slice) -> NDArray[Any]:
        """Return what it does on one block, which has ``rows`` of the padded batch."""
        raise NotImplementedError


class Sampled(ModelPolicy):
    """A network that gives action probabilities: PPO, A2C, TRPO."""

    def _answer(self, seen: NDArray[np.uint8], rows: slice) -> NDArray[np.float64]:
        tensor, _ = self.network.obs_to_tensor(seen)
        return _probabilities(self.network.get_distribution(tensor))

    @torch.no_grad()
    def values(self, observation: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return what the critic says, float64 (n,)."""
        return self._asked(self._criticised, observation)

    def _criticised(self, seen: NDArray[np.uint8], rows: slice) -> NDArray[np.float64]:
        tensor, _ = self.network.obs_to_tensor(seen)
        values: torch.Tensor = self.network.predict_values(tensor)[:, 0]
        return values.double().cpu().numpy()


class Greedy(ModelPolicy):
    """A network that values actions, of which it takes the best: DQN, QRDQN."""

    def _answer(self, seen: NDArray[np.uint8], rows: slice) -> NDArray[np.int64]:
        actions, _ = self.network.predict(seen, deterministic=True)
        return np.asarray(actions, dtype=np.int64)


class Recurrent(ModelPolicy):
    """An LSTM that gives action probabilities: RecurrentPPO."""

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Empty the memory of the rows in ``mask``."""
        if mask.all():
            layers, _, size = self.network.lstm_hidden_state_shape
            shape = (2, layers, whole_blocks(len(mask)), size)
            self.memory = torch.zeros(shape, device=self.network.device)
        else:
            self.memory[:, :, np.flatnonzero(mask)] = 0

    def _answer(self, seen: NDArray[np.uint8], rows: slice) -> NDArray[np.float64]:
        tensor, _ = self.network.obs_to_tensor(seen)
        hidden, cell = self.memory[:, :, rows].clone()
        # Where an episode starts, ``reset`` has emptied the memory already.
        starts = torch.zeros(BLOCK, device=self.network.device)
        distribution, after = self.network.get_distribution(tensor, (hidden, cell), starts)
        self.memory[:, :, rows] = torch.stack(after)
        return _probabilities(distribution)


def from_model(model: Any, trap: Trap) -> ModelPolicy:
    """Return a model, or the network of one, as a policy.

    Args:
        model: an SB3 or sb3-contrib algorithm with discrete actions, or its ``policy``.
        trap: what it will act on.

    Raises:
        ValueError: it was trained on something that the trap does not show, has other actions, or
            is of a sort whose probabilities cannot be found; the message says what to do.
    """
    name = type(model).__name__
    network = getattr(model, "policy", model)
    kind, channels_first = _observation(name, model.observation_space, trap)
    actions = getattr(model, "action_space", None)
    if getattr(actions, "n", None) != len(ACTIONS) or getattr(actions, "start", 0) != 0:
        raise ValueError(
            f"the {name} model has the action space {actions}; {trap.name()} has"
            f" Discrete({len(ACTIONS)})"
        )
    # The space of a model does not tell whether its observations were normalised.
    normalising = getattr(model, "get_vec_normalize_env", lambda: None)()
    if normalising is not None and normalising.norm_obs:
        raise ValueError(
            f"the {name} model was trained on observations that VecNormalize changed, which is not"
            " part of the model; train it without, or hand over a callable that does the same"
        )
    if not hasattr(network, "obs_to_tensor"):
        raise ValueError(f"the {name} model has no network yet; {CALLABLE}")
    if hasattr(network, "lstm_hidden_state_shape"):
        return Recurrent(network, kind, channels_first)
    if hasattr(network, "get_distribution"):
        return Sampled(network, kind, channels_first)
    if hasattr(network, "q_net") or hasattr(network, "quantile_net"):
        return Greedy(network, kind, channels_first)
    raise ValueError(f"the action probabilities of a {name} model cannot be found; {CALLABLE}")


def _observation(name: str, space: Any, trap: Trap) -> tuple[str, bool]:
    """Return the kind of observation that a space is of, and whether its channels come first."""
    offered: dict[str, Box] = {}
    for kind in OBSERVATIONS:
        try:
            offered[kind] = make_observation(trap, kind).space
        except ValueError:
            continue  # not every trap has a symbolic observation
    for kind, own in offered.items():
        for channels_first in (False, True):
            if space == (_transposed(own) if channels_first else own):
                return kind, channels_first
    shows = ", ".join(f"{kind} {own.shape} to {own.high.max()}" for kind, own in offered.items())
    high = getattr(space, "high", None)
    saw = space if high is None else f"{space.dtype} {space.shape} to {np.max(high):g}"
    raise ValueError(
        f"the {name} model was trained on observations {saw}; {trap!r} shows, as uint8 from 0,"
        f" {shows}. Was it trained on another trap or size? If wrappers changed what it sees,"
        f" {CALLABLE}"
    )


def _transposed(space: Box) -> Box:
    """Return the space with its last axis first, as SB3's VecTransposeImage makes it."""
    low, high = (np.moveaxis(bound, -1, 0) for bound in (space.low, space.high))
    return Box(low, high, dtype=np.uint8)


def _probabilities(distribution: Any) -> NDArray[np.float64]:
    given: NDArray[np.float64] = distribution.distribution.probs.double().cpu().numpy()
    return given
