"""The snippets of README, CONTRIBUTING and the documentation run as they stand there.

The blocks of Python of a page run one after the other in one namespace, in an empty folder, on few
levels; ``pages`` has what some take for granted. Commands are parsed by the program they call.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import re
import shlex
import sys
from itertools import takewhile
from typing import Any

import pytest
from pages import NAMES, PREPARE, ROOT, SHOWN, Prepared, blocks
from parameters import few

from mesa_gym import cli, scoring

SHELL = ("", "sh", "console")
ENDS = ("|", ">", "&&", ";", "&")
EXAMPLES = ROOT / "docs" / "examples"
OURS = ("agents.", "benchmarks.", "docs.", "mesa_gym.")
WRITTEN = "mushrooms.py"  # by `mesa-gym new-trap Mushrooms`


def _snippets(page):
    return [lines for kind, lines in blocks(page) if kind == "python"]


def _commands(page):
    """The words of each command that a page shows, without what is set before or piped after."""
    found = []
    for kind, lines in blocks(page):
        if kind not in SHELL:
            continue
        for line in lines.replace("\\\n", " ").splitlines():
            if not re.match(r"(\$ )?([A-Z_]+=\S+ )*(mesa-gym|python|make)\b", line):
                continue
            words = shlex.split(line.removeprefix("$ "), comments=True)
            while "=" in words[0]:
                words.pop(0)
            found.append(list(takewhile(lambda word: word not in ENDS, words)))
    return found


# Their snippets train, and check a trap.
LONG = ("docs/start.md", "docs/train.md", "docs/write_a_trap.md")
SECONDS = ("docs/scoring.md", "docs/leaderboard.md")
PAGES = [name for name in NAMES if _snippets(name)]
SHORT = [name for name in PAGES if name not in (*LONG, *SECONDS)]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("levels", [8, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("page", few(PAGES, *SHORT, thorough=SECONDS))
def test_python_runs(page, levels, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)
    for name in ("score", "record"):
        monkeypatch.setattr(scoring, name, _on_few(levels, getattr(scoring, name)))
    names: dict[str, Any] = {"__name__": "__main__"}  # as of a script
    if page in PREPARE:
        names |= PREPARE[page](Prepared(monkeypatch, tmp_path))
    capsys.readouterr()
    for i, snippet in enumerate(_snippets(page)):
        exec(compile(snippet, f"{page}, block {i}", "exec"), names)
    if page in SHOWN:
        SHOWN[page](capsys.readouterr().out, names)


def _on_few(most, function):
    return lambda policy, trap, levels=most, **more: function(
        policy, trap, min(levels, most), **more
    )


class _Parsed(BaseException):
    """The command line was understood; nothing is done."""


@pytest.mark.parametrize("page", [name for name in NAMES if _commands(name)])
def test_commands_are_understood(page, monkeypatch):
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser, given=None, *more):
        parse(parser, given, *more)
        raise _Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for program, *arguments in _commands(page):
        understood = {"mesa-gym": _mesa_gym, "python": _python, "make": _make}[program]
        try:
            understood(arguments)
        except (SystemExit, AssertionError, ImportError) as error:
            pytest.fail(f"{page}: {shlex.join([program, *arguments])}: {error!r}")


def _mesa_gym(arguments):
    with pytest.raises(_Parsed):
        cli.main(arguments)


def _python(arguments):
    first, *rest = arguments[arguments[0] == "-P" :]
    if first == "-c":
        ast.parse(rest[0])
    elif first != "-m":
        assert first == WRITTEN or any((folder / first).is_file() for folder in (ROOT, EXAMPLES))
    elif rest[0].startswith(OURS):
        spec = importlib.util.find_spec(rest[0])
        assert spec is not None, f"there is no module {rest[0]}"
        package = spec.submodule_search_locations
        module = importlib.import_module(f"{rest[0]}.__main__" if package else rest[0])
        if rest[1:]:
            with pytest.raises(_Parsed):
                module.main(rest[1:])


def _make(arguments):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {target for target in arguments if "=" not in target} <= {*targets}


def test_what_is_prepared_is_for_pages_that_exist():
    assert {*PREPARE, *SHOWN} <= {*NAMES}
