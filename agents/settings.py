"""The settings of PPO: meanings, ranges and usual values, and the options of a command."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

import numpy as np

from mesa_gym.errors import shorten

LARGEST = sys.float_info.max  # for what has no upper bound


def _set_bounds(usual: float, least: float, most: float = LARGEST, above: bool = False) -> Any:
    """Return a field with a default and a range; the lower bound is inclusive unless ``above``."""
    return field(default=usual, metadata={"least": least, "most": most, "above": above})


def _check(each: Field[Any], value: Any) -> int | float:
    """Return the value of a field, a whole number or a float as its default is.

    Raises:
        ValueError: the value is not such a number, or out of range.
    """
    whole = type(each.default) is int
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    least, most, above = each.metadata.values()
    if isinstance(value, kinds) and not isinstance(value, bool):
        inside = least < value if above else least <= value
        if inside and value <= most:
            return int(value) if whole else float(value)
    raise ValueError(f"{each.name} must be {_describe_values(each)}, got {shorten(value)}")


def _describe_values(each: Field[Any]) -> str:
    """Return a field's range in words, such as "a number above 0 and at most 1"."""
    sort = "a whole number" if type(each.default) is int else "a number"
    least, most, above = each.metadata.values()
    if most < LARGEST and not above:
        return f"{sort} from {least:,} to {most:,}"
    end = "" if most == LARGEST else f" and at most {most:,}"
    return f"{sort} {'above' if above else 'of at least'} {least:,}{end}"


@dataclass(frozen=True)
class PPOSettings:
    """The settings of PPO; those that are not given have their defaults.

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

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, _check(each, getattr(self, each.name)))
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


NAMES = tuple(each.name for each in fields(PPOSettings))


def add_options(parser: argparse.ArgumentParser, usual: Mapping[str, PPOSettings]) -> None:
    """Add an option for each setting; one that is not given is None.

    Args:
        parser: of a command.
        usual: algorithm -> its default settings, for algorithms with settings.
    """
    # Under -OO there are no docstrings.
    meanings = dict(re.findall(r"^ +(\w+): (.+)\.$", PPOSettings.__doc__ or "", re.MULTILINE))
    group = parser.add_argument_group("settings of PPO", f"of {', '.join(usual)}")
    for each in fields(PPOSettings):
        own = {algo: getattr(settings, each.name) for algo, settings in usual.items()}
        others = [f", {algo}: {value}" for algo, value in own.items() if value != each.default]
        group.add_argument(
            f"--{each.name.replace('_', '-')}",
            type=type(each.default),
            metavar=each.name.rpartition("_")[2].upper(),
            help=f"{meanings.get(each.name, each.name)}: {_describe_values(each)}"
            f" (default: {each.default}{''.join(others)})",
        )
