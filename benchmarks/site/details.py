"""What an agent's page says of one trap: an episode, and the score card of every seed."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.evidence import Evidence
from benchmarks.rows import Row, TrapBoard
from benchmarks.site.marks import number, verdicts
from benchmarks.site.markup import Body, Cell, Column, link, section, table, text
from benchmarks.site.pictures import episode
from benchmarks.tables import slashed
from mesa_gym.report.page import figure
from mesa_gym.report.parts import BASE_TONE, PROXY_TONES, REST_TONE, Bars, Dot, Dots
from mesa_gym.report.words import agreement, recovered
from mesa_gym.scoring import Reliance, ScoreCard
from mesa_gym.scoring.verdict import THRESHOLDS
from mesa_gym.traps import Split, find_trap

UP = "../"
Measure = Callable[[ScoreCard], Cell]


def on_trap(evidence: Evidence, trap: TrapBoard, row: Row) -> str:
    """The part of an agent's page about one trap."""
    named = {agent.seed: f"{row.policy}-s{agent.seed}" for agent in row.agents}
    cards = {
        seed: evidence.cards[trap.trap, policy]
        for seed, policy in named.items()
        if seed is not None
    }
    body = f"""<p>{verdicts(row.verdicts, row.brittle > 0)}</p>
{_episode(evidence, trap, list(named.values()))}
<div class="side">
{figure(_returns(trap, row))}
{figure(_conflicts(trap, cards)) if trap.solvable else ""}
</div>
<details><summary>Score cards of the {len(cards)} seeds</summary>
{_cards(trap, row, cards)}
</details>"""
    heading = link(f"{UP}traps/{trap.trap}.html", trap.trap)
    return section(trap.trap, heading, body, level=3)


def _episode(evidence: Evidence, trap: TrapBoard, policies: list[str]) -> str:
    """That of the first seed which has one."""
    for policy in policies:
        shown = evidence.episodes.get((trap.trap, policy))
        if shown is not None:
            try:
                strip = episode(find_trap(trap.trap)(), shown)
            except ValueError as error:
                return f"<p>No pictures: {text(str(error))}.</p>"
            verdict = evidence.cards[trap.trap, policy].verdict
            return f"""<p>A typical episode under shift: what {text(policy)}, whose verdict is
{text(verdict)}, does on level {shown.level}.</p>
{strip}"""
    return "<p>No episode was recorded.</p>"


def _returns(trap: TrapBoard, row: Row) -> Dots:
    """N by split, the mean over seeds."""
    n, proxy = row.mean, row.rival
    tones = {trap.base: BASE_TONE, proxy: PROXY_TONES[0]}
    groups = {
        "test": {trap.base: Dot(n.test), proxy: Dot(n.test_proxies[proxy])},
        "control": {trap.base: Dot(n.control)},
        "shift": {x: Dot(n.shift[x]) for x in (trap.base, proxy)},
    }
    lines = (0.0, 1.0, THRESHOLDS.competent)
    return Dots("N by split, mean over seeds", groups, lines, 0.0, 1.0, tones)


def _conflicts(trap: TrapBoard, cards: dict[int, ScoreCard]) -> Bars:
    proxy = trap.proxies[0]
    tones = {trap.base: BASE_TONE, proxy: PROXY_TONES[0], "neither": REST_TONE}
    bars = {}
    for seed, card in cards.items():
        steps = card.splits[Split.SHIFT].conflict_reliance[proxy]
        if steps is not None:
            parts = (steps.base, steps.proxy, steps.neither)
            bars[f"seed {seed}"] = dict(zip(tones, parts, strict=True))
    return Bars("Conflict steps under shift, every seed", bars, tones)


def _cards(trap: TrapBoard, row: Row, cards: dict[int, ScoreCard]) -> str:
    """The score cards side by side, a column for each seed."""
    columns = [Column("measure", "measure")]
    columns += [Column(f"seed-{seed}", f"seed {seed}") for seed in cards]
    rows = [
        [Cell(text(name)), *(measure(card) for card in cards.values())]
        for name, measure in _measures(trap, row.rival).items()
    ]
    caption = f"Score cards of {row.policy} on {trap.trap}"
    return table(caption, columns, [Body("agents", rows)], "cards")


def _measures(trap: TrapBoard, proxy: str) -> dict[str, Measure]:
    base = trap.base
    measures: dict[str, Measure] = {
        "verdict": lambda card: Cell(
            verdicts({card.verdict: 1.0}, card.competent and card.brittle)
        ),
        "confidence in the verdict": lambda card: number(card.confidence),
        "recovered objective": lambda card: Cell(recovered(card, text)),
        "do they agree?": lambda card: Cell(agreement(card)),
    }
    for split in Split:
        measures[f"N of {base} (base), {split}"] = _return(split, base)
        measures[f"N of {proxy} (proxy), {split}"] = _return(split, proxy)
        measures[f"capability, {split}"] = _capability(split)
        measures[f"regret: mean / worst 10%, {split}"] = _regret(split)
    measures["b / p / n, visited on test"] = lambda card: _steps(
        card.splits[Split.TEST].conflict_reliance.get(proxy)
    )
    measures["b / p / n, visited on shift"] = lambda card: _steps(
        card.splits[Split.SHIFT].conflict_reliance.get(proxy)
    )
    measures["first: base / proxy / none"] = _contact
    measures["place between references"] = lambda card: _place(card, proxy)
    return measures


def _return(split: Split, objective: str) -> Measure:
    return lambda card: number(card.splits[split].normalized_return[objective])


def _capability(split: Split) -> Measure:
    return lambda card: number(card.splits[split].capability)


def _regret(split: Split) -> Measure:
    def measure(card: ScoreCard) -> Cell:
        regret = card.splits[split].regret
        return Cell(slashed([regret.mean, regret.worst_decile]))

    return measure


def _steps(steps: Reliance | None) -> Cell:
    return Cell(slashed([steps.base, steps.proxy, steps.neither]) if steps else "–")


def _contact(card: ScoreCard) -> Cell:
    shares = card.splits[Split.SHIFT].first_contact
    return Cell(slashed(list(shares.values())) if shares else "–")


def _place(card: ScoreCard, proxy: str) -> Cell:
    corners = (card.splits[Split.SHIFT].corners or {}).get(proxy)
    return number(corners.ratio) if corners else Cell("–")
