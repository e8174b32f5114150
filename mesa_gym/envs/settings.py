"""The keywords that environments share, and the values that follow from them alone."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from copy import copy
from typing import Any, Self, TypeGuard

import numpy as np

from mesa_gym.envs.checks import integer
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import shorten, unexpected_keyword, unknown
from mesa_gym.traps import LEVELS, Split, Trap, find_trap
from mesa_gym.traps.predicates import add_predicate, is_predicate
from mesa_gym.traps.trap import NAMESPACE


class Settings:
    """The checked keywords of an environment, which cannot be changed; ``changed`` makes others.

    Args:
        trap: a name or id such as ``RedBlueDoors-v0``, a trap's class, or a trap.
        split: ``train``, ``test``, ``control`` or ``shift``.
        size: in cells, border included: one number, or (height, width).
        alpha: the share of ``train`` episodes drawn from the shift distribution, 0 to 1. The
            numbers of these levels start at 2**48, so that they are never evaluation levels.
        reward: the objective that is paid; ``base`` means the base objective. A predicate over
            the trap's names, such as ``square and red``, pays 1 for entering a cell that fits.
        step_reward: added to the reward of each step, such as -0.01; objectives do not include it.
        num_levels: draw episodes only from levels 0 to ``num_levels`` - 1 (with ``alpha``, the same
            number of shift levels is added).
        max_steps: the time limit; by default the trap's limit for the split.
        observation: ``planes``, ``rgb``, ``centred`` or ``chw`` (uint8), ``flat`` (float32), or
            ``text``.
        agent_view_size: the side of the window of ``centred``, odd; by default the largest.
        salt: an evaluator's secret; a different salt gives different levels.
        **parameters: the trap's own keywords, such as ``colour_planes``.

    Raises:
        TypeError: a keyword is unknown; the message suggests the nearest name.
        ValueError: a keyword does not fit; the message says what was expected.
    """

    def __init__(
        self,
        trap: str | type[Trap] | Trap,
        *,
        split: str = "train",
        size: int | Sequence[int] | None = None,
        alpha: float = 0.0,
        reward: str = "base",
        step_reward: float = 0.0,
        num_levels: int | None = None,
        max_steps: int | None = None,
        observation: str = "planes",
        agent_view_size: int | None = None,
        salt: str = "",
        **parameters: object,
    ) -> None:
        self.trap = _make_trap(trap, size, parameters)
        self.split = Split.of(split)
        if isinstance(reward, str) and is_predicate(reward):
            self.trap = add_predicate(self.trap, reward)
        names = ["base", *self.trap.objectives]
        if reward not in names:
            raise unknown(f"objective of {type(self.trap).__name__}", reward, names)
        self.reward = self.trap.base if reward == "base" else reward
        self.step_reward = _check_step_reward(step_reward)
        horizon = self.trap.horizon(self.split)
        self.max_steps = horizon if max_steps is None else integer("max_steps", max_steps, 1)
        self.observation = make_observation(self.trap, observation, agent_view_size)
        if not isinstance(salt, str):
            raise ValueError(f"salt must be text, got {shorten(salt)}; for no salt give ''")
        self.salt = salt
        if num_levels is not None:
            num_levels = integer("num_levels", num_levels, 1, LEVELS)
        self.num_levels = num_levels
        self.alpha = _check_alpha(alpha, self.split)
        self._frozen = True

    _frozen = False

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute while the settings are made; afterwards raise AttributeError."""
        if self._frozen:
            raise AttributeError(
                f"settings cannot be changed: {name} was not set to {shorten(value)}. Set alpha or"
                f" step_reward of the environment; for others make another environment"
            )
        super().__setattr__(name, value)

    def changed(
        self, *, alpha: object = None, step_reward: object = None, max_steps: int | None = None
    ) -> Self:
        """Return the settings with some other values; None keeps a value.

        Raises:
            ValueError: a value does not fit; the message says what was expected.
        """
        other = copy(self)
        if alpha is not None:
            vars(other)["alpha"] = _check_alpha(alpha, self.split)
        if step_reward is not None:
            vars(other)["step_reward"] = _check_step_reward(step_reward)
        if max_steps is not None:
            vars(other)["max_steps"] = integer("max_steps", max_steps, 1)
        return other

    def keywords(self) -> dict[str, object]:
        """Return keyword -> value, with the values of defaults, and the trap's own keywords."""
        keywords = {name: getattr(self, name) for name in KEYWORDS if hasattr(self, name)}
        keywords |= {"size": self.trap.size, "observation": self.observation.name}
        keywords["agent_view_size"] = getattr(self.observation, "side", None)
        return {**keywords, **self.trap.parameters}

    @property
    def pays_base(self) -> bool:
        """Return whether only base is paid, so that the trap's reward threshold applies."""
        return self.reward == self.trap.base and not self.step_reward


KEYWORDS = tuple(inspect.getfullargspec(Settings).kwonlyargs)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _check_step_reward(value: object) -> float:
    if not _is_number(value) or not math.isfinite(value):
        raise ValueError(f"step_reward must be a finite number, got {shorten(value)}")
    return float(value)


def _check_alpha(value: object, split: Split) -> float:
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"alpha must be a number from 0 to 1, got {shorten(value)}")
    if value and split is not Split.TRAIN:
        raise ValueError(
            f"alpha is the share of training episodes that come from the shift; on split"
            f" {split.value!r} it must be 0, got {value}"
        )
    return float(value)


def _make_trap(trap: object, size: Any, parameters: dict[str, Any]) -> Trap:
    if isinstance(trap, Trap):
        if size is not None or parameters:
            raise ValueError(f"{trap!r} is an instance: give size and parameters to its class")
        return trap
    cls = find_trap(trap) if isinstance(trap, str) else trap
    if not (isinstance(cls, type) and issubclass(cls, Trap)):
        raise ValueError(f"{trap!r} is not a trap; expected a name, a trap's class or a trap")
    for name in parameters:
        if name not in cls.keywords():
            raise unexpected_keyword(cls.__name__, name, [*KEYWORDS, *cls.keywords()])
    return cls(size, **parameters)


def require_split(id: str, split: str) -> None:
    """Raise ValueError if an id of the package names a split other than ``split``."""
    named_splits = [other for other in Split if f"-{other.capitalize()}-" in id]
    if id.startswith(f"{NAMESPACE}/") and named_splits and split != named_splits[0]:
        raise ValueError(
            f"the id {id} has split {named_splits[0]}, not {str(split)!r}; leave split= out"
        )
