"""Cards as files: reads and writes cards, and refuses a card that contradicts itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from glob import glob
from html import escape
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import structs

from mesa_gym.contents import name_content, read_content
from mesa_gym.errors import shorten
from mesa_gym.files import write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies.seeds import change_agent
from mesa_gym.scoring.card import CARD_SCHEMA, Measured, ScoreCard, read_each
from mesa_gym.scoring.card_making import conclude, list_warnings
from mesa_gym.scoring.evidence import CHOICE_NULLS, NULLS, RANDOM, Evidence, read_letters
from mesa_gym.scoring.gains import Gains
from mesa_gym.scoring.measures import Figures, take_measures
from mesa_gym.scoring.plays import FEW_LEVELS, JUDGED
from mesa_gym.scoring.record import SplitRecord
from mesa_gym.scoring.registry import CLOSE, MEASURES, Measure
from mesa_gym.scoring.returns import SplitReturns
from mesa_gym.scoring.verdict import fails_control
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.traps.judged_by import Trials
from mesa_gym.words import DETAILS, FAILS_TASK, HEADLINES, PROXY, SEEDS_SPLIT

# A field, its value, and the value that follows from the rest of the card.
_Fact = tuple[str, Any, Any]
# The means of V* - F on the first 250 levels and on all levels differ by less than this factor.
SCALE_SLACK = 1.1
# The first bytes of a file of cards: a card or an origin, a list, or no origin (null) and cards.
CARD_STARTS = (b"{", b"[", b"null\n")


class Cards(tuple[ScoreCard, ...]):
    """Score cards of agents, seeds and traps: a tuple, so ``cards[0]`` is a card.

    ``mesa_gym.report`` makes tables, figures and rows of a data frame from cards.
    """

    __slots__ = ()

    def rename(self, agent: str, name: str) -> Cards:
        """Return the cards with an agent renamed; the numbers of its seeds stay."""
        return Cards(structs.replace(x, policy=change_agent(x.policy, agent, name)) for x in self)

    def save(self, path: str | Path) -> None:
        """Write the cards as a JSON list, atomically."""
        data = b"[" + b",".join(card.to_json() for card in self) + b"]"
        write_bytes(Path(path), msgspec.json.format(data, indent=1) + b"\n")

    @classmethod
    def load(cls, path: str | Path) -> Cards:
        """Read the cards of a file, of a pattern's files or of a folder's files.

        Files may be compressed (gzip, bzip2, xz, zip). A ValueError names a damaged file.
        """
        # An existing file is read even if its name is also a pattern.
        sources = [Path(path)] if Path(path).exists() else sorted(map(Path, glob(str(path))))
        if not sources:
            raise ValueError(f"{path}: there is no such file or directory")
        cards, count = list[ScoreCard](), 0
        for name, data in (content for source in sources for content in read_content(source)):
            if Path(path).is_dir() and not data.lstrip().startswith(CARD_STARTS):
                continue  # a picture or table in the folder
            count += 1
            try:
                cards += map(read_card, split_cards(data))
            except ValueError as error:
                kind = name_content(data)
                hint = "" if "score card" in kind else f"; this is {kind}"
                raise ValueError(f"{name}: {error}{hint}") from None
        if not count:
            raise ValueError(f"there is no score card under {path}")
        return cls(cards)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def split_cards(data: bytes) -> list[bytes]:
    """Return the JSON of each card in a file: one card, a list, or lines of ``mesa-gym submit``.

    ``mesa-gym submit`` writes one card per line; a first line with the origin is left out.
    """
    data = data.strip()
    if data.startswith(b"["):
        return [bytes(section) for section in decode_json(data, list[msgspec.Raw])]
    first, *lines = data.splitlines() or [data]
    try:
        msgspec.json.decode(first)
    except (RecursionError, msgspec.DecodeError):
        return [data]  # a card over several lines
    return lines if lines and b'"schema"' not in first else [first, *lines]


class _Schema(msgspec.Struct):
    """The fields that are read before the rest of the card."""

    schema: int
    splits: Any
    trap: str = "TRAP"
    provenance: dict[str, Any] = {}


def read_card(data: bytes | str) -> ScoreCard:
    """Read a card from the JSON of ``ScoreCard.to_json``.

    Raises:
        ValueError: the data is not a score card of this schema, or contradicts itself; the
            message names the field and the expected value.
    """
    try:
        head = decode_json(data, _Schema)
        schema = head.schema
        card = decode_json(data, ScoreCard, read_letters) if schema == CARD_SCHEMA else None
    except ValueError as error:
        problem = "the data is not a score card written by `mesa-gym score --json`"
        raise ValueError(f"{problem}; {error}") from None
    if card is None:
        newer = schema > CARD_SCHEMA
        version = f"schema {schema}{', written by a newer mesa_gym' if newer else ''}"
        again = f"mesa-gym score {head.trap} --policy POLICY --json FILE"
        command = head.provenance.get("command") or again
        advice = "upgrade mesa-gym" if newer else f"make the card again by {shorten(command)}"
        raise ValueError(f"a score card of {version}; this version reads {CARD_SCHEMA}: {advice}")
    require_consistent(card)
    fill_lacking(card)
    return card


def fill_lacking(card: ScoreCard) -> None:
    """Add the warnings of a card without warnings, and measures that are newer than the card.

    A measure is None if the card does not store its source.
    """
    if not card.warnings:
        about = card.evidence, card.examples, card.trained
        warnings = list_warnings(card.verdict, *about)
        structs.force_setattr(card, "warnings", warnings)
    trap = _find_trap(card)
    for section in _list_sections(card).values():
        for split, measured in section.measured.items():
            lacking = [x for x in MEASURES if x not in measured and split in MEASURES[x].splits]
            sources = {type(x): x for x in (section.returns.get(split), section.evidence)}
            measured |= {x: MEASURES[x].take(sources, trap) for x in lacking}


def _find_trap(card: ScoreCard) -> Trap | None:
    """Return the trap of a card, in its default size; None if the trap is not installed."""
    kind = all_traps().get(card.trap)
    return kind() if kind else None


def require_consistent(card: ScoreCard) -> None:
    """Raise ValueError if a card contradicts itself; the message names the first such field.

    A consistent card can still be invented; only scoring the agent again verifies it.
    """
    try:
        wrong = next((fact for fact in _list_facts(card) if not _agree(*fact[1:])), None)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"the card lacks or mixes up entries: {error!r}; score it again") from None
    if wrong is not None:
        field, value, expected = wrong
        raise ValueError(
            f"the card contradicts itself: {field} is {shorten(value)}, but the other fields"
            f" of the card give {shorten(expected)}"
        )


def list_nulls(card: ScoreCard) -> Sequence[str]:
    """Return the policies without a goal on a card; a model that chooses places has its own."""
    return NULLS if card.form is None else CHOICE_NULLS


def _list_facts(card: ScoreCard) -> Iterator[_Fact]:
    """Yield a fact for each field whose value follows from the card's other fields."""
    trap, control = _find_trap(card), card.read_each("control", "normalized_return")
    yield "splits", [*card.splits], [*Split]
    nulls = {x: [*JUDGED] for x in list_nulls(card)}
    yield "nulls", {x: [*of] for x, of in card.nulls.items()}, nulls
    yield "base", card.base, card.objectives[0]
    yield "provenance.trap", card.provenance.trap.partition("(")[0], card.trap
    yield "judging", card.judging, trap.judging.name if trap else card.judging
    forms = [x for x in ("choices", "gains") if getattr(card, x) is not None]
    # Some committed cards of traps that are judged by returns lack both gains and returns.
    yield "forms of evidence", forms, [card.judged_by.evidence] if forms or card.returns else []
    word, _, goal = card.verdict.partition(":")
    right_word = word if word in HEADLINES and word != SEEDS_SPLIT else [*HEADLINES]
    right_goal = goal if word == PROXY and goal in card.objectives[1:] else ""
    yield "word of the verdict", [word, goal], [right_word, right_goal]
    yield "competent", card.competent, card.verdict != FAILS_TASK
    details = ["", *(x for x, detail in DETAILS.items() if detail.headline == word)]
    yield "detail", card.detail, card.detail if card.detail in details else details
    sure = card.detail_confidence
    sure_enough = sure is not None and sure <= card.confidence
    yield "detail_confidence is given", sure_enough, bool(card.detail)
    yield "fails_control", card.fails_control, fails_control(control[card.base])
    yield from _list_returns(card)
    if card.evidence is not None:
        yield from _list_verdict(card, card.evidence)
    for name, section in _list_sections(card).items():
        yield from _list_figures(card, name, section, trap)
        if not card.returns and not card.judged_by.ratio and card.choices is not None:
            yield from _list_bounds(card, name, section.measured)


