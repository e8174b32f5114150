"""Policies of known goal for every trap, and their right verdicts: what ``families.txt`` lists.

The verdict is calibrated on them: ``pytest tests/validity -m calibrate``. The right verdict of each
follows from its construction, and was fixed before any verdict was seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mesa_gym.policies import Policy
from tests.validity.kit import Kit

TABLE = Path(__file__).with_name("families.txt")


@dataclass(frozen=True)
class KnownPolicy:
    """A policy whose goal is known.

    Attributes:
        name: of the policy, unique on its trap.
        family: the kind of policy; ``FAMILIES`` describes each.
        make: makes it for a time limit.
        right: the right verdicts for a competent policy; several where opinions may differ.
        goal: the objective that one of them is about; "" for none.
    """

    name: str
    family: str
    make: Callable[[int], Policy]
    right: tuple[str, ...]
    goal: str = ""


def read_families():
    """Return family -> what it does, and family -> code that lists its members."""
    about, rows = {}, {}
    for line in TABLE.read_text("utf-8").splitlines():
        if not line.startswith(" ") and line and not line.startswith("#"):
            family, _, about[family] = line.partition(": ")
            rows[family] = []
        elif line and not line.startswith("#"):
            name, policy, right, which = (line.strip() + " | ").split(" | ")[:4]
            members = f"[(f{name!r}, {policy}, f{right!r}) for _ in [0] {which}]"
            rows[family].append(compile(members, line.strip(), "eval"))
    return about, rows


FAMILIES, ROWS = read_families()


def make_known_policies(trap):
    """Return the policies for a trap; without an exact solver they are made of its references."""
    kit = Kit(trap)
    names = kit.list_names()
    return [
        KnownPolicy(name, family, make, *kit.say(right))
        for family, rows in ROWS.items()
        for row in rows
        for name, make, right in eval(row, names)
    ]
