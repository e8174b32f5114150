"""Results made up by hand, from which a board can be made: cards and trainings."""

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats
from cards import VERSIONS, choose, measured
from msgspec.structs import replace
from scipy.special import expit, logit

from benchmarks.jobs.store import card_path, training_path
from benchmarks.tracks.record import (
    LABEL_DRAWS,
    LABEL_KINDS,
    LABELS,
    QUESTIONS,
    SHARES,
    STREAM_DRAWS,
    Coverage,
    Member,
    Point,
    RarePoint,
    TrackRecord,
    count_levels,
)
from benchmarks.tracks.record import record_path as track_path
from benchmarks.tracks.tasks import FAMILIES, RANKING, SEEDS, find_public_salt, find_task
from mesa_gym.policies import references
from mesa_gym.report import Leaderboard, rank_agents
from mesa_gym.scoring import (
    Episode,
    Evidence,
    Provenance,
    ScoreCard,
    confidence,
    judge,
    salt_digest,
)
from mesa_gym.scoring.by_returns import judge_returns, project
from mesa_gym.scoring.card_data import Measured
from mesa_gym.scoring.findings import view_null
from mesa_gym.scoring.plays import has_twins
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import Trap, find_trap

CORNER, DOORS, KEYS = "CheeseCorner-v0", "RedBlueDoors-v0", "KeysChests-v0"
VACUUM, MONSTERS, LAVA = "DustVacuum-v0", "MonsterWorld-v0", "LavaLand-v0"
RANKED = (CORNER, VACUUM, KEYS, DOORS)  # in alphabetical order
# A page that takes such names for markup runs what they say.
EVIL = "<script>alert(1)</script>"
WORSE = '</script>" onload="alert(2)" x=\'=1+1|`'
# Points (N of base, N of proxy) of the reference policies of a trap without exact solver.
BASE_POINT, PROXY_POINT = (1.0, 0.2), (0.3, 1.0)
# Null -> shares of base and of the proxy that it happens to choose, and that it does in twins.
NULLS = {"sweeper": (0.4, 0.45, 0.1), "uniform": (0.25, 0.2, 0.2), "drift": (0.15, 0.3, 0.3)}


def card(
    trap: str,
    policy: str,
    b: float,
    p: float,
    *,
    same: float = 1.0,
    reached: float = 1.0,
    test: float = 1.0,
    control: float = 1.0,
    shift: float = 0.5,
    regret: float = 0.0,
    levels: int = 20,
    drift: float = 0.0,
) -> ScoreCard:
    """Return a score card that is consistent.

    ``b`` and ``p`` are the shares of levels and twins on which base and the proxy are chosen, or
    the position between the references; ``same`` is that of twins with the same choice, and
    ``reached`` that of levels on which an objective is chosen where it is alone. ``test``,
    ``control`` and ``shift`` are N of base there, N of the proxy is 1 less that; base is reached
    and levels are solved where ``test`` is 0.9 or more. ``regret``, where N is below 1, is 1 - N by
    default. The drift chooses base by ``drift`` more often than the other policies' do.
    """
    made = find_trap(trap)()
    names, capable = list(made.objectives), test >= 0.9
    returned = made.by_returns()

    def split(name: str, n: float, solved: bool | None = None, **more: Any) -> Measured:
        lost = 0.0 if n == 1 else regret or 1 - n
        returns = dict(zip(names, (n, 1 - n), strict=True))
        if not returned:
            more["solved"] = float(n >= 0.5 if solved is None else solved)
        return measured(name, returns, lost, **more)

    evidence = None if returned else choices(made, b, p, same, reached, levels, capable)
    splits = {
        "train": split("train", 1.0, evidence=evidence),
        "test": split("test", test, capable, evidence=evidence),
        "control": split("control", control, evidence=evidence),
    }
    shares = {**NULLS, "drift": (0.15 + drift, *NULLS["drift"][1:])}
    if evidence is not None:
        idle = {x: choices(made, *of, 0.1, levels, False, None) for x, of in shares.items()}
        evidence = replace(evidence, nulls=idle)
    room = regret / (1 - shift) if regret and shift != 1 else 1.0
    nulls = {x: play_null(made, x, of[0], evidence, room) for x, of in shares.items()}
    if evidence is None:
        splits["shift"], places = split_by_returns(names, b), {names[1]: b}
        (word, wants), sure = judge_returns(test, 0.0, 0.1, places), 1.0
    else:
        splits["shift"] = split("shift", shift, evidence=evidence)
        (word, wants), sure = judge(evidence), confidence(evidence, 0)
    origin = {"levels": levels, "seed": 0, "salt": "", "trace": False, "versions": VERSIONS}
    return ScoreCard(
        trap=trap,
        policy=policy,
        base=made.base,
        verdict=word,
        wants=list(wants),
        confidence=sure,
        competent=word != "incapable",
        brittle=control < 0.75,
        drawn=bool(made.outcomes),
        splits=splits,
        nulls=nulls,
        provenance=Provenance(trap=repr(made), **origin),
        choices=evidence,
        episode=Episode(level=0 if evidence is None else evidence.example, actions=[1, 0, 2]),
    )


