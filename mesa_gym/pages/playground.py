"""A playable page: a visitor plays, or puts the agent on a cell and sees its path from there.

The page contains every state of its levels and each agent's actions there, so that the page itself
computes values and outcomes of agents. It loads no other file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

import mesa_gym
from mesa_gym.engine import RGB, Floats, State
from mesa_gym.pages.filling import Markup, fill_page
from mesa_gym.pages.packing import WIDE, CellSheet, find_answers, pack_level
from mesa_gym.policies import Oracle, Policy, as_policy
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.colours import BASE_COLOUR, PROXY_COLOURS, to_hex
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.templating import quote_html
from mesa_gym.scoring.plays import find_play, has_twins
from mesa_gym.solver import PlacementGraph
from mesa_gym.solver.values import explain_branching
from mesa_gym.terminal import printable
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import ALONE, TWINS

WISH: RGB = (74, 0, 166)  # of a planner's map; differs from objectives' colours for everyone
PAGE_TILE = 64  # pixels per cell, enough for high-density screens
FORMAT = 1
BASE_MEANING = "the base objective: what training pays"
PROXY_MEANING = "a proxy objective: in training it explains the pay just as well"
# The ways in which the page computes an agent's actions.
BY_SHARES, BY_ORACLE = "shares", "oracle"


class NotLiveError(ValueError):
    """A level or an agent cannot be computed in a page; a film can show it."""


@dataclass(frozen=True)
class Guest:
    """An agent on a page."""

    name: str
    policy: object = field(compare=False)  # an argument of ``mesa_gym.policies.as_policy``
    words: str = ""  # a sentence about the agent


def require_live(trap: Trap) -> None:
    """Check that a trap's levels can be computed in a page.

    Raises:
        NotLiveError: the trap has no exact solver, or its steps draw random outcomes.
    """
    if why := explain_branching(trap):
        raise NotLiveError(f"{trap.name()} cannot be exported to a page: {why}")


def list_levels(trap: Trap, play: str | None, numbers: Sequence[int]) -> list[tuple[str, int]]:
    """Return the plays and numbers of a page's levels.

    Without ``play``, the levels are shift levels with all numbers, and with the first number a
    training level, a twin, and a level with the targets of each objective alone.

    Raises:
        ValueError: the trap does not have the play.
    """
    if play is not None:
        find_play(trap, play)
        return [(play, number) for number in numbers]
    first = numbers[0]
    shift = [(Split.SHIFT.value, number) for number in numbers]
    twins = [(TWINS, first)] if has_twins(trap) else []
    alone = [(ALONE + x, first) for x in trap.find_isolable()] if trap.alone else []
    return [(Split.TRAIN.value, first), *shift, *twins, *alone]


def pack_trap(
    trap: Trap,
    levels: Sequence[tuple[str, int]],
    guests: Sequence[Guest],
    salt: str = "",
    advance: Callable[[int], None] = lambda levels: None,
) -> dict[str, object]:
    """Return levels and agents as plain data, which ``templates/game.js`` reads.

    ``levels`` are plays and numbers, and ``advance`` is called with 1 after each level.

    Raises:
        NotLiveError: the trap's levels cannot be computed in a page, or an agent's actions are not
            a function of its observation.
        PolicyError: an agent failed.
        ValueError: an agent cannot act on the trap.
    """
    require_live(trap)
    sheet, packed = CellSheet(trap), []
    policies = [as_policy(guest.policy, trap, trap.horizon(Split.SHIFT)) for guest in guests]
    by_shares = {k: policy for k, policy in enumerate(policies) if _find_kind(policy) == BY_SHARES}
    for play, number in levels:
        graph = PlacementGraph(trap, _make_start(trap, play, number, salt))
        shares = {k: _ask_everywhere(by_shares[k], graph, guests[k].name) for k in by_shares}
        level = {"play": play, "number": number, "horizon": find_play(trap, play).steps}
        packed.append(level | pack_level(graph, sheet, shares))
        advance(1)
    return {
        "format": FORMAT,
        "trap": type(trap).__name__,
        "version": mesa_gym.__version__,
        "size": trap.size,
        "tile": PAGE_TILE,
        "wide": WIDE,
        "objectives": [
            {"name": x, "doc": objective.doc, "discount": trap.discount(x)}
            for x, objective in trap.objectives.items()
        ],
        "tones": [to_hex(colour) for colour in (BASE_COLOUR, *PROXY_COLOURS)],
        "wish": to_hex(WISH),
        "contact": trap.judging.places,
        "loose": trap.delta > 0,
        "levels": packed,
        "agents": [
            _describe_agent(guest, policy) for guest, policy in zip(guests, policies, strict=True)
        ],
        "cells": sheet.names,
        "sheet": data_uri(sheet.draw(PAGE_TILE)),
    }


def make_playground(
    trap: Trap,
    levels: Sequence[tuple[str, int]],
    guests: Sequence[Guest],
    salt: str = "",
    advance: Callable[[int], None] = lambda levels: None,
) -> str:
    """Return the page of a trap; the arguments and errors are as in ``pack_trap``."""
    data = pack_trap(trap, levels, guests, salt, advance)
    # The script opens the page on a shift level, if there is one.
    first = next((level for level in levels if level[0] == Split.SHIFT), levels[0])
    start = _make_start(trap, *first, salt)
    scene, conflict = _tell_story(type(trap))
    return fill_page(
        "playground.html",
        data,
        title=type(trap).__name__,
        scene=scene,
        conflict=conflict,
        picture=data_uri(render_rgb(trap, start, 32)[0]),
        objectives=_describe_objectives(trap),
        made=f"Made with mesa-gym {mesa_gym.__version__} of {trap!r}.",
    )


def _describe_objectives(trap: Trap) -> Markup:
    """Return a paragraph for each objective, the base objective first."""
    meanings = {True: BASE_MEANING, False: PROXY_MEANING}
    return Markup(
        "\n".join(
            f'<p><b class="tone{k}">{quote_html(objective.name)}</b>, {meanings[k == 0]}.'
            f" {quote_html(objective.doc)}</p>"
            for k, objective in enumerate(trap.objectives.values())
        )
    )


def _tell_story(trap: type[Trap]) -> list[str]:
    """Return the first two paragraphs of a trap's docstring."""
    paragraphs = (inspect.getdoc(trap) or "").replace("``", "").split("\n\n")
    return [printable(" ".join(paragraph.split())) for paragraph in (*paragraphs, "")[:2]]