def _list_sections(card: ScoreCard) -> dict[str, Figures]:
    """Return the figures of the policy and of its nulls, by the path of their field on the card."""
    sections = {"splits": Figures(card.evidence, card.splits, card.returns)}
    for null, splits in card.nulls.items():
        evidence = None if card.evidence is None else card.evidence.view_null(null)
        returns = card.null_returns.get(null, {})
        sections[f"nulls.{null}"] = Figures(evidence, splits, returns)
    return sections


def _list_verdict(card: ScoreCard, evidence: Evidence | Gains) -> Iterator[_Fact]:
    """Yield facts on the size of the evidence, and on the verdict that follows from it."""
    levels = card.provenance.levels
    for name, policy in {"evidence": evidence, **evidence.nulls}.items():
        most = levels if policy is evidence else min(levels, FEW_LEVELS)
        yield f"levels of {name}", {*policy.levels}, {most}
        yield f"objectives of {name}", [*policy.objectives], card.objectives
        returns = [x for x in Trials.ratio if getattr(policy, x, None) is not None]
        yield f"returns of {name}", returns, [*card.judged_by.ratio]
    for field, expected in conclude(
        evidence, card.provenance.seed, card.examples, card.trained
    ).items():
        if field != "warnings" or card.warnings:  # `fill_lacking` adds missing warnings
            yield field, getattr(card, field), expected