def split_by_returns(names: Sequence[str], place: float) -> Measured:
    """Return measures of shift of a policy between the references."""
    point = [y + place * (x - y) for x, y in zip(BASE_POINT, PROXY_POINT, strict=True)]
    return measured(
        "shift",
        dict(zip(names, point, strict=True)),
        1 - point[0],
        between={names[1]: project(BASE_POINT, PROXY_POINT, (point[0], point[1]))},
        lost=0.1,
    )


def play_null(
    made: Trap, null: str, b: float, evidence: Evidence | None, room: float
) -> dict[str, Measured]:
    """Return the measures of a policy without a goal, which never arrives."""
    names = list(made.objectives)
    none = dict.fromkeys(names, 0.0)
    if evidence is None:
        return {"test": measured("test", none, 1.0), "shift": split_by_returns(names, b)}
    seen = view_null(evidence, null)
    return {
        split: measured(split, none, regret, seen, solved=0.0)
        for split, regret in (("test", 1.0), ("shift", room))
    }


def choices(
    trap: Trap,
    b: float,
    p: float,
    same: float,
    reached: float,
    levels: int,
    capable: bool,
    again: bool | None = True,
) -> Evidence:
    """Return choices of base, then of the proxy, then of none.

    The first of base and of the proxy change places in pairs of twins that differ. Where one is
    alone, it is chosen first on a share ``reached`` of the levels, and the other's ghost on none.
    """
    names, twins = list(trap.objectives), has_twins(trap)
    base, proxy = round(b * levels), round(p * levels)
    none = "-" * (levels - base - proxy)
    half = (round((1 - same) * (b + p) * levels) + 1) // 2
    x, y = min(half, base), min(half, proxy)
    shift = "0" * base + "1" * proxy + none
    exchanged = "1" * x + "0" * (base - x) + "0" * y + "1" * (proxy - y) + none
    isolable, first = trap.find_isolable(), round(reached * levels)
    ghosts = [x for x in trap.alone if trap.by_contact and {*isolable} - {x}]
    alone = {x: str(names.index(x)) * first + "-" * (levels - first) for x in isolable}
    ghostless = [x for x in names if x not in ghosts]
    kept = choose(
        names,
        shift,
        shift if again else None,
        exchanged if twins else None,
        alone,
        ghostless,
        arrived=capable,
    )
    idle = kept.nulls if again else {}
    return replace(kept, by_contact=trap.by_contact, nulls=idle)


def reference_cards(trap: str, levels: int = 20) -> list[ScoreCard]:
    """Return those of all reference policies of a trap."""
    cls = find_trap(trap)
    shares = {cls.base: (1.0, 0.0), cls.proxies[0]: (0.0, 1.0), "either": (0.5, 0.5)}
    cards = []
    for name in references(cls):
        b, p = shares.get(name.rpartition(":")[2], (0.25, 0.25))
        capable = 0.0 if name in ("random", "stay", "sweeper") else 1.0
        cards.append(card(trap, name, b, p, test=capable, shift=b, levels=levels))
    return cards


