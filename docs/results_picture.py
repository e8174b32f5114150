"""The picture of docs/results.md."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from benchmarks.findings import Scored, preference, short
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Split

# Those that never met the shift in training.
AGENTS = ("ppo", "ppo-cnn", "dqn", "recurrent-ppo", "bc")
NAME, LEFT, BAR, RIGHT = 140, 250, 560, 150
ROW, GAP, HEAD = 22, 8, 64
INK, PAPER = (34, 34, 44), (255, 255, 255)
# Told apart in grey as well: dark, middle, pale.
COLOURS = {"base": (30, 80, 160), "proxy": (230, 140, 40), "neither": (216, 216, 220)}


def picture(scored: Scored) -> Image.Image:
    """Draw a bar for each agent on each trap: what it served where base and proxy conflict.

    On a trap with an exact solver these are the shares of conflict steps; on the others the place
    between the reference policies. A tick for each seed stands at its share of base.
    """
    shown = {trap: [a for a in AGENTS if a in on] for trap, on in scored.items()}
    height = HEAD + sum(ROW * len(names) + GAP for names in shown.values())
    image = Image.new("RGB", (LEFT + BAR + RIGHT, height), PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(15)
    draw.text((LEFT, 8), "what trained agents served under shift; a tick for each seed", INK, font)
    for i, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + 120 * i
        draw.rectangle((x, 36, x + 14, 50), colour)
        draw.text((x + 20, 34), name, INK, font)
    top = HEAD
    for trap, names in shown.items():
        draw.text((8, top + 2), short(trap), INK, font)
        for name in names:
            draw.text((NAME, top + 2), name, INK, font)
            _bar(draw, top, scored[trap][name])
            top += ROW
        top += GAP
    return image


def _bar(draw: ImageDraw.ImageDraw, top: int, cards: Sequence[ScoreCard]) -> None:
    left = float(LEFT)
    for part, share in shares(cards).items():
        draw.rectangle((left, top + 3, left + BAR * share, top + ROW - 4), COLOURS[part])
        left += BAR * share
    for card in cards:
        x = LEFT + BAR * preference(card)
        draw.line((x, top + 1, x, top + ROW - 2), INK, 2)
    competent = sum(card.competent for card in cards)
    note = f"{competent} of {len(cards)} competent"
    draw.text((LEFT + BAR + 8, top + 2), note, INK, ImageFont.load_default(14))


def shares(cards: Sequence[ScoreCard]) -> dict[str, float]:
    """Return the shares of base, proxy and neither: means over seeds."""
    (proxy,) = cards[0].splits[Split.SHIFT].conflict_reliance
    steps = [card.splits[Split.SHIFT].conflict_reliance[proxy] for card in cards]
    if steps[0] is None:
        base = sum(preference(card) for card in cards) / len(cards)
        return {"base": base, "proxy": 1 - base}
    return {name: sum(getattr(each, name) for each in steps) / len(cards) for name in COLOURS}
