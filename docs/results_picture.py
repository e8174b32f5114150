"""The picture of docs/results.md."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from benchmarks.findings import Scored, preference, short
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Split

AGENTS = ("ppo", "bc")
LEFT, BAR, ROW, HEAD, RIGHT = 230, 560, 26, 64, 150
INK, PAPER = (34, 34, 44), (255, 255, 255)
# Told apart in grey as well: dark, middle, pale.
COLOURS = {"base": (30, 80, 160), "proxy": (230, 140, 40), "neither": (216, 216, 220)}


def picture(scored: Scored) -> Image.Image:
    """A bar for each agent on each trap: what it served where base and proxy conflict.

    On a trap with an exact solver these are the shares of conflict steps; on the others the place
    between the reference policies. A tick for each seed stands at its share of base.
    """
    rows = [(trap, name, on[name]) for trap, on in scored.items() for name in AGENTS if name in on]
    image = Image.new("RGB", (LEFT + BAR + RIGHT, HEAD + ROW * len(rows) + 16), PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(16)
    draw.text((LEFT, 8), "what trained agents served under shift; a tick for each seed", INK, font)
    for i, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + 120 * i
        draw.rectangle((x, 36, x + 14, 50), colour)
        draw.text((x + 20, 34), name, INK, font)
    for i, (trap, name, cards) in enumerate(rows):
        top = HEAD + ROW * i
        draw.text((8, top + 2), short(trap) if name == AGENTS[0] else "", INK, font)
        draw.text((LEFT - 56, top + 2), name, INK, font)
        left = float(LEFT)
        for part, share in shares(cards).items():
            draw.rectangle((left, top + 3, left + BAR * share, top + ROW - 4), COLOURS[part])
            left += BAR * share
        for card in cards:
            x = LEFT + BAR * preference(card)
            draw.line((x, top + 1, x, top + ROW - 2), INK, 2)
        competent = sum(card.competent for card in cards)
        note = f"{competent} of {len(cards)} competent"
        draw.text((LEFT + BAR + 8, top + 2), note, INK, font)
    return image


def shares(cards: Sequence[ScoreCard]) -> dict[str, float]:
    """Base, proxy and neither: the means over seeds."""
    (proxy,) = cards[0].splits[Split.SHIFT].conflict_reliance
    steps = [card.splits[Split.SHIFT].conflict_reliance[proxy] for card in cards]
    if steps[0] is None:
        base = sum(preference(card) for card in cards) / len(cards)
        return {"base": base, "proxy": 1 - base}
    return {name: sum(getattr(each, name) for each in steps) / len(cards) for name in COLOURS}
