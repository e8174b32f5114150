"""Moving pictures for the grid of traps: an agent in training, then on the shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from docs.agent_words import find_agents
from docs.pictures import join_pictures, play_episode
from mesa_gym.engine import State
from mesa_gym.policies import Policy
from mesa_gym.policies.oracle import Oracle
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.colours import BASE, PROXIES
from mesa_gym.scoring import rollout
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap

SIDES = (Split.TRAIN, Split.SHIFT)
TILE, EDGE = 20, 5  # pixels: of a cell, and of a frame in the colour of what paid
STEP, HOLD = 140, 1200  # milliseconds
MOST = 30  # steps of a side
AGENT = "ppo-s0"
CLEAR = 255  # in the palette, after all colours


class Walk(NamedTuple):
    """An agent's way on a level, as far as it is shown.

    Attributes:
        states: from the start.
        paid: the objectives that had been paid at its end; where targets are not places, the one
            that had been paid most.
    """

    states: list[State]
    paid: list[str]


def save_loop(trap: Trap, path: Path) -> str:
    """Film an agent on level 0 of training, then on level 0 of the shift.

    It is the library's first, or, of a trap that the library has none of, an optimal policy for
    the base objective. Actions are sampled as for a score card. The file is an animated PNG.

    Returns:
        What can be seen, in words.
    """
    walks = {split: find_walk(trap, split) for split in SIDES}
    frames, durations = [], []
    shown = {split: _draw_side(trap, walk.states[0]) for split, walk in walks.items()}
    for split, walk in walks.items():
        for state in walk.states:
            shown[split] = _draw_side(trap, state)
            frames.append(_join_sides(trap, shown))
            durations.append(STEP)
        shown[split] = _frame_side(trap, shown[split], walk.paid)
        frames.append(_join_sides(trap, shown))
        durations.append(HOLD)
    _save_frames(frames, path, durations)
    train, shift = (" and ".join(walks[split].paid) or "nothing" for split in SIDES)
    who = "An agent" if find_agents(trap, 1) else f"An optimal policy for {trap.base}"
    return f"{who} on a training level gets {train}, and on a level of the shift {shift}"


def find_walk(trap: Trap, split: Split) -> Walk:
    """Return the way of the agent that is filmed on level 0 of a split."""
    start, horizon = trap.levels(split, np.array([0])), trap.horizon(split)
    player: Policy = load(trap) if find_agents(trap, 1) else Oracle(trap, trap.base, horizon)
    played = rollout(player, trap, start, horizon, agent=AGENT, play=split.value)
    states, paid = play_episode(trap, start, played.actions[0])
    ends = min(MOST, len(states) - 1)
    if trap.by_contact:
        ends = next((t for t, sums in enumerate(paid[: ends + 1]) if any(sums.values())), ends)
    most = max(paid[ends].values())
    names = [x for x, sum_ in paid[ends].items() if sum_ == most and most > 0]
    return Walk([*states[: ends + 1]], names)


def _draw_side(trap: Trap, state: State) -> Image.Image:
    return Image.fromarray(render_rgb(trap, state, TILE)[0])


def _frame_side(trap: Trap, side: Image.Image, paid: list[str]) -> Image.Image:
    """Return a level in frames of the colours of objectives, one in the other."""
    draw, tones = ImageDraw.Draw(side), dict(zip(trap.objectives, (BASE, *PROXIES), strict=False))
    for k, x in enumerate(paid):
        inner = k * EDGE
        box = (inner, inner, side.width - 1 - inner, side.height - 1 - inner)
        draw.rectangle(box, outline=tones[x], width=EDGE)
    return side


def _join_sides(trap: Trap, shown: Mapping[Split, Image.Image]) -> Image.Image:
    # Wide levels stand one above the other.
    return join_pictures([*shown.values()], stacked=trap.width > 1.5 * trap.height, mode="RGBA")


def _save_frames(frames: Sequence[Image.Image], path: Path, durations: Sequence[int]) -> None:
    """Write an animated PNG: half as large as a GIF. What is between the sides is transparent."""
    gap = np.asarray(frames[0])[..., 3] == 0
    plain = [frame.convert("RGB") for frame in frames]
    # One palette for all frames, or what stands still would flicker.
    some = [plain[0], plain[len(plain) // 2], plain[-1]]
    palette = Image.fromarray(np.concatenate([*map(np.asarray, some)])).quantize(CLEAR)
    colours = bytes(palette.getpalette() or []).ljust(3 * (CLEAR + 1), b"\0")
    drawn = []
    for frame in plain:
        numbers = np.array(frame.quantize(palette=palette, dither=Image.Dither.NONE))
        numbers[gap] = CLEAR
        drawn.append(Image.fromarray(numbers, "P"))
        drawn[-1].putpalette(colours)
    drawn[0].save(
        path,
        save_all=True,
        append_images=drawn[1:],
        duration=[*durations],
        loop=0,
        optimize=True,
        transparency=CLEAR,
    )
