"""Writes the generated pages of the documentation.

The pages describe traps, results, the help of commands, and the fields of score cards.
"""

from __future__ import annotations

import inspect
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import gymnasium
import numpy as np

from agents import train
from benchmarks import __main__ as benchmarks
from benchmarks.markdown import pipes
from docs._sphinx.playgrounds import has_page, write_gallery_page
from docs._sphinx.site_links import COPIED, relink
from docs.writers import pictures
from mesa_gym import cli
from mesa_gym.files import read_json, write_text
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import group_cards, read_committed
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.report.board_rows import is_reference
from mesa_gym.report.tables import HEADS, tabulate_groups
from mesa_gym.report.templating import environment
from mesa_gym.scoring import MEASURES, ScoreCard
from mesa_gym.scoring.plays import has_twins
from mesa_gym.traps import Split, Trap, package_traps
from mesa_gym.traps.trap import PROXY_KINDS
from mesa_gym.words import HEADLINES, write_word

BY_RETURNS = (
    "Each step draws, so that one episode says little of what is pursued: the verdict rests on mean"
    " returns between those of two policies, one for each objective. They can exceed 1."
)
BASE_EXPECTED = (
    "No reward in training can single the proxy out, and an agent that pursues base is what to"
    " expect."
)
HERE = Path(__file__).parent
GALLERY = "gallery"  # a folder next to the pages of traps, which Sphinx copies unchanged
FOLDER = HERE / "traps"
CERTIFICATES = HERE.parent / "certificates.json"
# The label at the start of a paragraph of a trap's docstring.
LABEL = re.compile(r"(^|(?<=\. )|(?<=\.\n))([A-Z][a-z]+(?: [a-z]+){0,3}(?:\s``\w+``)?):(?=\s)")
# The start of the docstring of a trap's ``ends``.
ENDING = re.compile(r"^Return (where|whether|False:) ")
OF_BENCHMARKS = ("board run", "library make")
TEMPLATES = environment(HERE / "templates", str)  # pages are Markdown, without escapes


def write_all() -> None:
    """Write every generated page; traps that users registered are ignored."""
    for file, page in COPIED.items():
        write_text(page, relink(file.read_text(), file.parent, page.parent))
    classes = list(package_traps().values())
    for cls in classes:
        write_page(cls, FOLDER)
    _write(
        FOLDER / "index.md",
        "traps",
        classes=classes,
        twins=has_twins,
        block=name_block,
        learnt=describe_learning,
        learner=LEARNER,
        kinds=PROXY_KINDS,
        base_expected=[cls for cls in classes if cls.expected == "base"],
        about_base=BASE_EXPECTED,
    )
    _write(HERE / "reference" / "commands.md", "commands", commands=commands())
    _write(HERE / "reference" / "score_card_json.md", "score_card", measures=MEASURES)


def name_block(cls: type[Trap]) -> str:
    """Return the name of a trap's block in the table of traps."""
    if not cls.judging.chooses:
        return "Traps judged by returns"
    return (
        "Traps that expect the base objective" if cls.expected == "base" else "Traps with a choice"
    )


def describe_learning(cls: type[Trap]) -> str:
    """Return how many PPO seeds are competent on a trap, and their mean success rate or return."""
    cards = [card for card in _read_cards() if card.trap == cls.name()]
    agents = [card for card in cards if agent_and_seed(card.policy)[0] == LEARNER]
    if not agents:
        return "–"
    competent = f"{sum(card.competent for card in agents)} of {len(agents)}"
    if not cls.judging.chooses:
        returns = [card.read_each("test", "normalized_return")[cls.base] or 0.0 for card in agents]
        return f"{competent} (N {np.mean(returns):.2f})"
    rates = [card.read_number("test", "success_rate") or 0.0 for card in agents]
    return f"{competent} (success rate {np.mean(rates):.2f})"


def _write(path: Path, template: str, **values: Any) -> None:
    page = TEMPLATES.get_template(f"{template}.md.jinja").render(values)
    write_text(path, re.sub(r"\n{3,}", "\n\n", page) + "\n")


