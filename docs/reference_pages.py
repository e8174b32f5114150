"""Pages of the reference that the build writes: the commands, and the score card's schema."""

from __future__ import annotations

import argparse
import inspect
import os
import re
from pathlib import Path
from typing import Any

from agents import train
from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.markdown import laid_out
from mesa_gym.cli import COMMANDS
from mesa_gym.files import write_text
from mesa_gym.scoring import ScoreCard

WIDTH = "88"  # of help texts, in characters
INTRODUCTION = """# The command line

What each command says under `--help`. Exit codes: 0 done, 1 the work failed, 2 bad usage, 130
interrupted; an error is one line on standard error. `agents` and `benchmarks` are run from a
checkout."""
SCHEMA = """# The score card as JSON

What `mesa-gym score --json FILE` and `ScoreCard.save` write. The published JSON Schema (draft
2020-12) is [score_card.schema.json](../../mesa_gym/scoring/score_card.schema.json), and
`ScoreCard.json_schema()` returns it; the tables below are made from it. Every field is present in
every card. JSON has no NaN: it is null."""

# A line of a docstring's attributes: names, then what they mean.
FIELD = re.compile(r"^    (\w+(?:, \w+)*): (.+(?:\n {8}.+)*)", re.MULTILINE)


def write(folder: Path) -> None:
    """Write both pages."""
    write_text(folder / "commands.md", commands())
    write_text(folder / "score_card_json.md", schema())


def commands() -> str:
    """Return the help of all commands."""
    parsers = [*map(_of_mesa_gym, COMMANDS), leaderboard._parser(), train._parser()]
    # argparse asks the terminal how wide it is; a page is not to depend on that.
    before, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), WIDTH
    try:
        return "\n\n".join([INTRODUCTION, *map(_command, parsers)]) + "\n"
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _of_mesa_gym(name: str) -> argparse.ArgumentParser:
    command = COMMANDS[name]
    parser = argparse.ArgumentParser(f"mesa-gym {name}", description=command.run.__doc__)
    command.arguments(parser)
    return parser


def _command(parser: argparse.ArgumentParser, level: int = 2) -> str:
    parts = [f"{'#' * level} {parser.prog}", f"```\n{parser.format_help().rstrip()}\n```"]
    parts += [_command(each, level + 1) for each in _subcommands(parser)]
    return "\n\n".join(parts)


def _subcommands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    return [
        each
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for each in action.choices.values()
    ]


def schema() -> str:
    """Return the fields of a score card, object by object."""
    parts = [SCHEMA]
    for name, described in ScoreCard.json_schema()["$defs"].items():
        about, meanings = _told(described["description"])
        rows = [
            [f"`{field}`", _type(form), meanings.get(field, "")]
            for field, form in described["properties"].items()
        ]
        parts += [f"## {name}", about, laid_out(["field", "type", "meaning"], rows)]
    return "\n\n".join(parts) + "\n"


def _told(docstring: str) -> tuple[str, dict[str, str]]:
    """Return what a docstring says of an object, and field -> what it says of that."""
    # In one line, and as Markdown has code.
    about, _, listed = inspect.cleandoc(docstring).replace("``", "`").partition("Attributes:\n")
    meanings = {
        field: " ".join(text.split())
        for fields, text in FIELD.findall(listed)
        for field in fields.split(", ")
    }
    return about.strip(), meanings


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
