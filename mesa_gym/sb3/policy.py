"""Models of Stable-Baselines3, sb3-contrib and SBX as policies, without importing them.

The scorer samples actions from a model's action probabilities. The model's library does not sample,
and its random state is neither read nor changed.
"""

from __future__ import annotations

import copy
import importlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.errors import read_error, require_extra, unknown
from mesa_gym.files import read_bytes
from mesa_gym.policies.adapters import has_base
from mesa_gym.policies.protocol import BLOCK, in_blocks, whole_blocks
from mesa_gym.policies.views import (
    Change,
    change_all,
    find_spaces,
    find_stack,
    find_view,
    keep_shape,
)
from mesa_gym.terminal import say_once
from mesa_gym.traps import Trap

# Base classes of algorithms and of their networks, also in sb3-contrib and SBX.
BASES = (
    "stable_baselines3.common.base_class.BaseAlgorithm",
    "stable_baselines3.common.policies.BaseModel",
)
CALLABLE = (
    "pass a function that takes observations (n, ...) and returns actions (n,) or"
    " probabilities (n, 5); for stacked frames or repeated actions alone, add frame_stack=4 or"
    " action_repeat=4 to score"
)
STATISTICS = (
    "pass the model with its statistics, as in PPO.load(file, env=VecNormalize.load("
    "'vecnormalize.pkl', mesa_gym.make_sb3(id, 1))), or on the command line a function that returns"
    " it, as module:name"
)
# Algorithm -> package and class that load its models.
SB3_CLASSES = {
    **{name.lower(): ("stable_baselines3", name) for name in ("PPO", "A2C", "DQN")},
    **{name.lower(): ("sb3_contrib", name) for name in ("QRDQN", "TRPO")},
    "recurrent_ppo": ("sb3_contrib", "RecurrentPPO"),
}


class ModelPolicy:
    """A model's network as a policy.

    Args:
        network: the model's ``policy``, as SB3 calls it.
        observation: the kind of observation that it was trained on.
        changes: the changes of an observation before the model reads it.
    """

    def __init__(self, network: Any, observation: str, changes: list[Change]) -> None:
        self.network, self.observation, self.changes = network, observation, changes
        self.__wrapped__ = network
        self.memory: Any = False
        self.padding: int | None = None  # of the frames before an episode's first one

    def __deepcopy__(self, memo: dict[int, object]) -> ModelPolicy:
        """Copy the memory, but share the network, because a trained network cannot be copied."""
        copied = copy.copy(self)
        copied.memory = copy.deepcopy(self.memory, memo)
        return copied

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Do nothing: the network has no memory."""

    def act(self, observation: NDArray[Any], state: State | None = None) -> NDArray[Any]:
        """Return action probabilities, float64 (n, 5), or greedy actions, int64 (n,)."""
        import torch  # a process without models of SB3 does without torch

        self.network.set_training_mode(False)
        with torch.no_grad():
            return in_blocks(self._answer, change_all(self.changes, observation))

    def _answer(self, obs: NDArray[np.generic], rows: slice) -> NDArray[Any]:
        """Return the answers to one padded block; ``rows`` is the block's slice of the batch."""
        raise NotImplementedError


class Sampled(ModelPolicy):
    """A network with action probabilities: PPO, A2C, TRPO."""

    def _answer(self, obs: NDArray[np.generic], rows: slice) -> NDArray[Any]:
        return _read_shares(self.network.get_distribution(self.network.obs_to_tensor(obs)[0]))


class Greedy(ModelPolicy):
    """A value network that acts greedily: DQN, QRDQN, DQN of SBX."""

    def _answer(self, obs: NDArray[np.generic], rows: slice) -> NDArray[Any]:
        return np.asarray(self.network.predict(obs, deterministic=True)[0], dtype=np.int64)


class Jax(ModelPolicy):
    """A JAX network with action probabilities: PPO of SBX."""

    def _answer(self, obs: NDArray[np.generic], rows: slice) -> NDArray[Any]:
        actor = self.network.actor_state
        return np.asarray(actor.apply_fn(actor.params, obs).probs_parameter(), dtype=np.float64)


class Recurrent(ModelPolicy):
    """An LSTM with action probabilities: RecurrentPPO."""

    def __init__(self, network: Any, observation: str, changes: list[Change]) -> None:
        super().__init__(network, observation, changes)
        self.memory = None  # until ``reset``

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Set the LSTM memory of the rows in ``mask`` to zeros."""
        import torch

        if mask.all():
            layers, _, size = self.network.lstm_hidden_state_shape
            shape = (2, layers, whole_blocks(len(mask)), size)
            self.memory = torch.zeros(shape, device=self.network.device)
        else:
            self.memory[:, :, np.flatnonzero(mask)] = 0

    def _answer(self, obs: NDArray[np.generic], rows: slice) -> NDArray[Any]:
        import torch

        tensor, _ = self.network.obs_to_tensor(obs)
        hidden, cell = self.memory[:, :, rows].clone()
        # ``reset`` has already cleared the memory at the start of episodes.
        starts = torch.zeros(BLOCK, device=self.network.device)
        distribution, after = self.network.get_distribution(tensor, (hidden, cell), starts)
        self.memory[:, :, rows] = torch.stack(after)
        return _read_shares(distribution)


def takes(model: object) -> bool:
    """Return whether an object is a model of SB3, sb3-contrib or SBX, or the model's network."""
    return has_base(model, *BASES)


