"""PPO on planes in a code.

Any plane of a cell can be set in a code, so that all inputs are computed instead of a list.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import numpy as np

from agents.compiling import jax, jnp
from agents.networks import LearningMLP
from agents.ppo import train_agents
from agents.results import TrainedAgent
from agents.run import TrainingPlan
from agents.settings import PPOSettings
from mesa_gym.envs.inputs import CentredInputs
from mesa_gym.envs.observations import Bytes
from mesa_gym.envs.settings import Settings
from mesa_gym.trained.mlp import MLP
from mesa_gym.traps import Trap

Array = jax.Array


class CodedEnv:
    """Environments that show all inputs of planes in a code.

    Args:
        env: shows planes.
        codes: uint8 (2 ** channels, channels), the code of each content of a cell; bit i of a
            number is channel i.
        view: the inputs.
    """

    def __init__(self, env: Any, codes: Bytes, view: CentredInputs) -> None:
        self.env, self.num_envs, self.trap, self._view = env, env.num_envs, env.trap, view
        self._codes = jnp.asarray(codes)
        tables = (view.columns, view.first, view.moves, view.shift, view.stands)
        self._tables = [jnp.asarray(each, jnp.int32) for each in tables]

    def reset(self, key: Array) -> tuple[Array, Any]:
        """Begin an episode in every environment."""
        planes, state = self.env.reset(key)
        return self._show(planes), state

    def step(self, key: Array, state: Any, action: Array) -> Any:
        """Take a step; an episode that ends is followed by the next one."""
        planes, *others = self.env.step(key, state, action)
        return self._show(planes), *others

    def _show(self, planes: Array) -> Array:
        """Return all inputs of planes in the code, float32 (n, inputs)."""
        bits = 1 << np.arange(planes.shape[-1])
        coded = self._codes[(planes.astype(jnp.int32) * bits).sum(axis=-1)]
        columns, first, moves, shift, stands = self._tables
        flat, each = coded.reshape(len(planes), -1), jnp.arange(len(planes))
        cell = coded[..., self._view.agent].reshape(len(planes), -1).argmax(axis=1)
        at = first + moves * shift[cell][:, None]
        inputs = jnp.zeros((len(planes), self._view.count))
        inputs = inputs.at[each[:, None], at].set(flat[:, columns].astype(jnp.float32))
        return inputs.at[each, stands[cell]].set(1)


class CodedMLP(LearningMLP):
    """An MLP on all inputs of a code.

    Args:
        trap: as for ``Learner``.
        codes: as for ``CodedEnv``.
    """

    observation: ClassVar[str] = "planes"

    def __init__(self, trap: Trap, codes: Bytes) -> None:
        self.codes = codes
        super().__init__(trap)

    def make_net(self, trap: Trap) -> MLP:
        """Return the network, whose first layer is a product."""
        return MLP(trap, lambda xp, table, seen: seen @ table)

    def make_env(self, count: int, **keywords: Any) -> CodedEnv:
        """Make environments in the code."""
        assert isinstance(self.net, MLP)
        return CodedEnv(super().make_env(count, **keywords), self.codes, self.net.view)


def train_coded(made: Settings, steps: int, seed: int, codes: Bytes) -> TrainedAgent:
    """Train an agent.

    Args:
        made: the settings of the environments.
        steps: of training.
        seed: of weights, actions and levels.
        codes: as for ``CodedEnv``.
    """
    plan = TrainingPlan(made, steps, PPOSettings())
    (trained,) = train_agents(plan, [seed], partial(CodedMLP, codes=codes))
    return trained
