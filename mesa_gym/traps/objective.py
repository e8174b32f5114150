"""Objectives: rewards as functions of a move, declared once and apart from the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import Bools, Move

Payment = Bools | NDArray[np.float64]
Rule = Callable[[Any, Move], Payment]


@dataclass(frozen=True)
class Objective:
    """A reward that a policy may pursue.

    Attributes:
        name: the name of the function that declares it.
        role: "base" for what training pays, else "proxy".
        pay: (trap, move) -> bool or float64 (n,).
        discount: the factor for one step of delay.
        doc: one sentence.
    """

    name: str
    role: str
    pay: Rule
    discount: float
    doc: str


@overload
def base(rule: Rule) -> Objective: ...
@overload
def base(*, discount: float) -> Callable[[Rule], Objective]: ...
def base(
    rule: Rule | None = None, *, discount: float = 0.99
) -> Objective | Callable[[Rule], Objective]:
    """Declare a method of a trap as its base objective: bare, or with a discount.

    Args:
        rule: (trap, move) -> what each level is paid, bool or float64 (n,). Its docstring says
            so in one sentence.
        discount: the factor for one step of delay.

    Raises:
        ValueError: the method has no docstring.
    """
    return _declare("base", rule, discount)


@overload
def proxy(rule: Rule) -> Objective: ...
@overload
def proxy(*, discount: float) -> Callable[[Rule], Objective]: ...
def proxy(
    rule: Rule | None = None, *, discount: float = 0.99
) -> Objective | Callable[[Rule], Objective]:
    """Declare a method of a trap as one of its proxy objectives.

    ``rule`` and ``discount`` are those of ``base``, and so are errors.
    """
    return _declare("proxy", rule, discount)


def _declare(
    role: str, rule: Rule | None, discount: float
) -> Objective | Callable[[Rule], Objective]:
    def declare(rule: Rule) -> Objective:
        doc = (rule.__doc__ or "").strip()
        if not doc:
            raise ValueError(f"objective {rule.__name__!r} needs a docstring: what does it pay?")
        return Objective(rule.__name__, role, rule, discount, doc.splitlines()[0])

    return declare if rule is None else declare(rule)
