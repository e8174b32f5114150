"""Pages of the reference that the build writes: the commands, and the score card's schema."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from agents import train
from benchmarks import leaderboard
from benchmarks.markdown import laid_out, plain
from mesa_gym import cli
from mesa_gym.files import write_text
from mesa_gym.scoring import ScoreCard

WIDTH = "88"  # of help texts, in characters
COMMANDS = """# The command line

What each command says under `--help`. Exit codes: 0 done, 1 the work failed, 2 bad usage, 130
interrupted; an error is one line on standard error. `agents` and `benchmarks` are run from a
checkout."""
SCHEMA = """# The score card as JSON

What `mesa-gym score --json FILE` and `ScoreCard.save` write. The published JSON Schema (draft
2020-12) is [score_card.schema.json](../../mesa_gym/scoring/score_card.schema.json), and
`ScoreCard.json_schema()` returns it; the tables below are made from it. Every field is present in
every card. JSON has no NaN: it is null."""


def write(folder: Path) -> None:
    """Write both pages."""
    write_text(folder / "commands.md", commands())
    write_text(folder / "score_card_json.md", schema())


def commands() -> str:
    """Return the help of all commands."""
    parsers = [cli._parser(), leaderboard._parser(), train._parser()]
    # argparse asks the terminal how wide it is; a page is not to depend on that.
    before, os.environ["COLUMNS"] = os.environ.get("COLUMNS"), WIDTH
    try:
        return "\n\n".join([COMMANDS, *map(_command, parsers)]) + "\n"
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


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
        rows = [
            [f"`{field}`", _type(each), plain(each.get("description", ""))]
            for field, each in described["properties"].items()
        ]
        parts += [
            f"## {name}",
            plain(described["description"]),
            laid_out(["field", "type", "meaning"], rows),
        ]
    return "\n\n".join(parts) + "\n"


def _type(form: dict[str, Any]) -> str:
    """Return a field's form in words."""
    if "$ref" in form:
        name = form["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in form:
        return " or ".join(_type(each) for each in form["anyOf"])
    if "const" in form:
        return f"always {form['const']}"
    kind = form["type"] if isinstance(form["type"], str) else " or ".join(form["type"])
    if "properties" in form:
        return f"object with {', '.join(form['properties'])}, each {_one(form['properties'])}"
    if isinstance(form.get("additionalProperties"), dict):
        return f"object of {_type(form['additionalProperties'])}"
    if "items" in form:
        return f"array of {_type(form['items'])}"
    limits = [f"{form[word]:g}" for word in ("minimum", "maximum") if word in form]
    if len(limits) == 2:
        return f"{kind}, {limits[0]} to {limits[1]}"
    return f"{kind}, at least {limits[0]}" if "minimum" in form else kind


def _one(properties: dict[str, Any]) -> str:
    """Return the form that all fields of an object share."""
    return _type(next(iter(properties.values())))