def _make_start(trap: Trap, play: str, number: int, salt: str) -> State:
    """Return the start state of a level, a batch of one."""
    level_play = find_play(trap, play)
    return level_play.change(trap.levels(level_play.split, np.array([number]), salt))


def _ask_everywhere(policy: Policy, graph: PlacementGraph, name: str) -> Floats:
    """Return a policy's action probabilities in all states in which the episode continues."""
    states = graph.states.take(slice(0, graph.going))
    answers = find_answers(policy, graph.trap, states, name)
    if answers is None:
        raise NotLiveError(
            f"the actions of {name} depend on more than the observation (a memory, the clock or"
            " a random draw per episode), and a page cannot show them"
        )
    return answers


def _find_kind(policy: Policy) -> str:
    """Return the way in which the page computes an agent's actions.

    An oracle's actions depend on the remaining time, so the page computes them by solving.
    """
    return BY_ORACLE if type(policy) is Oracle else BY_SHARES


def _describe_agent(guest: Guest, policy: Policy) -> dict[str, object]:
    """Return an agent's data for the page's script, except its action probabilities."""
    kind, name = _find_kind(policy), printable(guest.name)
    # A policy that may have a memory was only tested in the states of the page.
    tried = kind == BY_SHARES and getattr(policy, "memory", True) is not False
    description = {"name": name, "words": guest.words, "tried": tried, "kind": kind}
    if isinstance(policy, Oracle):
        return description | {"objective": list(policy.trap.objectives).index(policy.objective)}
    return description