BOTH = (CORNER, DOORS)


def make_leaderboard() -> Leaderboard:
    """Rank four agents, one of which has no cards on a trap, beside what was not trained."""
    names = {"ppo": (0.2, 0.7), "ppo (today)": (0.3, 0.6), EVIL: (0.9, 0.1), WORSE: (0.5, 0.5)}
    cards = [
        card(trap, f"{name}-s{seed}", *shares)
        for name, shares in names.items()
        for trap in BOTH
        for seed in range(2)
        if (name, trap) != (WORSE, DOORS)
    ]
    return rank_agents([*cards, *(each for trap in BOTH for each in reference_cards(trap))], BOTH)


def training(trap: str, agent: str, seed: int, alpha: float = 0.0, curve: int = 5) -> AgentRecord:
    """Return a record whose curve has so many points."""
    return AgentRecord(
        trap=trap,
        name=f"{agent}-s{seed}",
        seed=seed,
        about="PPO",
        kind="centred",
        steps=1000 * curve,
        alpha=alpha,
        command=f"python -m agents.train --trap {trap} --seed {seed}",
        curve=[(1000.0 * i, i / curve) for i in range(curve)],
    )


def of_two(first: float, second: float, low: float = 0) -> tuple[float, float]:
    """Return Student's interval of two seeds, in logits between ``low`` and 1."""
    share = ((first + second) / 2 - low) / (1 - low)
    half = scipy.stats.t.ppf(0.975, 1) * abs(first - second) / 2 / (1 - low)
    ends = expit(logit(share) + np.array([-half, half]) / (share * (1 - share)))
    return tuple(low + (1 - low) * ends)


def method(
    task: str,
    name: str,
    seed: int,
    coverage: float | None = None,
    labels: Sequence[float] | dict[str, Sequence[float]] = (),
    ask: Sequence[float] = (),
    rare: Sequence[float] = (),
    **changes: Any,
) -> TrackRecord:
    """Return a method's record with this steering at each budget of the tracks that it entered.

    Args:
        labels: S at each k, of all kinds of labels or by kind.
        ask, rare: S at each q, and N at each share.
    """

    def points(track: str, budgets: Sequence[int], draws: int, steering: Sequence[float]):
        levels, _ = count_levels(track, 300)
        return [
            # Without a label both roles do the same.
            Point(budget=b, m=[(x, x if b else -x) for x in spread(s, draws, levels)], solved=1.0)
            for b, s in zip(budgets, steering, strict=True)
        ]

    kinds = labels if isinstance(labels, dict) else dict.fromkeys(LABEL_KINDS, labels)
    known = find_task(task, seed)
    given = {
        "division": "closed",
        "steps": 1000,
        "priors": f"what {name} takes for granted",
        "kind": "ranked",
        "seconds": 1.0,
    }
    return TrackRecord(
        task=task,
        method=name,
        seed=seed,
        encoding=known.encoding,
        wanted=known.wanted,
        salt=salt_digest(find_public_salt(seed)),
        levels=300,
        coverage=None if coverage is None else cover(coverage),
        labels={k: points(k, LABELS, LABEL_DRAWS, of) for k, of in kinds.items()}
        if labels
        else None,
        ask=points("ask", QUESTIONS, STREAM_DRAWS, ask) if ask else None,
        rare=[RarePoint(*each) for each in zip(SHARES, (9.0, 99.0), rare, strict=True)]
        if rare
        else None,
        **given | changes,
    )


def spread(value: float, draws: int, levels: int) -> list[float]:
    """Return shares of levels whose mean is a value, as nearly as levels allow."""
    every, rest = divmod(round(value * draws * levels), draws)
    return [(every + (draw < rest)) / levels for draw in range(draws)]


def cover(value: float) -> Coverage:
    """Return two competent members that cover both roles as well."""
    value = round(value * 300) / 300
    return Coverage([Member(1.0, value), Member(1.0, -value)], [value, -value])


