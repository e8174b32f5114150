"""Stages of a training: each begins with the agent of the last."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mesa_gym.envs.checks import integer
from mesa_gym.envs.settings import Settings
from mesa_gym.errors import shorten, unknown
from mesa_gym.traps import find_trap


@dataclass(frozen=True)
class Stage:
    """One part of a training.

    Attributes:
        settings: of its environments.
        steps: environment steps.
    """

    settings: Settings
    steps: int

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of its environments, besides the trap."""
        return {name: getattr(self.settings, name) for name in ("alpha", "reward", "num_levels")}

    def bound_discount(self, most: float) -> float:
        """Return the discount of learning: the paid objective's own where that is less."""
        return min(most, self.settings.trap.discount(self.settings.reward))


def read_stages(
    trap: str, texts: Sequence[str], usual: dict[str, Any], sized: bool = True
) -> list[Stage]:
    """Read the stages of a training; without any text it has one.

    Args:
        trap: its name.
        texts: for each stage words such as ``rho=0.9 steps=500000 'reward=square and red'``:
            steps, reward, alpha, num_levels and keywords of the trap.
        usual: name -> steps, reward, alpha and num_levels of a stage that does not say them.
        sized: whether what learns is made for grids of one size.

    Raises:
        ValueError: a word is not of this form, a name is unknown or a value does not fit.
    """
    found, rules = [], find_trap(trap)
    for text in texts or [""]:
        given = usual | dict(_read_word(word, text) for word in shlex.split(text))
        try:
            steps = integer("steps", given.pop("steps"), 1)
            if strange := given.keys() - usual.keys() - {"size", *rules.keywords()}:
                words = ("size", *usual, *rules.keywords())
                raise unknown("word of a stage", strange.pop(), words)
            found.append(Stage(Settings(rules, **given), steps))
        except ValueError as error:
            raise ValueError(
                f"the stage {shorten(text)}: {error}" if text else str(error)
            ) from None
    shown = [each.settings.trap for each in found]
    spaces = {(each.size if sized else None, each.channels) for each in shown}
    if len(spaces) > 1:
        raise ValueError(
            "the stages show grids of different sizes or planes, for which no one network is made:"
            f" {'; '.join(map(repr, texts))}"
        )
    return found


def _read_word(word: str, text: str) -> tuple[str, Any]:
    """Return the name and the value of a word such as ``rho=0.9``."""
    name, equals, value = word.partition("=")
    if not (name and equals and value):
        raise ValueError(
            f"expected words such as rho=0.9 in a stage, got {shorten(word)} in {shorten(text)}"
        )
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
