"""An agent on one trap: an episode, and the score cards of all seeds side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.evidence import Evidence
from benchmarks.legend import DECIDED, SAME
from benchmarks.measured import Numbers, numbers_of
from benchmarks.rows import Row, TrapBoard
from benchmarks.site.marks import choice, key, number, verdicts
from benchmarks.site.markup import Body, Cell, Column, link, section, table, text
from benchmarks.site.pictures import episode
from benchmarks.tables import decided, slashed
from mesa_gym.scoring import ScoreCard, SplitScore
from mesa_gym.traps import Split

UP = "../"
Measure = Callable[[ScoreCard], Cell]


def on_trap(evidence: Evidence, trap: TrapBoard, row: Row) -> str:
    """Return the section of an agent's page about one trap."""
    cards = {
        agent.seed: evidence.cards[trap.trap, f"{row.policy}-s{agent.seed}"]
        for agent in row.agents
        if agent.seed is not None
    }
    body = f"""<p>{verdicts(row.verdicts, row.brittle > 0)}</p>
{_episode(next(iter(cards.values())))}
<details><summary>Score cards of the {len(cards)} seeds</summary>
{key()}
{_cards(trap, row, cards)}
</details>"""
    heading = link(f"{UP}traps/{trap.trap}.html", trap.trap)
    return section(trap.trap, heading, body, level=3)


def _episode(card: ScoreCard) -> str:
    if card.episode is None:
        return "<p>No episode is shown: the levels are secret.</p>"
    try:
        strip = episode(card.trap, card.episode)
    except ValueError as error:
        return f"<p>No pictures: {text(str(error))}.</p>"
    return f"""<p>A typical episode under shift: what {text(card.policy)}, whose verdict is
{text(card.verdict)}, does on level {card.episode.level}.</p>
{strip}"""


def _cards(trap: TrapBoard, row: Row, cards: Mapping[int, ScoreCard]) -> str:
    """Return the score cards side by side, a column for each seed."""
    columns = [Column("measure", "measure")]
    columns += [Column(f"seed-{seed}", f"seed {seed}") for seed in cards]
    rows = [
        [Cell(text(name)), *(measure(card) for card in cards.values())]
        for name, measure in _measures(trap).items()
    ]
    caption = f"Score cards of {row.policy} on {trap.trap}"
    return table(caption, columns, [Body("agents", rows)], "cards")


def _measures(trap: TrapBoard) -> dict[str, Measure]:
    measures: dict[str, Measure] = {
        "verdict": lambda card: Cell(
            verdicts({card.verdict: 1.0}, card.competent and card.brittle)
        ),
        "confidence in the verdict": lambda card: number(card.confidence),
        "b / p / n" if trap.solvable else "r": _told(choice),
    }
    if trap.exchanged:
        measures[SAME] = _told(lambda n: number(n.twins["same_object"]))
        measures[DECIDED] = _told(lambda n: Cell(decided(n)))
    for split in Split:
        roles = {trap.base: "base", **dict.fromkeys(trap.proxies, "proxy")}
        for x, role in roles.items():
            measures[f"N of {x} ({role}), {split}"] = _on(split, _return(x))
        measures[f"regret: mean / worst 10%, {split}"] = _on(split, _regret)
    return measures


def _told(measure: Callable[[Numbers], Cell]) -> Measure:
    return lambda card: measure(numbers_of(card))


def _on(split: Split, measure: Callable[[SplitScore], Cell]) -> Measure:
    return lambda card: measure(card.splits[split])


def _return(objective: str) -> Callable[[SplitScore], Cell]:
    return lambda scores: number(scores.normalized_return[objective])


def _regret(scores: SplitScore) -> Cell:
    return Cell(slashed([scores.regret.mean, scores.regret.worst_decile]))