def from_model(model: object, trap: Trap, frame_stack: int = 1) -> ModelPolicy:
    """Return a model, or its network, as a policy.

    Args:
        model: an algorithm of SB3, sb3-contrib or SBX with discrete actions, or its ``policy``.
        trap: the trap to act on.
        frame_stack: the number of observations that it takes, of Gymnasium's
            ``FrameStackObservation`` or of SB3's ``VecFrameStack``.

    Raises:
        ValueError: the trap does not have the model's observations, or the model has other actions
            or no action probabilities; the message says what to do.
    """
    name, network = type(model).__name__, getattr(model, "policy", model)
    kind, changes = _find_view(name, model, trap, frame_stack)
    actions = getattr(model, "action_space", None)
    if getattr(actions, "n", None) != len(ACTIONS) or getattr(actions, "start", 0) != 0:
        raise ValueError(
            f"the {name} model has the action space {actions}; {trap.name()} has"
            f" Discrete({len(ACTIONS)})"
        )
    sorts: dict[str, type[ModelPolicy]] = {
        "lstm_hidden_state_shape": Recurrent,
        "get_distribution": Sampled,
        "actor_state": Jax,
        **dict.fromkeys(("q_net", "quantile_net", "qf_state"), Greedy),
    }
    sort = next((sorts[attribute] for attribute in sorts if hasattr(network, attribute)), None)
    if sort is None:
        raise ValueError(f"the action probabilities of a {name} model cannot be found; {CALLABLE}")
    policy = sort(network, kind, changes)
    if frame_stack > 1 and changes[0] is not keep_shape:
        policy.padding = 0
    return policy


def _find_view(name: str, model: Any, trap: Trap, frame_stack: int) -> tuple[str, list[Change]]:
    """Return the kind of the trap's observations, and their changes into the model's."""
    space, last = model.observation_space, getattr(model, "_last_obs", None)
    normalizing = getattr(model, "get_vec_normalize_env", lambda: None)()
    if normalizing is not None and normalizing.norm_obs:
        view = find_view(normalizing.venv.observation_space, trap)
        if view is not None and space.shape == normalizing.observation_space.shape:
            return view[0], [*view[1], normalizing.normalize_obs]
    elif _is_normal(space, last):
        raise ValueError(
            f"the {name} model was trained on normalised observations (floats), as VecNormalize"
            f" makes them, but has no statistics of them: {STATISTICS}. If other wrappers changed"
            f" the observations, {CALLABLE}"
        )
    elif frame_stack > 1:
        if (stacked := find_stack(space, trap, frame_stack)) is not None:
            return stacked
    elif (view := find_view(space, trap)) is not None:
        return view
    shows = ", ".join(f"{kind} {_tell(space)}" for kind, space in find_spaces(trap).items())
    saw = _tell(space) if isinstance(space, Box) else space
    raise ValueError(
        f"the {name} model was trained on observations {saw}; {trap!r} shows {shows}."
        f" Was it trained on another trap or size? If wrappers changed the observations,"
        f" {CALLABLE}"
    )


def _is_normal(space: object, last: object) -> bool:
    """Return whether a model's observations were normalised, judged by its space and ``last``.

    SB3 changes the space of normalised observations only if they are images. However, a saved model
    contains its last observations: if normalised, their dtype or their range is not the space's.
    """
    if not isinstance(space, Box):
        return False
    normal = bool(space.low.min() < 0)
    if isinstance(last, np.ndarray):
        normal |= last.dtype != space.dtype
        normal |= bool(last.min() < space.low.min() or last.max() > space.high.max())
    return normal


def _tell(space: Box) -> str:
    return f"{space.dtype} {space.shape} up to {space.high.max():g}"


def _read_shares(distribution: Any) -> NDArray[Any]:
    return np.asarray(distribution.distribution.probs.double().cpu())


def load_model(file: str, algo: str | None) -> Any:
    """Load a model that Stable-Baselines3 saved; ValueError if ``algo`` cannot load it."""
    if algo is None:
        raise ValueError(
            f"policy {file!r} is a saved model, which does not name its algorithm; add --algo"
            f" (in Python algo=...), one of {', '.join(SB3_CLASSES)}"
        )
    algo_word = algo.lower().replace("-", "").replace("_", "")
    class_names = [
        class_name for word, class_name in SB3_CLASSES.items() if word.replace("_", "") == algo_word
    ]
    if not class_names:
        raise unknown("algorithm", algo, SB3_CLASSES)
    package, name = class_names[0]
    with require_extra("sb3"):
        algorithm = getattr(importlib.import_module(package), name)
    say_once("loading a .zip of Stable-Baselines3 runs its pickles: load files that you trust")
    try:
        return algorithm.load(io.BytesIO(read_bytes(Path(file))), device="cpu")
    except Exception as error:  # unpickling can raise any type
        error_text = " ".join(f"{type(error).__name__}: {read_error(error)}".split())
        raise ValueError(f"policy {file!r} cannot be loaded by {name}: {error_text:.200}") from None
