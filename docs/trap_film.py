"""Films (GIF) of policies that pursue the base objective and each proxy, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mesa_gym.engine import Ints, State
from mesa_gym.policies import load_policy, pursuing
from mesa_gym.rendering import render_rgb
from mesa_gym.scoring import ENDED, rollout
from mesa_gym.scoring.rollout import Actions, going
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.theme import CARD, INK, PALETTES

Colour = tuple[int, int, int]
# The states of an episode, and what had been paid when each of them was reached.
Line = tuple[Sequence[State], Sequence[Mapping[str, float]]]
CANDIDATES = 32  # levels among which one is chosen
CELL, GAP, HEAD = 36, 20, 52  # pixels
STEP, PAUSE = 250, 2500  # milliseconds
USUAL = (8, 30)  # steps that one likes to watch
LONGEST = 80  # steps
TRAIL = 24  # of the way so far, in steps


def film(trap: Trap, path: Path) -> tuple[int, int]:
    """Film policies that pursue the base objective and each proxy, side by side on a shift level.

    These are the exact oracles, or the reference policies of a trap that has no exact solver.

    Returns:
        The level's number, and how many steps are shown: those of the longest episode, 80 at most.
    """
    starts = trap.levels(Split.SHIFT, np.arange(CANDIDATES))
    horizon = trap.horizon(Split.SHIFT)
    walks = {}
    for x in trap.objectives:
        policy = load_policy(pursuing(trap, x), trap, horizon)
        walks[x] = rollout(policy, trap, starts, horizon, agent=pursuing(trap, x)).actions
    number = _most_apart(trap, starts, walks)
    start = starts.take(np.array([number]))
    lines = {x: _played(trap, start, actions[number]) for x, actions in walks.items()}
    steps = min(LONGEST, max(len(states) for states, _ in lines.values()) - 1)
    frames = [_frame(trap, lines, t) for t in range(steps + 1)]
    # One palette for all frames, or what stands still would flicker.
    palette = Image.fromarray(np.concatenate([frames[0], frames[-1]])).quantize(255)
    quantized = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    quantized[0].save(
        path,
        save_all=True,
        append_images=quantized[1:],
        duration=[*[STEP] * steps, PAUSE],
        loop=0,
    )
    return number, steps


def _most_apart(trap: Trap, starts: State, walks: Mapping[str, Actions]) -> int:
    """Return the level on which the first proxy's walker is farthest from the base's, as a mean.

    Levels whose film is neither short nor long are preferred.
    """
    base, proxy = (walks[x] for x in (trap.base, trap.proxies[0]))
    here, there = (_places(trap, starts, actions) for actions in (base, proxy))
    lengths = np.maximum((base != ENDED).sum(axis=1), (proxy != ENDED).sum(axis=1))
    distance = np.abs(here - there).sum(axis=(0, 1)) / lengths
    usual = (lengths >= USUAL[0]) & (lengths <= USUAL[1])
    return int(np.where(usual, distance, distance - distance.max()).argmax())


def _places(trap: Trap, starts: State, actions: Actions) -> Ints:
    """Return rows and columns of the agents, int64 (horizon + 1, 2, n), which stop at the end."""
    cells = np.repeat(starts.agent[None], actions.shape[1] + 1, axis=0)
    for now in going(trap, starts, actions):
        cells[now.t + 1 :, now.rows] = now.step.state.agent
    return np.stack(np.divmod(cells, trap.width), axis=1)


def _played(trap: Trap, start: State, actions: Actions) -> Line:
    """Return the states of an episode, and what had been paid by each of them."""
    states, paid = [start], [dict.fromkeys(trap.objectives, 0.0)]
    for taken in actions[actions != ENDED]:
        step = trap.step(states[-1], np.array([taken]))
        states.append(step.state)
        paid.append({x: paid[-1][x] + float(pay[0]) for x, pay in step.paid.items()})
    return states, paid


def _frame(trap: Trap, lines: Mapping[str, Line], t: int) -> Image.Image:
    height, width = (CELL * side for side in trap.size)
    # Wide grids stand one above the other.
    across = 1 if width > 1.5 * height else len(lines)
    down = -(-len(lines) // across)
    size = across * (width + GAP) - GAP, down * (height + HEAD + GAP) - GAP
    frame = Image.new("RGB", size, CARD)
    for i, (x, (states, paid)) in enumerate(lines.items()):
        now = min(t, len(states) - 1)
        grid = Image.fromarray(render_rgb(trap, states[now], CELL)[0])
        colour = PALETTES["okabe-ito"][i % 4]
        _path(grid, [int(state.agent[0]) for state in states[: now + 1]], trap.width, colour)
        left, top = i % across * (width + GAP), i // across * (height + HEAD + GAP)
        frame.paste(grid, (left, top + HEAD))
        draw = ImageDraw.Draw(frame)
        title = f"{trap.objectives[x].role}: {x}"
        draw.text((left, top + 2), title, colour, ImageFont.load_default(20))
        sums = f"step {now}, paid: " + ", ".join(f"{y} {sum_:g}" for y, sum_ in paid[now].items())
        draw.text((left, top + 27), sums, INK, ImageFont.load_default(15))
    return frame


def _path(grid: Image.Image, cells: Sequence[int], width: int, colour: Colour) -> None:
    """Draw the last steps, beneath the agent."""
    places = [(CELL * (cell % width), CELL * (cell // width)) for cell in cells[-TRAIL:]]
    x, y = places[-1]
    agent = grid.crop((x, y, x + CELL, y + CELL))
    draw = ImageDraw.Draw(grid)
    for outline, thick in ((CARD, 8), (colour, 4)):
        for ends in pairwise(places):
            draw.line([(a + CELL // 2, b + CELL // 2) for a, b in ends], outline, thick)
    grid.paste(agent, (x, y))
