"""Pages that the build of the documentation writes: ``python -m docs.build [TRAP ...] --out DIR``.

Traps, the help of commands, and the score card's fields. The command alone writes the pages of
traps; one of your own, ``my_traps:Mushrooms``, gets the same as those of the package.
"""

from __future__ import annotations

import argparse
import inspect
import io
import json
import os
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest import mock

from agents import train
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard.atlas import TrapRows, trap_rows
from benchmarks.leaderboard.budgets import COMMITTED
from benchmarks.leaderboard.columns import HEADS, MEANING, UNSOLVABLE, cells
from benchmarks.leaderboard.results import Results
from benchmarks.markdown import laid_out, pipes
from docs import pictures
from mesa_gym import cli
from mesa_gym.command import DONE, guarded
from mesa_gym.files import write_text
from mesa_gym.report.page import environment
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver.certificate import certify
from mesa_gym.solver.overlap import overlaps
from mesa_gym.traps import Split, Trap, all_traps, find_trap, package_traps

HERE = Path(__file__).parent
ROOT, FOLDER = HERE.parent, HERE / "traps"
# Written by `mesa-gym certify --json docs/certificates.json`: all of them take minutes.
CERTIFICATES = HERE / "certificates.json"
ON_THE_SPOT = 100  # levels of a split, where no certificate is kept
# How a paragraph of a trap's docstring says what it is about.
LABEL = re.compile(r"(^|(?<=\. )|(?<=\.\n))([A-Z][a-z]+(?: [a-z]+){0,3}(?:\s``\w+``)?):(?=\s)")
TEMPLATES = environment(HERE / "templates", str)  # pages are Markdown: nothing is escaped


def write_all() -> None:
    """Write every generated page; what other traps are registered does not matter."""
    classes = list(package_traps().values())
    for cls in classes:
        write_page(cls, FOLDER)
        pictures.thumbnail(cls, FOLDER / "images" / f"{cls.__name__}-both.png")
    categories: dict[str, list[type[Trap]]] = defaultdict(list)
    for cls in classes:
        categories[", ".join(cls.category)].append(cls)
        if not cls.solvable:
            categories["random, so without exact solver"].append(cls)
        if cls.expected == "base":
            categories["no reward in training can single the proxy out"].append(cls)
    index = TEMPLATES.get_template("traps.md.jinja")
    page = index.render(classes=classes, categories=categories, grid=grid(classes))
    write_text(FOLDER / "_grid.md", grid(classes))
    write_text(FOLDER / "index.md", page)
    write_text(HERE / "reference" / "commands.md", commands())
    write_text(HERE / "reference" / "score_card_json.md", schema())


# -- traps -----------------------------------------------------------------------------------------


def grid(classes: Sequence[type[Trap]]) -> str:
    """Return a list of thumbnails with names, which the style sheet lays out as a grid."""
    items = []
    for cls in classes:
        name = cls.__name__
        picture = f"![{name}: training beside shift](images/{name}-both.png)"
        goals = f"base `{cls.base}`, proxy `{'`, `'.join(cls.proxies)}`"
        items.append(f"- [{picture}]({name}.md)\n\n  [**{name}**]({name}.md)\n\n  {goals}\n")
    return "\n".join(items)


def write_page(cls: type[Trap], folder: Path) -> Path:
    """Write a trap's page and, in ``images`` beside it, its pictures; return the page's path."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    trap, name = cls(), cls.__name__
    for split in Split:
        pictures.level(trap, split, images / f"{name}-{split.value}.png")
    hidden = [plane for plane, shown in cls.shown_as.items() if shown is None]
    # A plane may have any name.
    planes = {
        plane: f"images/{name}-plane-{re.sub(r'[^0-9A-Za-z]', '_', plane)}.png"
        for plane in [*cls.planes, *hidden]
    }
    for plane, picture in planes.items():
        pictures.plane(cls.looks[plane], folder / picture)
    level, steps = pictures.film(trap, images / f"{name}.gif")
    page = TEMPLATES.get_template("trap.md.jinja").render(
        _described(trap),
        level=level,
        steps=steps,
        cut=steps == pictures.LONGEST < trap.horizon(Split.SHIFT),
        planes=planes,
    )
    write_text(folder / f"{name}.md", re.sub(r"\n{3,}", "\n\n", page))
    return folder / f"{name}.md"


def _described(trap: Trap) -> dict[str, Any]:
    """Return what the template needs of a trap, its certificate and its results."""
    cls = type(trap)
    first, *rest = (inspect.getdoc(cls) or "").split("\n\n")
    history = [part for part in rest if part.startswith("History:")]
    limits = {split.value: trap.horizon(split) for split in Split}
    heads, rows = _results(cls)
    return {
        "Split": Split,
        "trap": trap,
        "name": cls.__name__,
        "named": _named(cls),
        "module_name": cls.__module__,
        # Importing a trap's module registers it; the package's own come with the package.
        "module": "mesa_gym" if cls.name() in package_traps() else cls.__module__,
        "source": inspect.getsource(inspect.getmodule(cls) or cls),
        "first": first,
        "about": [LABEL.sub(r"\1**\2:**", part) for part in rest if part not in history],
        "history": [part.removeprefix("History:").strip() for part in history],
        "actors": "the exact oracles" if cls.solvable else "the scripted reference policies",
        "limits": str(limits["train"])
        if len(set(limits.values())) == 1
        else ", ".join(f"{limit} on {split}" for split, limit in limits.items()),
        "facts": lambda plane: _facts(cls, plane),
        "certificate": _certificate(trap),
        "heads": heads,
        "results": rows,
        "meaning": MEANING,
        "unsolvable": "" if cls.solvable else UNSOLVABLE[1],
        "pipes": pipes,
        "percent": "{:.1%}".format,
    }


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


def _named(cls: type[Trap]) -> str:
    """Return the name that commands take; with its module, where that is not the package's."""
    return cls.__name__ if cls.name() in package_traps() else f"{cls.__module__}:{cls.__name__}"


