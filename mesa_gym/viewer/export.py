"""A page that replays episodes: one HTML file that needs nothing else, for any browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

import mesa_gym
from mesa_gym.engine import ACTIONS
from mesa_gym.envs.checks import integer
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.page import load_jinja2
from mesa_gym.terminal import printable
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.viewer.clock import RATE, SPEEDS
from mesa_gym.viewer.compare import Pane
from mesa_gym.viewer.drawing import WISH
from mesa_gym.viewer.packing import WIDE, CellSheet
from mesa_gym.viewer.panel import list_paragraphs
from mesa_gym.viewer.playground import TILE, fill_page
from mesa_gym.viewer.seats import Seat


def panes_on(
    trap: Trap, seats: Sequence[Seat], levels: Sequence[int], salt: str = ""
) -> list[list[Pane]]:
    """Return the episodes of a page, which have not begun: for each level, a pane for each seat.

    Args:
        trap: the rules.
        seats: who plays what, from left to right.
        levels: their numbers, 0 to 2**48 - 1.
        salt: an evaluator's secret.

    Raises:
        ValueError: a level is out of range, or a player cannot play it.
    """
    numbers = [integer("level", level, 0, LEVELS - 1) for level in dict.fromkeys(levels)]
    panes = [[Pane(trap, seat, number, salt) for seat in seats] for number in numbers]
    for pane in panes[0]:
        pane.line.begin()  # what cannot play is found before any work
    return panes


def replay_page(
    levels: Sequence[Sequence[Pane]],
    advance: Callable[[int], None] = lambda episodes: None,
    note: str = "",
) -> str:
    """Play episodes to their end and return the page that replays them.

    Args:
        levels: for each level, the panes that stand side by side, as ``panes_on`` gives them.
        advance: is told of each episode that has been played.
        note: a sentence that the page begins with, such as why it replays.

    Returns:
        HTML that fetches nothing and carries its script, style and pictures in itself.

    Raises:
        ImportError: jinja2 is not installed.
        PolicyError: a policy failed.
    """
    load_jinja2()
    trap = levels[0][0].trap
    cells = CellSheet(trap)

    def play_pane(pane: Pane) -> dict[str, Any]:
        done = play_episode(pane, cells)
        advance(1)
        return done

    episodes = [[play_pane(pane) for pane in panes] for panes in levels]
    floor = int(cells.number(np.zeros(1, dtype=np.int64))[0])  # nothing is shown there
    data = {
        "objectives": list(trap.objectives),
        "actions": ACTIONS,
        "size": trap.size,
        "tile": TILE,
        "wide": WIDE,
        "rate": RATE,
        "numbered": len(levels[0]) > 1,
        "sheet": data_uri(cells.draw(TILE)),
        "floor": floor,
        "wish": WISH,
        "levels": episodes,
    }
    return _fill_template(trap, levels, data, note)


def play_episode(pane: Pane, cells: CellSheet) -> dict[str, Any]:
    """Play an episode to its end and return what the page's script shows of it.

    Args:
        pane: who plays which level.
        cells: takes up the pictures of its cells.

    Returns:
        Plain data. Lists have an entry for each number of steps t from 0 to the end: ``changes``
        (pairs of a cell and the picture that it shows from then on; all cells at 0), ``paid`` (what
        step t paid, by objective), ``earned`` (discounted), ``values`` (V* of what is to come; None
        without solver) and ``choice`` (``Pane.name_choice``; None but under shift).
        ``actions`` and ``shares`` (in percent) are of the step that comes next, and so are, empty
        where none plans, ``wants`` (pairs of a cell and what it is worth to end at from then on;
        None of a wall; all cells at 0) and ``plan`` (the cells of the way).
    """
    line, names = pane.line, list(pane.trap.objectives)
    line.grow()
    times = range(len(line) + 1)
    pictures = [cells.number(cells.encode(state)[0]) for state in line.states]
    shown = [dict(enumerate(each.tolist())) for each in pictures]
    read = [intent for t in times if (intent := line.find_intent(t)) is not None]
    wants = [{k: _short(u) for k, u in enumerate(intent.wants)} for intent in read]
    analysis, decisions = pane.analysis, [step.decision for step in line.steps]
    chosen = analysis and pane.seat.split is Split.SHIFT
    return {
        "title": f"{pane.seat.play}, level {pane.level}",
        "policy": printable(pane.seat.player.name),
        "end": "the episode ended" if line.terminated else "time is up",
        "changes": _list_changes(shown),
        "wants": _list_changes(wants),
        "plan": [intent.way for intent in read],
        "paid": [[0] * len(names), *([_short(s.paid[x]) for x in names] for s in line.steps)],
        "earned": [[_short(line.compute_return(x, t)) for x in names] for t in times],
        "values": analysis and [[_short(analysis.value(x, t)) for x in names] for t in times],
        "choice": [pane.name_choice(t) for t in times] if chosen else None,
        "actions": [decision.action for decision in decisions],
        "shares": [
            None if d.shares is None else np.rint(100 * d.shares).astype(int).tolist()
            for d in decisions
        ],
    }


def _list_changes(shown: list[dict[int, Any]]) -> list[list[tuple[int, Any]]]:
    """Return what each dictionary has that the one before has not, all of it of the first."""
    return [sorted(now.items() - before.items()) for before, now in pairwise([{}, *shown])]


def _short(number: float) -> float | None:
    """Return a number to a hundredth, never as -0; None for what is not a number."""
    return None if np.isnan(number) else round(float(number), 2) + 0.0


def _fill_template(
    trap: Trap, levels: Sequence[Sequence[Pane]], data: dict[str, Any], note: str
) -> str:
    """Return the template filled in: all values except the package's own markup are escaped."""
    players = ", ".join(dict.fromkeys(printable(pane.seat.player.name) for pane in levels[0]))
    return fill_page(
        "replay.html",
        data,
        note=note,
        title=f"{players} on {trap.name()}",
        story=[printable(text) for text in (*list_paragraphs(type(trap)), "", "")[:2]],
        objectives=list(trap.objectives.values()),
        plans=any(pane.seat.player.planning is not None for pane in levels[0]),
        solved=trap.solvable,
        actions=ACTIONS,
        speeds=SPEEDS,
        levels=[panes[0].level for panes in levels],
        numbered=data["numbered"],
        columns=len(levels[0]),
        made=f"Made with mesa-gym {mesa_gym.__version__} of {trap!r}.",
    )
