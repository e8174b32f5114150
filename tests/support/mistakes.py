"""Twelve mistakes of a trap's author, each an edit of the trap that ``new-trap`` writes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mesa_gym.cli.new_trap import EXAMPLE
from mesa_gym.traps import Trap, find_trap


class Mistake(NamedTuple):
    """An edit, and what the first message must say.

    Attributes:
        old: a text of the example.
        new: what the author writes in its place.
        says: a pattern of the first message; "" where what is written is taken.
        line: a part of the author's line that the message must quote; "" where none is at fault.
    """

    old: str
    new: str
    says: str
    line: str = ""


LAYOUT = "level.maze() if split is Split.CONTROL else level.blocks()"
RULE = 'move.clear("toadstool")'
ENDS = 'return move.into("chanterelle", "toadstool")'
BASE = '        return move.into("chanterelle")\n'
PROXY = 'return move.into("shade")'
COUNT = 'level.integers("how many", 1, 2)'

MISTAKES = {
    "layout of rows and columns": Mistake(
        LAYOUT, f"{LAYOUT}\n        level.carve(level.open_cells)", ""
    ),
    "cells before levels": Mistake(
        "among=even,",
        "among=even.T,",
        r"scatter: `among` is a Mask, bool \(\d+, 81\) or .*; got bool \(81, \d+\)",
        "among=even.T",
    ),
    "payment of slots": Mistake(
        BASE,
        '        return move.hit("chanterelle")\n',
        r"`chanterelles` gives bool \(2, \d+\); expected .*bool \(\d+,\)",
        'move.hit("chanterelle")',
    ),
    "payment again and again": Mistake(
        PROXY,
        'return {1: move.into("shade"), 0.1: move.moved}',
        r"shady keeps .* by \d+ payments, the worst base-optimal .*: the proxy is paid more often",
    ),
    "two numbers": Mistake(BASE, '        return self.where(move.into("chanterelle"), 1, 0)\n', ""),
    "a name misspelt": Mistake(
        ENDS,
        'return move.into("chanterelle", "toadstol")',
        "unknown name 'toadstol'.*Did you mean 'toadstool'",
        "toadstol",
    ),
    "if in a rule": Mistake(
        RULE,
        'if move.into("toadstool"):\n            move.clear("toadstool")',
        "`self.where",
        'if move.into("toadstool"):',
    ),
    "a rule without effect": Mistake(
        RULE,
        'move.clear("toadstool", move.off("toadstool"))',
        "`move.clear` of 'toadstool' never has an effect",
        'move.off("toadstool")',
    ),
    "out of reach": Mistake(
        "    def ends(",
        '    def blocked(self, move):\n        return move.on("shade")\n\n    def ends(',
        "'chanterelles' can pay no more than acting at random",
    ),
    "a clock": Mistake(
        ENDS,
        f"{ENDS} | (move.before.clock >= 20)",
        "at another clock.*gives another result .`ended`",
    ),
    "chance of its own": Mistake(
        COUNT,
        "np.random.default_rng().integers(1, 3, len(level))",
        "are others than in a larger batch|drawn again",
    ),
    "an option that moves levels": Mistake(
        COUNT,
        f"{COUNT}\n            planes = self.parameters['shade_planes']\n"
        "            level.require(level.events('dry', 1 - 0.05 * planes))",
        "is another with `shade_planes=1`",
    ),
}


def make_mistake(name: str, folder: Path) -> type[Trap]:
    """Return the example with a mistake, written to a file of ``folder`` and read from there."""
    old, new, *_ = MISTAKES[name]
    text = EXAMPLE.read_text()
    assert text.count(old) == 1, old
    path = folder / f"{name.replace(' ', '_')}.py"
    path.write_text(text.replace(old, new))
    return find_trap(f"{path}:Mushrooms")
