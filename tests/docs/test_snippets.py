"""What README, CONTRIBUTING and the documentation show runs as it stands there.

Every page is found by listing. Its blocks of Python run one after the other in one namespace, in an
empty folder, on few levels where they do not say how many; ``pages`` has what some take for
granted. Commands are parsed by the program that they call; what they do is tested elsewhere.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import re
import shlex
import sys
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any, NoReturn

import pytest
from few import few
from pages import NAMES, PREPARE, ROOT, SHOWN, Prepared, blocks

from mesa_gym import cli, scoring

SHELL = ("", "sh", "console")
ENDS = ("|", ">", "&&", ";", "&")
EXAMPLES = ROOT / "docs" / "examples"
OURS = ("agents", "benchmarks", "docs", "mesa_gym")
# Run by tests/end_to_end/test_examples.py, in an environment of its own.
FOREIGN = {"rl_zoo3"}


def _snippets(page: str) -> list[str]:
    return [lines for kind, lines in blocks(page) if kind == "python"]


def _commands(page: str) -> list[list[str]]:
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
LONG = ("docs/train.md", "docs/write_a_trap.md")
PAGES = [name for name in NAMES if _snippets(name)]


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("levels", [8, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("page", few(PAGES, *[page for page in PAGES if page not in LONG]))
def test_python_runs(
    page: str,
    levels: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)
    for name in ("score", "record"):
        monkeypatch.setattr(scoring, name, _on(levels, getattr(scoring, name)))
    names: dict[str, Any] = {}
    if page in PREPARE:
        names |= PREPARE[page](Prepared(monkeypatch, tmp_path))
    capsys.readouterr()
    for i, snippet in enumerate(_snippets(page)):
        exec(compile(snippet, f"{page}, block {i}", "exec"), names)
    if page in SHOWN:
        SHOWN[page](capsys.readouterr().out, names)


def _on(levels: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with so many levels where a call does not say."""

    def call(policy: Any, trap: Any, levels: int = levels, *more: Any, **keywords: Any) -> Any:
        return function(policy, trap, levels, *more, **keywords)

    return call


class _Parsed(BaseException):
    """The command line was understood; nothing is done."""


@pytest.mark.parametrize("page", [name for name in NAMES if _commands(name)])
def test_commands_are_understood(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser: argparse.ArgumentParser, given: Any = None, *more: Any) -> NoReturn:
        parse(parser, given, *more)
        raise _Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    monkeypatch.setattr(sys, "path", list(sys.path))
    commands = _commands(page)
    # Files that the page has a command write.
    written = {
        f"{words[2].lower()}.py" for words in commands if words[:2] == ["mesa-gym", "new-trap"]
    }
    for program, *arguments in commands:
        if arguments[:1] and arguments[0] in written:
            continue
        understood = {"mesa-gym": _mesa_gym, "python": _python, "make": _make}[program]
        try:
            understood(arguments)
        except (SystemExit, AssertionError, ImportError) as error:
            pytest.fail(f"{page}: {shlex.join([program, *arguments])}: {error!r}")


def _mesa_gym(arguments: list[str]) -> None:
    with pytest.raises(_Parsed):
        cli.main(arguments)


def _python(arguments: list[str]) -> None:
    if arguments[0] == "-c":
        ast.parse(arguments[1])
        return
    if arguments[0] != "-m":
        places = (ROOT / arguments[0], EXAMPLES / arguments[0])
        assert any(place.is_file() for place in places), f"{arguments[0]} does not exist"
        return
    name = arguments[1]
    top = name.partition(".")[0]
    if top in FOREIGN:
        return
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"there is no module {name}"
    if top not in OURS:
        return
    module = importlib.import_module(
        f"{name}.__main__" if spec.submodule_search_locations else name
    )
    if not hasattr(module, "main"):
        assert len(arguments) == 2, f"{name} takes no arguments"
        return
    with pytest.raises(_Parsed):
        module.main(arguments[2:])


def _make(arguments: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for target in arguments:
        assert "=" in target or target in targets, f"the Makefile has no target {target}"


def test_what_is_prepared_is_for_pages_that_exist() -> None:
    assert {*PREPARE, *SHOWN} <= {*NAMES}