def _list_returns(card: ScoreCard) -> Iterator[_Fact]:
    """Yield facts on the splits, objectives and numbers of levels of the returns."""
    levels = card.provenance.levels
    yield "returns", [*card.returns], [*Split] if card.returns else []
    nulls = {x: [*of] for x, of in card.null_returns.items()}
    yield "null_returns", nulls, {x: [*JUDGED] for x in list_nulls(card)} if card.returns else {}
    for name, splits in {"returns": card.returns, **card.null_returns}.items():
        most = levels if splits is card.returns else min(levels, FEW_LEVELS)
        for split, returns in splits.items():
            yield f"levels of {name}.{split}", returns.list_lengths(), {most}
            for field in ("returns", "optimum", "floor"):
                objectives = [*getattr(returns, field)]
                yield f"objectives of {name}.{split}.{field}", objectives, card.objectives


def _list_figures(
    card: ScoreCard, name: str, section: Figures, trap: Trap | None
) -> Iterator[_Fact]:
    """Yield facts on every figure; a figure without a source must be a stated one, or None."""
    for split, measured in section.measured.items():
        where, returns = f"{name}.{split}", section.returns.get(split)
        objectives = [*read_each(measured, "normalized_return")]
        yield f"{where}.normalized_return", objectives, card.objectives
        measures = {x: measure for x, measure in MEASURES.items() if split in measure.splits}
        yield f"unknown measures of {where}", sorted(measured.keys() - measures), []
        if split == Split.TEST and returns is not None and card.judged_by.ratio:
            means = [float(np.mean(getattr(section.evidence, x))) for x in Trials.ratio]
            played = [float(returns.returns[card.base].mean()), returns.optimum[card.base]]
            yield f"mean returns in the evidence of {name}", means, played
        for x, expected in take_measures(split, trap, returns, section.evidence).items():
            only_stated = card.states(measures[x]) and _can_state(card, measures[x])
            # `fill_lacking` computes the measures that are newer than the card.
            if x in measured and not (only_stated and (trap is None or measures[x].only(trap))):
                yield f"{where}.{x}", measured[x], expected


def _can_state(card: ScoreCard, measure: Measure) -> bool:
    """Return whether a measure may have a number although the card does not store its source.

    The agents of committed cards without returns answered no text questions, on traps of one trial.
    """
    if measure.source is SplitReturns:
        return measure.name in ("normalized_return", "regret")
    evidence = {"choices": Evidence, "gains": Gains}[card.judged_by.evidence]
    return measure.source in (SplitRecord, evidence)


def _list_bounds(
    card: ScoreCard, name: str, measured_splits: Mapping[str, Measured]
) -> Iterator[_Fact]:
    """Yield facts on the bounds of stated figures, for a trap with exact optimum and floor.

    Regret is (1 - N) times the mean of V* - F, which does not depend on the policy.
    """
    for split, measured in measured_splits.items():
        for x, value in read_each(measured, "normalized_return").items():
            yield f"{name}.{split}.normalized_return.{x}", value, value and min(value, 1.0)
        if split in JUDGED:
            (lost, regret), (room, scale) = (
                _read_loss(of, card.base) for of in (measured, card.nulls[RANDOM][split])
            )
            expected = lost / room * scale if room > CLOSE else regret
            slack = SCALE_SLACK if name == "splits" else 1.0
            highest = min(max(regret, expected / slack), expected * slack)
            yield f"{name}.{split}.regret", regret, highest


def _read_loss(measured: Measured, base: str) -> tuple[float, float]:
    """Return 1 - N of base, and the regret; ValueError if either number is missing."""
    share, regret = read_each(measured, "normalized_return")[base], measured["regret"]
    if share is None or regret is None or isinstance(regret, dict):
        raise ValueError("the normalized return or the regret of base is missing")
    return 1 - share, regret


def _agree(value: Any, expected: Any) -> bool:
    """Return whether two values are equal; numbers may differ in their last digits."""
    if isinstance(value, dict) and isinstance(expected, dict):
        return [*value] == [*expected] and all(_agree(value[x], expected[x]) for x in value)
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(_agree, value, expected))
    if isinstance(value, float) and isinstance(expected, float):
        return math.isclose(value, expected, abs_tol=CLOSE)
    return bool(value == expected)
