"""The parts of a trap's page that its class declares."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence

from benchmarks.markdown import laid_out
from mesa_gym.traps import Split, Trap, package_traps

CODE = """```python
import gymnasium as gym
import {module}

env = gym.make("{id}", split="shift")
```"""


def making(trap: Trap) -> str:
    """Return how an environment is made, and a table of its ids, sizes and time limits."""
    cls = type(trap)
    limits = [f"{trap.horizon(split)} on {split.value}" for split in Split]
    if len({trap.horizon(split) for split in Split}) == 1:
        limits = [str(trap.horizon(Split.TRAIN))]
    rows = [
        ["ids", ", ".join(f"`{cls.id(split)}`" for split in Split)],
        ["as a vector", "each id with `-Flat` before the version"],
        ["category", ", ".join(cls.category)],
        [
            "`size`",
            f"{_by(cls.default_size)} cells, border included; odd numbers from"
            f" {_by(cls.min_size)} to {_by(cls.max_size)}",
        ],
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
    """Return a table of what each objective pays."""
    rows = [
        [each.role, f"`{each.name}`", each.doc, f"{each.discount:g}"]
        for each in cls.objectives.values()
    ]
    return laid_out(["role", "name", "pays", "discount a step"], rows)


def levels(cls: type[Trap]) -> str:
    """Return a list of pictures: level 0 of each split."""
    name = cls.__name__
    return "\n".join(
        f"- ![level 0 of {split.value}](images/{name}-{split.value}.png)\n\n  {split.value}\n"
        for split in Split
    )


def names(cls: type[Trap]) -> list[str]:
    """Return the planes of a trap, then what is hidden from the agent."""
    hidden = [name for name, plane in cls.shown_as.items() if plane is None]
    return [*cls.planes, *hidden]


def planes(cls: type[Trap]) -> str:
    """Return a table of the channels of the observation and of what is hidden."""
    rows = [
        [
            f"![]({picture(cls, name)})",
            name,
            f"`{cls.looks[name].glyph}`",
            "; ".join(_facts(cls, name)),
        ]
        for name in names(cls)
    ]
    return (
        "The observation `planes` is uint8 (height, width, channels), a channel for each of these"
        f" that is not hidden.\n\n{laid_out(['', 'plane', 'in maps', 'what it is'], rows)}"
    )


def picture(cls: type[Trap], name: str) -> str:
    """Return the path of a plane's picture from the page; a plane may have any name."""
    return f"images/{cls.__name__}-plane-{re.sub(r'[^0-9A-Za-z]', '_', name)}.png"


def _facts(cls: type[Trap], name: str) -> list[str]:
    """Return the facts about a plane, the most important first."""
    repeated = [parameter for parameter, planes in cls.salience.items() if name in planes]
    visible, sprite = name in cls.planes, cls.looks[name].sprite
    facts = {
        "hidden from the agent, for measuring only": not visible,
        "a kind of thing": visible and sprite is not None,
        "an attribute of what shares its cell": visible and sprite is None,
        f"held by the agent, up to {cls.held.get(name)}, in the top row": name in cls.held,
        "never seen in training": name in cls.novel_planes,
        f"repeated by `{', '.join(repeated)}`": bool(repeated),
    }
    return [fact for fact, holds in facts.items() if holds]


def source(cls: type[Trap]) -> str:
    """Return the trap's file, folded away."""
    module = inspect.getmodule(cls)
    code = inspect.getsource(module or cls)
    return f"<details><summary>{cls.__module__}</summary>\n\n```python\n{code}```\n\n</details>"


def _names(planes: Sequence[str]) -> str:
    return " and ".join(planes)


def _by(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))
