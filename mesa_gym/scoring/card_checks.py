"""Reading of cards: what was played is checked, and every result is computed from it again.

The results in a file are for other programs (``jq``), and a reader ignores them. An edited result
therefore changes nothing. An edited column changes the results, or is refused because it does not
fit the others. A consistent card can still be invented; only scoring the agent again verifies it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import structs

from mesa_gym.errors import shorten
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_sources import BY_LOG, BY_OUTCOMES, BY_PLAY, CARD_SOURCES, ENVIRONMENT
from mesa_gym.scoring.conclusions import add_results, conclude_all, put_in_order
from mesa_gym.scoring.evidence import AGENT_ROW, BLIND, Evidence
from mesa_gym.scoring.nulls import list_shown_nulls
from mesa_gym.scoring.playing import list_nulls
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.returns import SCALE_MEANS
from mesa_gym.scoring.verdict import digest_rules
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.traps.judged_by import AGAIN, ALONE, BARE, SHIFT, TWINS, Contact
from mesa_gym.traps.played_episodes import NONE, UNASKED

# A part of a card, its value, and the value that fits the rest of the card.
_Fact = tuple[str, Any, Any]


def check_card(card: ScoreCard) -> ScoreCard:
    """Return a card with the results that follow from what was played.

    Raises:
        ValueError: parts of the card do not fit each other; the message names the first such part.
    """
    kind = all_traps().get(card.trap)
    trap = kind() if kind else None  # None if it is not installed
    try:
        card = put_in_order(card)
        for part, value, expected in _list_facts(card, trap):
            if value != expected:
                raise ValueError(
                    f"the card contradicts itself: {part} is {shorten(value)}, but the other"
                    f" fields of the card need {shorten(expected)}"
                )
        results = conclude_all(card, trap)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"the card lacks or mixes up entries: {error!r}; score it again") from None
    provenance = structs.replace(card.provenance, rules=digest_rules())
    return add_results(card, results | {"provenance": provenance})


def _list_facts(card: ScoreCard, trap: Trap | None) -> Iterator[_Fact]:
    """Yield facts on the names, players and columns of a card."""
    names = card.objectives
    yield "provenance.trap", card.provenance.trap.partition("(")[0], card.trap
    if card.source == BY_OUTCOMES:
        yield "trap and judging", [card.trap, card.judging], [ENVIRONMENT, Contact.name]
    yield "judging", card.judging, trap.judging.name if trap else card.judging
    yield "objectives", names, [*trap.objectives] if trap else [*dict.fromkeys(names)]
    yield "a choice of places", bool(card.form) <= card.judged_by.chooses, True
    logged = [BY_LOG, BY_OUTCOMES] if card.log else [BY_PLAY, BY_OUTCOMES]
    yield "source of a log", card.source in logged, True
    if card.log:
        yield "log.unread is at most log.questions", card.log.unread <= card.log.questions, True
        if not card.table:
            return
    levels = _count_levels(card)
    yield "provenance.levels", card.provenance.levels, min(levels[x] for x in JUDGED)
    nulls = [x for x in card.table if x != AGENT_ROW]
    if trap:
        nulls = [*(null.name for null in list_nulls(trap)), BLIND]
    payers = list_shown_nulls(card.form, nulls) if CARD_SOURCES[card.source].splits else []
    yield "players", sorted(card.table), sorted({AGENT_ROW, *payers, *([] if card.form else nulls)})
    yield from _list_scale(card, levels)
    for player, row in card.table.items():
        splits = CARD_SOURCES[card.source].splits
        splits = splits if player == AGENT_ROW else JUDGED if player in payers else []
        yield f"splits of payments of {player}", [*row.payments], [*map(str, splits)]
        most = {x: n if player == AGENT_ROW else min(n, FEW_LEVELS) for x, n in levels.items()}
        for split, payments in row.payments.items():
            yield f"objectives of payments of {player}.{split}", [*payments], names
            lengths = card.returns_by_player[player][split].list_lengths()
            yield f"levels of payments of {player}.{split}", lengths, {most[split]}
        yield f"splits of counts of {player}", {*row.counts} - {*row.payments}, set()
        for split, counts in row.counts.items():
            parts = sorted(counts["unread"]) if "unread" in counts else ["questions", "unread"]
            yield f"counts of texts of {player}.{split}", parts, ["questions", "unread"]
        yield f"objectives of {player}", [*row.objectives], names
        yield f"rows and gains in {player}", [*row.nulls, *row.gains], []
        if card.judged_by.chooses:
            yield from _list_plays(card, player, trap)
            yield from _list_columns(card, player, most)
        else:
            payment_row = Evidence(row.objectives, payments=row.payments, counts=row.counts)
            yield f"{player} has payments alone", row == payment_row, True


def _count_levels(card: ScoreCard) -> dict[str, int]:
    """Return the number of levels of each split that was played."""
    if card.source == BY_PLAY:
        return dict.fromkeys(Split, card.provenance.levels)
    if not card.returns:
        return dict(zip(JUDGED, card.table[AGENT_ROW].levels, strict=True))
    return {split: max(of.list_lengths()) for split, of in card.returns.items()}


def _list_scale(card: ScoreCard, levels: Mapping[str, int]) -> Iterator[_Fact]:
    """Yield the entries of the scale, and the lengths of its columns where returns are judged."""
    names, scale, splits = card.objectives, card.scale, CARD_SOURCES[card.source].splits
    if splits:
        yield "objectives of scale.discount", [*scale.discount], names
    for field in SCALE_MEANS:
        judged = [x for x in splits if x in JUDGED] if field.startswith("null") else splits
        entries = {split: [*of] for split, of in getattr(scale, field).items()}
        yield f"entries of scale.{field}", entries, {str(split): names for split in judged}
    pairs = [(split, y) for split, of in zip(JUDGED, (names[:1], names), strict=True) for y in of]
    keys = [] if card.judged_by.chooses else [f"{split}:{y}" for split, y in pairs]
    yield "keys of scale.floors", [*scale.floors], keys
    references = [f"{key}:{x}" for key in keys for x in names]
    yield "keys of scale.references", [*scale.references], references
    for split, y in pairs if keys else ():
        columns = [scale.floors[f"{split}:{y}"]]
        columns += [scale.references[f"{split}:{y}:{x}"] for x in names]
        yield f"levels of scale.{split}.{y}", {*map(len, columns)}, {levels[split]}


def _list_plays(card: ScoreCard, player: str, trap: Trap | None) -> Iterator[_Fact]:
    """Yield the plays of a player, whose absence could change a verdict."""
    agent, row, names = card.table[AGENT_ROW], card.table[player], card.objectives
    plays, paces = {*agent.plays}, {*agent.pace}
    if card.source == BY_OUTCOMES:
        plays |= {Split.SHIFT.value, AGAIN, *(ALONE + x for x in names)}
        paces = {Split.TEST.value, *({BARE} & agent.pace.keys())}
    elif trap:
        plays = {Split.SHIFT.value, *trap.judging.plays(trap)} - {BARE}
        paces = {*trap.judging.paced(trap)}
    absent = {*CARD_SOURCES[card.source].optional} - agent.plays.keys()
    if player != AGENT_ROW and not card.form:  # models see each list reversed when they play again
        absent |= {AGAIN}
    if player != AGENT_ROW and card.source == BY_OUTCOMES:
        absent |= {TWINS} - row.plays.keys()
    yield f"plays of {player}", sorted(row.plays), sorted(plays - absent)
    yield f"paces of {player}", sorted(row.pace), sorted(paces)
    lists = sorted(names) if card.form else []
    yield f"lists of {player}", sorted(row.listed), lists
    ratio = [x for x in ("base_return", "learner_return") if getattr(row, x) is not None]
    yield f"returns of {player}", ratio, [*card.judged_by.ratio]


def _list_columns(card: ScoreCard, player: str, most: Mapping[str, int]) -> Iterator[_Fact]:
    """Yield the lengths of a player's columns of choices, and whether each choice exists."""
    row, agent = card.table[player], player == AGENT_ROW
    # Outcomes may be of any number of the first levels.
    free = card.source == BY_OUTCOMES
    test, shift = row.levels
    if agent or not free:
        yield f"levels of {player}", [test, shift], [most[x] for x in JUDGED]
    of_alone = {Split.TEST: test, Split.SHIFT: shift}
    if card.source == BY_PLAY:
        of_alone = {split: min(n, FEW_LEVELS) for split, n in of_alone.items()}
    least = UNASKED if card.judged_by.ratio else NONE
    for play, chosen in row.plays.items():
        expected = of_alone[Split.SHIFT] if play.startswith(ALONE) else shift
        yield f"levels of {play} in {player}", len(chosen), len(chosen) if free else expected
        outside = (chosen < least) | (chosen >= len(card.objectives))
        yield f"impossible choices of {play} in {player}", int(outside.sum()), 0
    for key, of_key in row.pace.items():
        split = Split.SHIFT if key.startswith((SHIFT, ALONE)) else Split.TEST
        expected = (
            of_alone[split] if key.startswith((ALONE, BARE)) else row.levels[split == "shift"]
        )
        if free and key.startswith((ALONE, BARE)):
            expected = len(of_key)
        yield f"levels of pace {key} in {player}", len(of_key), expected
    columns = [(f"list {x}", len(of)) for x, of in row.listed.items()]
    columns += [(f"odds of {x}", len(of)) for x, of in row.odds.items()]
    for name, n in columns:
        yield f"levels of {name} in {player}", n, shift
    for name in card.judged_by.ratio:
        yield f"levels of {name} in {player}", len(getattr(row, name)), test
