"""Make the README's film: ``python -m docs.readme_picture``.

It needs an agent of ``python -m benchmarks.leaderboard run --budget plain``. One agent on both
sides: on the left on levels of ``shift``, on the right on their twins, in which door and red key
have changed places. Levels come in order from 0, none left out, and the actions are those that its
score card rests on.
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
from mesa_gym.scoring.rollout import starts_of
from mesa_gym.traps import Split, Trap, find_trap

PICTURE = Path(__file__).parent / "images" / "red_blue_doors.gif"
AGENT = Path("benchmarks/results/agents/RedBlueDoors-v0/ppo-s0")
LEVELS, TILE = 8, 32
MILLISECONDS, HOLD, END = 160, 5, 15  # of a frame; frames at a level's end, and at the last one's
GAP, HEAD, FOOT = 48, 44, 60
INK = "#1f2328"
HEADS = {
    "shift": "A blue door and a red key",
    "twins": "The same levels, exchanged",
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


def moments(trap: Trap, play: str) -> Iterator[Moment]:
    """Yield level after level, each until something paid, which is held for a while."""
    horizon = trap.horizon(Split.SHIFT)
    levels = starts_of(trap, play, np.arange(LEVELS))
    policy = load_policy(str(AGENT), trap, horizon)
    actions = rollout(policy, trap, levels, horizon, agent=AGENT.name, play=play).actions
    firsts = dict.fromkeys(trap.objectives, 0)
    for level in range(LEVELS):
        state = levels.take(np.array([level]))
        yield Moment(_frame(trap, state), level, dict(firsts))
        paid: list[str] = []
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


def picture(play: str, moment: Moment) -> Image.Image:
    """Return one side: its heading, the grid, and the counts underneath."""
    height, width, _ = moment.frame.shape
    side = Image.new("RGB", (width, HEAD + height + FOOT), "white")
    side.paste(Image.fromarray(moment.frame), (0, HEAD))
    draw = ImageDraw.Draw(side)
    draw.text((0, 10), HEADS[play], fill=INK, font=ImageFont.load_default(19))
    lines = [f"door first: {moment.firsts['door']} of {moment.levels} levels"]
    lines.append(f"red key first: {moment.firsts['red']}")
    for row, line in enumerate(lines):
        at = (0, HEAD + height + 8 + 24 * row)
        draw.text(at, line, fill=INK, font=ImageFont.load_default(19))
    return side


def main() -> None:
    """Write the picture; the side that is done first waits for the other."""
    trap = find_trap("RedBlueDoors")()
    sides = {play: list(moments(trap, play)) for play in HEADS}
    films = [[picture(play, moment) for moment in side] for play, side in sides.items()]
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
    for play, side in sides.items():
        print(f"{play}: {side[-1].firsts} of {side[-1].levels} levels")


if __name__ == "__main__":
    main()
