"""PPO on planes in a code, of agents from which some of them are hidden.

Whatever cue was hidden, an agent learnt another. Any plane of a cell can be set in a code, so that
inputs are computed as a whole and not listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from agents.compiling import jax, jnp
from agents.loop import TrainingPlan
from agents.networks import LearningMLP, LearningPlanner, Weights
from agents.ppo import train_agents
from agents.results import TrainedAgent
from agents.settings import PPOSettings
from agents.stages import Stage
from mesa_gym.envs.inputs import CentredInputs
from mesa_gym.envs.observations import Bytes
from mesa_gym.envs.settings import Settings
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.mlp import MLP
from mesa_gym.traps import Trap

Array = jax.Array


class Coded(NamedTuple):
    """The state of environments in a code: theirs, and which inputs are seen, float32 (m,)."""

    inner: Any
    shown: Array


class CodedEnv:
    """Environments that show planes in a code.

    Args:
        env: shows planes.
        codes: uint8 (2 ** channels, channels), as what each cell is shown; bit i of a number is
            channel i.
        view: the inputs of which all are computed; None to show planes.
        hidden: channels of the code that are not seen.
    """

    def __init__(
        self, env: Any, codes: Bytes, view: CentredInputs | None, hidden: Sequence[int]
    ) -> None:
        self.env, self.num_envs, self.trap, self._view = env, env.num_envs, env.trap, view
        self._codes = jnp.asarray(codes)
        self._shown = np.ones(1 if view is None else view.count, np.float32)
        if view is not None:
            self._shown[view.of([*hidden])] = 0
            tables = (view.columns, view.first, view.moves, view.shift, view.stands)
            self._tables = [jnp.asarray(each, jnp.int32) for each in tables]

    def reset(self, key: Array) -> tuple[Array, Coded]:
        """Begin an episode in every environment."""
        planes, inner = self.env.reset(key)
        shown = jnp.asarray(self._shown)
        return self._show(planes, shown), Coded(inner, shown)

    def step(self, key: Array, state: Coded, action: Array) -> Any:
        """Take a step; what ends begins its next episode."""
        planes, inner, *others = self.env.step(key, state.inner, action)
        return self._show(planes, state.shown), Coded(inner, state.shown), *others

    def _show(self, planes: Array, shown: Array) -> Array:
        """Return planes in the code, or all inputs, float32 (n, inputs)."""
        bits = 1 << np.arange(planes.shape[-1])
        coded = self._codes[(planes.astype(jnp.int32) * bits).sum(axis=-1)]
        if self._view is None:
            return coded
        columns, first, moves, shift, stands = self._tables
        flat, each = coded.reshape(len(planes), -1), jnp.arange(len(planes))
        cell = coded[..., self._view.agent].reshape(len(planes), -1).argmax(axis=1)
        at = first + moves * shift[cell][:, None]
        inputs = jnp.zeros((len(planes), self._view.count))
        inputs = inputs.at[each[:, None], at].set(flat[:, columns].astype(jnp.float32))
        return inputs.at[each, stands[cell]].set(1) * shown


class CodedMLP(LearningMLP):
    """An MLP on all inputs of a code.

    Args:
        trap: as of ``Learner``.
        codes, hidden: as of ``CodedEnv``.
    """

    observation: ClassVar[str] = "planes"

    def __init__(self, trap: Trap, codes: Bytes, hidden: Sequence[int] = ()) -> None:
        self.codes, self.hidden = codes, hidden
        super().__init__(trap)

    def make_net(self, trap: Trap) -> MLP:
        """Return the network, whose first layer is a product."""
        return MLP(trap, lambda xp, table, seen: seen @ table)

    def make_env(self, count: int, **keywords: Any) -> CodedEnv:
        """Make environments in the code."""
        assert isinstance(self.net, MLP)
        env = super().make_env(count, **keywords)
        return CodedEnv(env, self.codes, self.net.view, self.hidden)

    def export(self, weights: Weights) -> Agent:
        """Return the agent; what it did not see does not move it, so that it can be shown all."""
        assert isinstance(self.net, MLP)
        unseen = self.net.view.of([*self.hidden])
        first = jnp.asarray(weights["first.weight"]).at[:, unseen].set(0)
        return super().export(weights | {"first.weight": first})


class CodedPlanner(LearningPlanner):
    """A planner on planes in a code."""

    def __init__(self, trap: Trap, codes: Bytes) -> None:
        self.codes = codes
        super().__init__(trap)

    def make_env(self, count: int, **keywords: Any) -> CodedEnv:
        """Make environments in the code."""
        return CodedEnv(super().make_env(count, **keywords), self.codes, None, ())


def train_coded(
    made: Settings,
    steps: int,
    seed: int,
    codes: Bytes,
    hidden: Sequence[Sequence[int]],
    planner: bool = False,
) -> list[TrainedAgent]:
    """Train an agent for each set of hidden channels, all of one seed.

    Args:
        made: the settings of the environments.
        steps: of each agent.
        seed: of weights, actions and levels.
        codes: as of ``CodedEnv``.
        hidden: for each agent the channels of the code that it does not see.
        planner: whether planners are trained, from which nothing is hidden.
    """
    plan = TrainingPlan([Stage(made, steps)], PPOSettings())
    if planner:
        return train_agents(plan, [seed], partial(CodedPlanner, codes=codes))
    return [
        trained
        for channels in hidden
        for trained in train_agents(plan, [seed], partial(CodedMLP, codes=codes, hidden=channels))
    ]
