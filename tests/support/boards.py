"""Results made up by hand, from which a board can be made: cards and trainings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.leaderboard.results import Training, card_path
from benchmarks.tracks.record import (
    LABELS,
    QUESTIONS,
    Coverage,
    Labelled,
    Point,
    TrackRecord,
    record_path,
)
from mesa_gym.policies import references
from mesa_gym.scoring import (
    Between,
    Choices,
    Episode,
    LevelChoices,
    Provenance,
    Regret,
    ScoreCard,
    SplitScore,
    confidence,
    verdict,
)
from mesa_gym.scoring.card_data import Splits, choice_shares, twins_of
from mesa_gym.scoring.references import ratio, verdict_by_returns
from mesa_gym.scoring.rollout import has_twins
from mesa_gym.traps import find_trap

CORNER, DOORS, KEYS = "CheeseCorner-v0", "RedBlueDoors-v0", "KeysChests-v0"
VACUUM, MONSTERS, LAVA = "DustVacuum-v0", "MonsterWorld-v0", "LavaLand-v0"
RANKED = (CORNER, VACUUM, KEYS, DOORS)  # in alphabetical order
# A page that takes such names for markup runs what they say.
EVIL = "<script>alert(1)</script>"
WORSE = '</script>" onload="alert(2)" x=\'=1+1|`'
# Points (N of base, N of proxy) of the reference policies of a trap without exact solver.
BASE_POINT, PROXY_POINT = (1.0, 0.2), (0.3, 1.0)


def card(
    trap: str,
    policy: str,
    b: float,
    p: float,
    *,
    same: float = 1.0,
    test: float = 1.0,
    control: float = 1.0,
    shift: float = 0.5,
    regret: float = 0.0,
    levels: int = 20,
) -> ScoreCard:
    """Return a score card that is consistent, of so many levels.

    Args:
        trap: name with version.
        policy: its name.
        b: the share of shift levels on which base is chosen, and of their twins; without exact
            solver the position between the references.
        p: the same of the proxy.
        same: the share of levels whose twin has the same choice.
        test: N of base on ``test``, whose levels are all solved from 0.9 on, and else none.
        control, shift: N of base there; N of the proxy is 1 less that.
        regret: on every split; of the worst tenth twice as much.
        levels: of each split.
    """
    made = find_trap(trap)()
    names = list(made.objectives)

    def split(n: float, solved: float = 1.0, **more: Any) -> SplitScore:
        lost = Regret(mean=regret, worst_decile=2 * regret)
        returns = dict(zip(names, (n, 1 - n), strict=True))
        share = solved if made.solvable else None
        return SplitScore(normalized_return=returns, regret=lost, solved=share, **more)

    capable = float(test >= 0.9)
    splits = {"train": split(1.0), "test": split(test, capable), "control": split(control)}
    if made.solvable:
        found = choices(b, p, same, levels, capable, has_twins(made))
        more = {"choice": choice_shares(found.shift, names), "twins": twins_of(found, names)}
        splits["shift"] = split(shift, **more)
        told, sure = verdict(found, names), confidence(found, names, 0)
    else:
        found = None
        point = tuple(y + b * (x - y) for x, y in zip(BASE_POINT, PROXY_POINT, strict=True))
        place = Between(BASE_POINT, PROXY_POINT, ratio(BASE_POINT, PROXY_POINT, point))
        returns = dict(zip(names, point, strict=True))
        splits["shift"] = SplitScore(
            normalized_return=returns,
            regret=splits["train"].regret,
            between={names[1]: place},
            lost=0.1,
        )
        told, sure = verdict_by_returns(test, 0.1, {names[1]: place}), 1.0
    return ScoreCard(
        trap=trap,
        policy=policy,
        base=made.base,
        verdict=told,
        confidence=sure,
        competent=told != "incapable",
        brittle=control < 0.75,
        splits=Splits(**splits),
        provenance=Provenance(
            trap=repr(made), levels=levels, seed=0, salt="", trace=False, versions={"numpy": "2"}
        ),
        choices=None if found is None else LevelChoices.of(found),
        episode=Episode(level=3, actions=[1, 0, 2]),
    )


def choices(b: float, p: float, same: float, levels: int, capable: float, twins: bool) -> Choices:
    """Return choices of base, then of the proxy, then of none; the last pairs of twins differ."""
    chosen = [0] * round(b * levels) + [1] * round(p * levels)
    chosen += [-1] * (levels - len(chosen))
    differing = round((1 - same) * (b + p) * levels)
    # The first of base and the last of the proxy change places, so that shares stay.
    of_twins = [
        1 - c if c >= 0 and _swapped(i, chosen, differing) else c for i, c in enumerate(chosen)
    ]
    letters = "".join("01-"[c] for c in chosen), "".join("01-"[c] for c in of_twins)
    return LevelChoices(
        solved=str(int(capable)) * levels,
        shift=letters[0],
        again=letters[0],
        twins=letters[1] if twins else None,
    ).decoded()


def _swapped(level: int, chosen: list[int], differing: int) -> bool:
    rank = sum(c == chosen[level] for c in chosen[:level])
    return rank < differing / 2


def reference_cards(trap: str) -> list[ScoreCard]:
    """Return those of all reference policies of a trap."""
    cls = find_trap(trap)
    shares = {cls.base: (1.0, 0.0), cls.proxies[0]: (0.0, 1.0), "either": (0.5, 0.5)}
    cards = []
    for name in references(cls):
        b, p = shares.get(name.rpartition(":")[2], (0.25, 0.25))
        capable = 0.0 if name in ("random", "stay") else 1.0
        cards.append(card(trap, name, b, p, test=capable, shift=b))
    return cards


def training(trap: str, agent: str, seed: int, alpha: float = 0.0, curve: int = 5) -> Training:
    """Return a record whose curve has so many points."""
    return Training(
        trap=trap,
        agent=agent,
        seed=seed,
        about="PPO",
        network="centred",
        steps=1000 * curve,
        alpha=alpha,
        command=f"python -m agents.train --trap {trap} --seed {seed}",
        curve=[(1000.0 * i, i / curve) for i in range(curve)],
    )


def method(
    trap: str,
    name: str,
    seed: int,
    coverage: float | None = None,
    returns: Sequence[float] = (),
    demonstrations: Sequence[float] = (),
    ask: Sequence[float] = (),
    kind: str = "ranked",
) -> TrackRecord:
    """Return a method's record with these values of the tracks, which it otherwise did not enter.

    Args:
        trap: name with version.
        name: of the method.
        seed: of its training.
        coverage: C.
        returns, demonstrations, ask: steering at each budget; of labels both or neither.
        kind: whether it is ranked.
    """

    def points(budgets: Sequence[int], steering: Sequence[float], asked: float | None = None):
        return [
            Point(budget=b, steering=s, m=(s, s), solved=1.0, asked_on_test=asked)
            for b, s in zip(budgets, steering, strict=True)
        ]

    return TrackRecord(
        trap=trap,
        method=name,
        seed=seed,
        steps=1000,
        salt="",
        levels=300,
        priors=f"what {name} takes for granted",
        kind=kind,
        seconds=1.0,
        coverage=None if coverage is None else Coverage(value=coverage, members=[]),
        labels=Labelled(points(LABELS, returns), points(LABELS, demonstrations))
        if returns
        else None,
        ask=points(QUESTIONS, ask, 0.25) if ask else None,
    )


def write(
    folder: Path,
    cards: Iterable[ScoreCard],
    trainings: Iterable[Training] = (),
    methods: Iterable[TrackRecord] = (),
) -> Path:
    """Write results into a folder, as `run`, `submit` and `tracks` leave them."""
    for each in methods:
        each.save(folder / record_path(each.trap, each.method, each.seed))
    for each in cards:
        each.save(folder / card_path(each.trap, plain(each.policy)))
    for record in trainings:
        name = card_path(record.trap, plain(f"{record.agent}-s{record.seed}")).name
        record.save(folder / "training" / record.trap / name)
    return folder


def plain(policy: str) -> str:
    """Return a policy's name without what ends the name of a file."""
    return policy.replace("/", "-")


