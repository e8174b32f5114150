"""Objectives defined by a predicate, such as ``square and red``, instead of a name."""

from __future__ import annotations

import ast
from collections.abc import Callable
from copy import copy
from functools import reduce
from operator import and_, or_

from mesa_gym.engine import Mask, Move
from mesa_gym.errors import shorten, unknown
from mesa_gym.traps.objectives import Objective
from mesa_gym.traps.trap import Trap

Test = Callable[[Move], Mask]
# The most characters of a predicate, and the most levels of nesting.
MOST_LENGTH = 1000
MOST_DEPTH = 20


def is_predicate(text: str) -> bool:
    """Return whether a text combines names with ``and``, ``or`` and ``not``."""
    return len(text.split()) > 1


def add_predicate(trap: Trap, text: str) -> Trap:
    """Return a copy of a trap with one more objective: 1 for entering a cell that fits.

    Args:
        trap: the trap, whose kinds, traits and ground layers the predicate may name.
        text: names joined by ``and``, ``or``, ``not`` and brackets, such as
            ``square and not red``. The text is also the objective's name.

    Raises:
        ValueError: the text is not a predicate; the message says what is wrong.
        UnknownNameError: the trap does not have a name.
    """
    if len(text) > MOST_LENGTH:  # Python's parser would use all memory
        bound = f"{len(text):,} characters; expected {MOST_LENGTH:,} at most"
        raise ValueError(f"the predicate {shorten(text)} has {bound}")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _make_refusal(text) from None
    test = _make_test(trap, tree, text, MOST_DEPTH)
    base = trap.objectives[trap.base]
    other = copy(trap)
    objective = Objective(
        text, "proxy", lambda _, move: move.moved & test(move), base.discount, f"1 for {text}."
    )
    # Do not change the class's own table.
    vars(other)["objectives"] = {**trap.objectives, text: objective}
    return other


def _make_test(trap: Trap, node: ast.expr, text: str, depth: int) -> Test:
    """Return a test whether the entered cell satisfies ``node``, a part of the predicate."""
    if depth == 0:
        bound = f"more than {MOST_DEPTH} parts inside each other; write it with fewer parentheses"
        raise ValueError(f"the predicate {shorten(text)} has {bound}")
    if isinstance(node, ast.BoolOp):
        tests = [_make_test(trap, value, text, depth - 1) for value in node.values]
        join = and_ if isinstance(node.op, ast.And) else or_
        return lambda move: reduce(join, [test(move) for test in tests])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _make_test(trap, node.operand, text, depth - 1)
        return lambda move: ~inner(move)
    if not isinstance(node, ast.Name):
        raise _make_refusal(text)
    names = [*trap.things, *trap.traits, *trap.ground]
    if node.id not in names:
        raise unknown(f"name in {shorten(text)}", node.id, names)
    name = node.id
    return lambda move: move.on(name)


def _make_refusal(text: str) -> ValueError:
    return ValueError(
        f"{shorten(text)} is not a predicate; expected names joined by and, or, not, such as"
        " 'square and not red'"
    )
