"""Objectives: rewards as functions of a move, declared separately from the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from mesa_gym.engine import Move, Payment
from mesa_gym.importing import read_first_line

Rule = TypeVar("Rule", bound=Callable[..., Any])


@dataclass(frozen=True)
class Objective:
    """A reward that a policy may pursue.

    Attributes:
        name: the name of the method that declares it.
        role: "base" for the objective that is paid in training, otherwise "proxy".
        pay: (trap, move) -> a mask bool (n,), or amount -> mask.
        discount: the discount factor per step.
        doc: a description in one sentence.
    """

    name: str
    role: str
    pay: Callable[[Any, Move], Payment]
    discount: float
    doc: str


@overload
def base(rule: Rule) -> Rule: ...
@overload
def base(*, discount: float) -> Callable[[Rule], Rule]: ...
def base(rule: object = None, *, discount: float = 0.99) -> Any:
    """Declare a method of a trap as its base objective; the decorator accepts a discount.

    Args:
        rule: (trap, move) -> the rows that are paid 1, bool (n,), or a table of amounts such as
            ``{1: move.into("goal"), -0.6: move.into("toll")}``. Its docstring describes the
            payment in one sentence.
        discount: the discount factor per step, above 0 and at most 1.

    Raises:
        ValueError: the method has no docstring, or the discount does not fit.
    """
    return _declare("base", rule, discount)


@overload
def proxy(rule: Rule) -> Rule: ...
@overload
def proxy(*, discount: float) -> Callable[[Rule], Rule]: ...
def proxy(rule: object = None, *, discount: float = 0.99) -> Any:
    """Declare a method as one of a trap's proxies; arguments are as for ``base``."""
    return _declare("proxy", rule, discount)


def _declare(role: str, rule: Any, discount: float) -> Any:
    if not 0 < discount <= 1:
        raise ValueError(f"discount must be above 0 and at most 1, got {discount!r}")

    def declare(rule: Any) -> Any:
        if hasattr(rule, "objective"):
            raise ValueError(
                f"{rule.__name__!r} is already an objective; for another, define a second method"
            )
        description = read_first_line(rule, f"objective {rule.__name__!r}", "its payment")
        rule.objective = Objective(rule.__name__, role, rule, discount, description)
        return rule

    return declare if rule is None else declare(rule)