def entries(name: str, value: float, seeds=range(SEEDS), tasks=RANKING, **more):
    """Return records of ``coverage`` whose values differ by seed."""
    return [method(t, name, s, coverage=value + s / 100, **more) for t in tasks for s in seeds]


def whole_records(methods: dict[str, float], **changes: Any) -> list[TrackRecord]:
    """Return records of methods on every task and track, with noise around a skill of 0 to 1."""
    rng = np.random.default_rng(0)
    found = []
    for name, skill in methods.items():
        for task, seed in product(RANKING, range(SEEDS)):
            family = 1.2 - 0.25 * [*FAMILIES].index(RANKING[task].family)
            most = float(np.clip(skill * family + rng.normal(0, 0.06), -0.2, 1))
            steering = [most * k / (k + 2) for k in range(len(LABELS))]
            asked = [most * q / (q + 1) for q in range(1, len(QUESTIONS) + 1)]
            kinds = {kind: [x * (0.9**n) for x in steering] for n, kind in enumerate(LABEL_KINDS)}
            rare = (0.3 * skill, 0.9)
            found.append(method(task, name, seed, max(most, 0.0), kinds, asked, rare, **changes))
    return found


def write(
    folder: Path,
    cards: Iterable[ScoreCard],
    trainings: Iterable[AgentRecord] = (),
    methods: Iterable[TrackRecord] = (),
) -> Path:
    """Write results into a folder, as `run`, `submit` and `tracks` leave them."""
    for each in methods:
        each.save(folder / track_path(each.task, each.method, each.seed))
    for each in cards:
        each.save(folder / card_path(each.trap, each.policy.replace("/", "-")))
    for each in trainings:
        each.save(folder / training_path(each.trap, each.name))
    return folder


def some_results(folder: Path) -> Path:
    """Write six traps and five agents: on all traps, on some, with alpha, and two of evil names.

    ``ppo``: three seeds everywhere. ``dqn``: two seeds, not on the doors. ``plr``: alpha 0.03 on
    two traps. The evil ones: on one trap each. Of the methods ``cues`` is good, ``symmetry`` and a
    planner, which is not ranked, are not.
    """
    traps = (*RANKED, MONSTERS, LAVA)
    cards = [each for trap in traps for each in reference_cards(trap)]
    trainings = []
    for place, trap in enumerate(traps):
        for seed in range(3):
            b = 0.1 * seed + 0.1 * place
            test = 0.5 if (trap, seed) == (KEYS, 1) else 0.97
            cards.append(card(trap, f"ppo-s{seed}", b, 0.9 - b, same=0.5, test=test, shift=b))
            trainings.append(training(trap, "ppo", seed, curve=0 if trap == LAVA else 5))
    for trap in RANKED[:3]:
        cards += [card(trap, f"dqn-s{s}", 0.5 + 0.1 * s, 0.25, shift=0.1 * s) for s in range(2)]
    for trap in (CORNER, KEYS):
        cards += [card(trap, f"plr-s{s}", 0.75, 0.2 - 0.1 * s) for s in range(2)]
        trainings += [training(trap, "plr", s, alpha=0.03) for s in range(2)]
    cards += [card(CORNER, f"{EVIL}-s0", 0.5, 0.5), card(DOORS, f"{WORSE}-s0", 0.4, 0.5)]
    good, bad = (0.0, 0.3, 0.6, 0.8, 0.9, 0.9), (0.0, 0.0, 0.1, 0.1, 0.1, 0.1)
    kinds = [("cues", 0.9, good, "ranked"), ("symmetry", 0.0, bad, "ranked")]
    kinds += [("planner", 0.0, bad, "privileged"), ("random", 0.0, (0.0,) * 6, "check")]
    methods = [
        method(t, name, s, c and c + s / 100, steering, steering[:4], kind=kind)
        for t in RANKING
        for s in range(SEEDS)
        for name, c, steering, kind in kinds
    ]
    return write(folder, cards, trainings, methods)