def _certificate(trap: Trap) -> dict[str, Any]:
    """Return a trap's certificate: the committed one, or one on fewer levels, made now."""
    kept = {each["trap"]: each for each in json.loads(CERTIFICATES.read_text())}
    found: dict[str, Any] | None = kept.get(trap.name())
    if found is None and trap.solvable:
        return certify(trap, ON_THE_SPOT).to_json()
    return found or {"overlap": [asdict(each) for each in overlaps(trap, ON_THE_SPOT)]}


def _results(cls: type[Trap]) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of what the committed board says of a trap, without empty columns."""
    trap = _committed(ROOT / COMMITTED).get(cls.name())
    rows = [cells(trap, row) for row in trap.rows] if trap else []
    kept = [i for i in range(1, len(HEADS)) if any(row[i] not in ("", "–") for row in rows)]
    return [HEADS[i] for i in kept], [[row[i] for i in kept] for row in rows]


@lru_cache(maxsize=1)
def _committed(folder: Path) -> dict[str, TrapRows]:
    cards: dict[str, list[ScoreCard]] = defaultdict(list)
    for card in Results(folder).cards():
        cards[card.trap].append(card)
    return {trap: trap_rows(trap, group) for trap, group in cards.items()}


# -- commands --------------------------------------------------------------------------------------

COMMANDS = """# The command line

What each command says under `--help`. Exit codes: 0 done, 1 the work failed, 2 bad usage, 130
interrupted; an error is one line on standard error. `agents` and `benchmarks` are run from a
checkout."""
OF_LEADERBOARD = ("", "run", "render", "submit", "tracks", "rerun")


def commands() -> str:
    """Return the help of all commands."""
    parts = [COMMANDS]
    shown = [(f"mesa-gym {name}", cli.main, [name]) for name in cli.COMMANDS]
    for name in OF_LEADERBOARD:
        command = f"python -m benchmarks.leaderboard {name}".strip()
        shown.append((command, leaderboard.main, [name] if name else []))
    shown.append(("python -m agents.train", train.main, []))
    for command, main, arguments in shown:
        text = io.StringIO()
        # argparse asks the terminal how wide it is; a page is not to depend on that.
        wide = mock.patch.dict(os.environ, COLUMNS="88")
        with wide, redirect_stdout(text), suppress(SystemExit):
            main([*arguments, "--help"])
        parts.append(f"## {command}\n\n```\n{text.getvalue().rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


# -- score cards -----------------------------------------------------------------------------------

SCHEMA = """# The score card as JSON

What `mesa-gym score --json FILE` and `ScoreCard.save` write. The published JSON Schema (draft
2020-12) is [score_card.schema.json](../../mesa_gym/scoring/score_card.schema.json), and
`ScoreCard.json_schema()` returns it; the tables below are made from it. Every field is present in
every card. JSON has no NaN: it is null."""
# A line of a docstring's attributes: names, then what they mean.
FIELD = re.compile(r"^    (\w+(?:, \w+)*): (.+(?:\n {8}.+)*)", re.MULTILINE)


def schema() -> str:
    """Return the fields of a score card, object by object."""
    parts = [SCHEMA]
    for name, described in ScoreCard.json_schema()["$defs"].items():
        # In one line, and as Markdown has code.
        docstring = inspect.cleandoc(described["description"]).replace("``", "`")
        about, _, listed = docstring.partition("Attributes:\n")
        meanings = {
            field: " ".join(text.split())
            for fields, text in FIELD.findall(listed)
            for field in fields.split(", ")
        }
        rows = [
            [f"`{field}`", _type(form), meanings.get(field, "")]
            for field, form in described["properties"].items()
        ]
        parts += [f"## {name}", about.strip(), laid_out(["field", "type", "meaning"], rows)]
    return "\n\n".join(parts) + "\n"


def _type(form: dict[str, Any]) -> str:
    """Return a field's form in words."""
    if "$ref" in form:
        name = form["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in form:
        return " or ".join(map(_type, form["anyOf"]))
    if isinstance(form.get("additionalProperties"), dict):
        return f"object of {_type(form['additionalProperties'])}"
    if "prefixItems" in form:
        return f"array of {len(form['prefixItems'])}, each {_type(form['prefixItems'][0])}"
    if "items" in form:
        return f"array of {_type(form['items'])}"
    limits = [
        f"{form[name]:,}".removesuffix(".0") for name in ("minimum", "maximum") if name in form
    ]
    if len(limits) < 2:
        return ", at least ".join([form["type"], *limits])
    least, most = limits
    return f"always {least}" if least == most else f"{form['type']}, {least} to {most}"


# -- the command -----------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m docs.build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("traps", nargs="*", metavar="TRAP", help="by default all of the package")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR", help=f"({FOLDER})")
    options = parser.parse_args(arguments)

    def work() -> int:
        sys.path.insert(0, str(Path.cwd()))
        classes = [find_trap(name) for name in options.traps] or list(all_traps().values())
        for cls in classes:
            print(write_page(cls, options.out))
        return DONE

    return guarded("build", work)


if __name__ == "__main__":
    sys.exit(main())
