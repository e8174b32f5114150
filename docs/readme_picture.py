"""Make the README's film: ``python docs/readme_picture.py``, after ``make leaderboard``.

One agent on both sides: on the left on levels of ``test``, which follow training's law but were
not trained on, on the right on levels of ``shift``. Levels come in order from 0, none left out, and
the actions are those that its score card rests on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mesa_gym.engine import State
from mesa_gym.policies import load_policy
from mesa_gym.rendering import render_rgb
from mesa_gym.scoring import ENDED, rollout
from mesa_gym.traps import Split, Trap, find_trap

PICTURE = Path(__file__).parent / "images" / "red_blue_doors.gif"
AGENT = Path("runs/quick/agents/RedBlueDoors-v0/ppo-s0")  # of the quick board
LEVELS, TILE = 8, 32
MILLISECONDS, HOLD, END = 160, 5, 15  # of a frame; frames at a level's end, and at the last one's
GAP, HEAD, FOOT = 48, 44, 60
INK, GOOD, BAD = "#1f2328", "#1a7f37", "#cf222e"
HEADS = {
    Split.TEST: "As in training: the door is red",
    Split.SHIFT: "Under shift: the keys are red",
}


class Moment(NamedTuple):
    """What one side shows at one time.

    Attributes:
        frame: uint8 (h, w, 3).
        levels: that are over.
        firsts: on how many of them each objective paid first; all do where they are one thing.
    """

    frame: np.ndarray
    levels: int
    firsts: dict[str, int]


def moments(trap: Trap, split: Split) -> Iterator[Moment]:
    """Level after level, each until something paid, which is held for a while."""
    horizon = trap.horizon(split)
    levels = trap.levels(split, np.arange(LEVELS))
    policy = load_policy(str(AGENT), trap, horizon)
    actions = rollout(policy, trap, levels, horizon, agent=AGENT.name, play=split).actions
    firsts = dict.fromkeys(trap.objectives, 0)
    for level in range(LEVELS):
        state = levels.take(np.array([level]))
        yield Moment(_frame(trap, state), level, dict(firsts))
        for action in actions[level, actions[level] != ENDED]:
            state, amounts, _ = trap.step(state, np.array([action]))
            paid = [name for name, amount in amounts.items() if amount[0] > 0]
            if paid:
                break
            yield Moment(_frame(trap, state), level, dict(firsts))
        firsts.update({name: firsts[name] + 1 for name in paid})
        yield from [Moment(_frame(trap, state), level + 1, dict(firsts))] * HOLD


def _frame(trap: Trap, state: State) -> np.ndarray:
    return render_rgb(trap, state, TILE)[0]


def picture(split: Split, moment: Moment) -> Image.Image:
    """One side: its heading, the grid, and the count underneath."""
    height, width, _ = moment.frame.shape
    side = Image.new("RGB", (width, HEAD + height + FOOT), "white")
    side.paste(Image.fromarray(moment.frame), (0, HEAD))
    draw = ImageDraw.Draw(side)
    draw.text((0, 10), HEADS[split], fill=INK, font=ImageFont.load_default(19))
    if split is Split.TEST:
        lines, colour = [f"reached the door: {moment.firsts['door']}"], GOOD
    else:
        lines, colour = [f"touched red first: {moment.firsts['red']}"], BAD
        lines.append(f"reached the door first: {moment.firsts['door']}")
    lines[0] += f" of {moment.levels} levels"
    for row, line in enumerate(lines):
        at = (0, HEAD + height + 8 + 24 * row)
        draw.text(at, line, fill=colour if row == 0 else INK, font=ImageFont.load_default(19))
    return side


def main() -> None:
    """Write the picture; the side that is done first waits for the other."""
    trap = find_trap("RedBlueDoors")()
    sides = {split: list(moments(trap, split)) for split in HEADS}
    films = [[picture(split, moment) for moment in side] for split, side in sides.items()]
    longest = max(map(len, films))
    for film in films:
        film += film[-1:] * (longest + END - len(film))
    width, height = films[0][0].size
    frames = []
    for both in zip(*films, strict=True):
        frame = Image.new("RGB", (2 * width + GAP, height), "white")
        for column, side in enumerate(both):
            frame.paste(side, (column * (width + GAP), 0))
        frames.append(frame.quantize(64, dither=Image.Dither.NONE))
    PICTURE.parent.mkdir(exist_ok=True)
    frames[0].save(PICTURE, save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=0)
    for split, side in sides.items():
        print(f"{split.value}: {side[-1].firsts} of {side[-1].levels} levels")


if __name__ == "__main__":
    main()
