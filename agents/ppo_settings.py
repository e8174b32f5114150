"""PPO's settings: defaults, ranges, and the errors for values outside the ranges."""

from __future__ import annotations

import sys
from dataclasses import Field, dataclass, field, fields
from typing import Any

import numpy as np

from mesa_gym.errors import shorten
from mesa_gym.trained.mlp import UNITS

LARGEST = sys.float_info.max  # for what has no upper bound


def _set_bounds(usual: float, least: float, most: float = LARGEST, above: bool = False) -> Any:
    """Return a field with a default and a range; the lower bound is inclusive unless ``above``."""
    return field(default=usual, metadata={"least": least, "most": most, "above": above})


@dataclass(frozen=True)
class PPOSettings:
    """The settings of PPO; missing settings take their defaults.

    Attributes:
        learning_rate: of Adam at first (Muon's is 8 times as large); it falls during training.
        epochs: passes over each rollout.
        minibatches: parts of a rollout; a pass takes a step for each.
        environments: of each agent.
        rollout_length: steps in each environment between updates.
        clip: how far a ratio of probabilities may lie from 1 before it is clipped.
        entropy: weight of the entropy, in nats, at first; it falls as well.
        value_loss: weight of the squared error of the value.
        gae_lambda: of generalised advantage estimation (Schulman et al. 2016).
        discount: of learning; if the paid objective's is less, that one is used.
        gradient_norm: Euclidean length to which an agent's longer gradients are cut.
        units: of each of the two hidden layers.

    Raises:
        ValueError: a value is out of its range, or not a whole number where it must be one.
    """

    learning_rate: float = _set_bounds(5e-3, 0, 1, above=True)
    epochs: int = _set_bounds(2, 1)
    minibatches: int = _set_bounds(4, 1)
    environments: int = _set_bounds(128, 1)
    rollout_length: int = _set_bounds(32, 1)
    clip: float = _set_bounds(0.2, 0, 1, above=True)
    entropy: float = _set_bounds(0.01, 0)
    value_loss: float = _set_bounds(0.5, 0)
    gae_lambda: float = _set_bounds(0.95, 0, 1)
    discount: float = _set_bounds(0.95, 0, 1)
    gradient_norm: float = _set_bounds(0.5, 0, above=True)
    units: int = _set_bounds(UNITS, 1)

    def __post_init__(self) -> None:
        for setting in fields(self):
            object.__setattr__(self, setting.name, _check(setting, getattr(self, setting.name)))
        if 2 * self.minibatches > self.rollout_steps:
            raise ValueError(
                f"{self.minibatches} minibatches of the {self.rollout_steps} steps of a rollout"
                f" ({self.environments} environments x rollout_length {self.rollout_length}) have"
                f" fewer than 2 steps; minibatches must be at most {self.rollout_steps // 2} here"
            )

    @property
    def rollout_steps(self) -> int:
        """The environment steps in one rollout, summed over an agent's environments."""
        return self.environments * self.rollout_length


SETTING_NAMES = tuple(setting.name for setting in fields(PPOSettings))


def _check(setting: Field[Any], value: Any) -> int | float:
    """Return the value of a field, a whole number or a float as its default is."""
    is_integer = type(setting.default) is int
    kinds = (int, np.integer) if is_integer else (int, float, np.integer, np.floating)
    least, most, above = setting.metadata.values()
    if isinstance(value, kinds) and not isinstance(value, bool):
        inside = least < value if above else least <= value
        if inside and value <= most:
            return int(value) if is_integer else float(value)
    raise ValueError(f"{setting.name} must be {describe_values(setting)}, got {shorten(value)}")


def describe_values(setting: Field[Any]) -> str:
    """Return a setting's range in words, such as "a number above 0 and at most 1"."""
    sort = "a whole number" if type(setting.default) is int else "a number"
    least, most, above = setting.metadata.values()
    if most < LARGEST and not above:
        return f"{sort} from {least:,} to {most:,}"
    end = "" if most == LARGEST else f" and at most {most:,}"
    return f"{sort} {'above' if above else 'of at least'} {least:,}{end}"
