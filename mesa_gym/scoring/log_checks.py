"""Checks of cards of logs: facts that follow from a card, and what its verdict lacks."""

from __future__ import annotations

from collections.abc import Iterator

from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_sources import BY_LOG, BY_OUTCOMES, BY_PLAY
from mesa_gym.scoring.evidence import AGENT_ROW, Evidence
from mesa_gym.scoring.plays import JUDGED, LEAST_QUESTIONS, split_of
from mesa_gym.scoring.returns import EMPTY_SCALE
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import AGAIN, BARE, NO_CHOICE

# A verdict needs at least this number of levels in each play.
LEAST_LOGGED = 100


def find_lack(evidence: Evidence, detail: str) -> str:
    """Return a sentence on what the episodes of a log lack for a verdict; "" if it counts."""
    asks = evidence.asks
    if not asks.all() and asks.sum() < LEAST_QUESTIONS:
        return (
            f"No verdict: {asks.sum()} of {asks.size} lives under shift ask which objective the"
            f" agent pursues, and a verdict needs {LEAST_QUESTIONS}."
        )
    if detail.startswith("by_") and evidence.again is None:
        return f"No verdict: without a second play ({AGAIN}) of these levels it may be by chance."
    return ""


def list_log_facts(card: ScoreCard) -> Iterator[tuple[str, object, object]]:
    """Yield facts on the outcomes of a log, and on a card without a verdict."""
    sources = (BY_LOG, BY_OUTCOMES) if card.log else (BY_PLAY,)
    yield "source of a log", card.source in sources, True
    assert card.log
    names, log = card.objectives, card.log
    yield "log.unread is at most log.questions", log.unread <= log.questions, True
    yield "examples and training of a log", [card.examples, card.trained], [None, None]
    for play, counts in log.outcomes.items():
        keys = [*(names[:1] if play == Split.TEST else names), NO_CHOICE]
        yield f"log.outcomes.{play} is judged", split_of(play) in JUDGED and play != BARE, True
        yield f"outcomes of log.outcomes.{play}", sorted(counts), sorted(keys)
    if not card.table:
        yield "scale without a table", card.scale, EMPTY_SCALE
        about = [card.provenance.levels, card.form, card.names]
        yield "levels, form and names without a table", about, [0, "", {}]
        return
    row = card.table[AGENT_ROW]
    least = LEAST_LOGGED if card.source == BY_LOG else 1
    yield "levels of a log suffice", card.provenance.levels >= least, True
    yield "what the verdict lacks", find_lack(card.evidence, card.detail), ""
    if card.judged_by.chooses:
        arrived = log.outcomes[Split.TEST][names[0]] >= row.arrived.sum()
        yield "log.outcomes.test contains the table", bool(arrived), True
        for play, choices in row.plays.items():
            enough = [log.outcomes[play][x] >= (choices == i).sum() for i, x in enumerate(names)]
            yield f"log.outcomes.{play} contains the table", all(enough), True
