"""The parts of a trap's page that its class declares."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence

from benchmarks.markdown import laid_out
from mesa_gym.grid import Plane
from mesa_gym.traps import Split, Trap, package_traps

CODE = """```python
import gymnasium as gym
import {module}

env = gym.make("{id}", split="shift")
```"""


def making(trap: Trap) -> str:
    """How an environment is made, and what can be said about it."""
    cls = type(trap)
    limits = [f"{trap.horizon(split)} on {split.value}" for split in Split]
    if len({trap.horizon(split) for split in Split}) == 1:
        limits = [str(trap.horizon(Split.TRAIN))]
    rows = [
        ["ids", ", ".join(f"`{cls.id(split)}`" for split in Split)],
        ["type", ", ".join(cls.kind)],
        ["`size`", f"{_by(cls.default_size)} cells, border included; {_by(cls.min_size)} or more"],
        ["`max_steps`", ", ".join(limits)],
    ]
    rows += [
        [f"`{name}`", f"how often the planes {_names(planes)} are repeated, 1 by default"]
        for name, planes in cls.salience.items()
    ]
    # Importing a trap's module registers it; the package's own come with the package.
    module = "mesa_gym" if cls.name() in package_traps() else cls.__module__
    code = CODE.format(module=module, id=cls.id())
    return f"{code}\n\n{laid_out(['', ''], rows)}"


def objectives(cls: type[Trap]) -> str:
    """What each objective pays."""
    rows = [
        [each.role, f"`{each.name}`", each.doc, f"{each.discount:g}"]
        for each in cls.objectives.values()
    ]
    return laid_out(["role", "name", "pays", "discount a step"], rows)


def levels(cls: type[Trap]) -> str:
    """Level 0 of each split, as a list of pictures."""
    name = cls.__name__
    return "\n".join(
        f"- ![level 0 of {split.value}](images/{name}-{split.value}.png)\n\n  {split.value}\n"
        for split in Split
    )


def planes(cls: type[Trap]) -> str:
    """What each channel of the observation is, and the hidden planes."""
    rows = [
        [
            f"![]({picture(cls, plane)})",
            plane.name,
            f"`{plane.glyph}`",
            "; ".join(_said(cls, plane)),
        ]
        for plane in (*cls.planes, *cls.hidden)
    ]
    return (
        "The observation `planes` is uint8 (height, width, channels), a channel for each of these"
        f" that is not hidden.\n\n{laid_out(['', 'plane', 'in maps', 'what it is'], rows)}"
    )


def picture(cls: type[Trap], plane: Plane) -> str:
    """Where a plane's picture is, from the page; a plane may have any name."""
    return f"images/{cls.__name__}-plane-{re.sub(r'[^0-9A-Za-z]', '_', plane.name)}.png"


def _said(cls: type[Trap], plane: Plane) -> list[str]:
    """What is to be known of a plane, the most important first."""
    repeated = [name for name, planes in cls.salience.items() if plane in planes]
    facts = {
        "hidden from the agent, for measuring only": plane in cls.hidden,
        "a kind of thing": plane not in cls.hidden and plane.sprite is not None,
        "a colour of what shares its cell": plane not in cls.hidden and plane.sprite is None,
        f"held by the agent, up to {cls.held.get(plane)}, in the top row": plane in cls.held,
        "also a sign in the top row": plane in cls.signs,
        "never seen in training": plane in cls.novel_planes,
        f"repeated by `{', '.join(repeated)}`": bool(repeated),
    }
    return [fact for fact, holds in facts.items() if holds]


def source(cls: type[Trap]) -> str:
    """The trap's file, folded away."""
    module = inspect.getmodule(cls)
    code = inspect.getsource(module or cls)
    return f"<details><summary>{cls.__module__}</summary>\n\n```python\n{code}```\n\n</details>"


def _names(planes: Sequence[Plane]) -> str:
    return " and ".join(plane.name for plane in planes)


def _by(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))