def some_results(folder: Path) -> Path:
    """Write six traps and five agents: on all traps, on some, with alpha, and two of evil names.

    ``ppo``: three seeds everywhere. ``dqn``: two seeds, not on the doors. ``plr``: alpha 0.03 on
    two traps. The evil ones: on one trap each. Of the methods ``cues`` is good, ``plain`` and a
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
        cards += [card(trap, f"plr-s{s}", 0.75, 0.2 - 0.1 * s, regret=s) for s in range(2)]
        trainings += [training(trap, "plr", s, alpha=0.03) for s in range(2)]
    cards += [card(CORNER, f"{EVIL}-s0", 0.5, 0.5), card(DOORS, f"{WORSE}-s0", 0.4, 0.5)]
    good, bad = (0.3, 0.6, 0.8, 0.9), (0.0, 0.0, 0.1, 0.1)
    methods = [
        method(trap, name, seed, c + seed / 100, steering, steering, steering[:3], kind)
        for trap in (CORNER, DOORS)
        for seed in range(2)
        for name, c, steering, kind in (
            ("cues", 0.9, good, "ranked"),
            ("plain", 0.0, bad, "ranked"),
            ("planner", 0.0, bad, "not ranked"),
        )
    ]
    return write(folder, cards, trainings, methods)