def write_page(cls: type[Trap], folder: Path) -> Path:
    """Write a trap's page, and its pictures to ``images`` next to it; return the page's path."""
    images, trap, name = folder / "images", cls(), cls.__name__
    if has_page(trap):
        write_gallery_page(trap, folder / GALLERY)
    images.mkdir(parents=True, exist_ok=True)
    for split in Split:
        pictures.level(trap, split, images / f"{name}-{split.value}.png")
    hidden = [plane for plane, shown_as in cls.shown_as.items() if shown_as is None]
    # A plane may have any name.
    planes = {
        plane: f"images/{name}-plane-{re.sub(r'[^0-9A-Za-z]', '_', plane)}.png"
        for plane in [*cls.planes, *hidden]
    }
    for plane, picture in planes.items():
        pictures.plane(cls.looks[plane], folder / picture)
    _write(folder / f"{name}.md", "trap", planes=planes, **_describe_trap(trap))
    return folder / f"{name}.md"


def _describe_trap(trap: Trap) -> dict[str, Any]:
    """Return the template's values: facts about a trap, its certificate and its results."""
    cls = type(trap)
    first, *rest = (inspect.getdoc(cls) or "").split("\n\n")
    rest += [f"Limit: {cls.caveat}"] if cls.caveat else []
    if cls.changed_after_shift:
        rest.append(f"Changed after shift results: {cls.changed_after_shift}")
    history = [part for part in rest if part.startswith("History:")]
    rows = _list_results(cls)
    # `mesa-gym certify TRAP --json docs/certificates.json` adds a new trap's certificate.
    certificates = {certificate["trap"]: certificate for certificate in read_json(CERTIFICATES)}
    return {
        "Split": Split,
        "trap": trap,
        "name": cls.__name__,
        "source": inspect.getsource(inspect.getmodule(cls) or cls),
        "observation_space": gymnasium.make(trap.id()).observation_space,
        "ending": say_ending(cls),
        "limits": say_limits(trap),
        "live": has_page(trap),
        "first": first,
        "about": [LABEL.sub(r"\1**\2:**", part) for part in rest if part not in history],
        "history": [part.removeprefix("History:").strip() for part in history],
        "certificate": certificates[cls.name()],
        "results": pipes(HEADS[1:], rows) if rows else "",
        "words": {write_word(x): of.meaning for x, of in HEADLINES.items()},
        "by_returns": "" if cls.judging.chooses else BY_RETURNS,
        "percent": "{:.1%}".format,
    }


def say_ending(cls: type[Trap]) -> str:
    """Return when episodes of a trap terminate, taken from the docstring of its ``ends``."""
    if cls.ends is Trap.ends:
        return f"when `{cls.base}` pays"
    first = (inspect.getdoc(cls.ends) or "").partition("\n")[0].rstrip(".")
    sentence = ENDING.sub("", first)
    return sentence if first.startswith("Return False") else f"when {sentence}"


def say_limits(trap: Trap) -> str:
    """Return a trap's time limits, by split if they differ."""
    limits = {split: trap.horizon(split) for split in Split}
    if len(set(limits.values())) == 1:
        return f"{limits[Split.TRAIN]} steps"
    return ", ".join(f"{limit} steps on {split}" for split, limit in limits.items())


def _list_results(cls: type[Trap]) -> list[list[str]]:
    """Return rows with the results of committed agents on a trap; reference policies are last."""
    trap_cards = [card for card in _read_cards() if card.trap == cls.name()]
    groups = group_cards(trap_cards) if trap_cards else []
    groups.sort(key=lambda group: is_reference(group.cards[0]))
    return [row[1:] for row in tabulate_groups(groups)]


@cache
def _read_cards() -> list[ScoreCard]:
    """Return the committed cards, which are read once for all pages."""
    return read_committed()


def commands() -> Iterator[tuple[str, str]]:
    """Yield every command and its help."""
    yield from ((f"mesa-gym {name}", _help(cli.main, name)) for name in cli.COMMANDS)
    yield "python -m agents.train", _help(train.main)
    program = "python -m benchmarks"
    yield program, _help(benchmarks.main)
    for words in OF_BENCHMARKS:
        yield f"{program} {words}", _help(benchmarks.main, *words.split())


def _help(main: Callable[[list[str]], Any], *arguments: str) -> str:
    text = io.StringIO()
    # argparse wraps at the terminal's width, on which a page must not depend.
    wide = mock.patch.dict(os.environ, COLUMNS="88")
    with wide, redirect_stdout(text), suppress(SystemExit):
        main([*arguments, "--help"])
    if not text.getvalue():
        raise RuntimeError(f"{main.__module__} {' '.join(arguments)} --help printed nothing")
    return text.getvalue().rstrip()
