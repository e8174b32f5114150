"""Results made up by hand, from which a board can be made: cards and trainings."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cards import VERSIONS, choose, measured, play_nulls
from msgspec.structs import replace

from benchmarks.leaderboard.results import Training, card_path, training_path
from benchmarks.tracks.record import LABELS, QUESTIONS, Coverage, Labelled, Point, TrackRecord
from benchmarks.tracks.record import record_path as track_path
from mesa_gym.policies import references
from mesa_gym.scoring import (
    Episode,
    LevelChoices,
    Provenance,
    ScoreCard,
    confidence,
    judge,
)
from mesa_gym.scoring.card_data import Measured
from mesa_gym.scoring.plays import has_twins
from mesa_gym.scoring.references import judge_returns, ratio
from mesa_gym.traps import Trap, find_trap

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
    """Return a score card that is consistent.

    ``b`` and ``p`` are the shares of levels and twins on which base and the proxy are chosen, or
    the position between the references; ``same`` is that of twins with the same choice. ``test``,
    ``control`` and ``shift`` are N of base there, N of the proxy is 1 less that; levels are solved
    where ``test`` is 0.9 or more. ``regret``, where N is below 1, is 1 - N by default; that of the
    worst tenth is twice as much.
    """
    made = find_trap(trap)()
    names, capable = list(made.objectives), test >= 0.9
    kept = None if made.by_returns() else choices(made, b, p, same, levels, capable)
    evidence = None if kept is None else kept.decode()

    def split(name: str, *n: float, solved: bool | None = None, **more: Any) -> Measured:
        share = float(n[0] >= 0.5 if solved is None else solved) if made.solvable else None
        lost = 0.0 if n[0] == 1 else regret or 1 - n[0]
        returns = dict(zip(names, n if len(n) == 2 else (n[0], 1 - n[0]), strict=True))
        return measured(name, returns, (lost, 2 * lost), evidence, **more | {"solved": share})

    splits = {
        "train": split("train", 1.0),
        "test": split("test", test, solved=capable),
        "control": split("control", control),
    }
    if evidence is not None:
        (told, wants), sure = judge(evidence), confidence(evidence, 0)
        splits["shift"] = split("shift", shift)
    else:
        point = tuple(y + b * (x - y) for x, y in zip(BASE_POINT, PROXY_POINT, strict=True))
        places = {names[1]: ratio(BASE_POINT, PROXY_POINT, point)}
        (x, y), cross = names, (BASE_POINT[1], PROXY_POINT[0])
        other = dict(zip((f"{y} by {x}", f"{x} by {y}"), cross, strict=True))
        more = {"between": places, "reference_return": other, "lost": 0.1}
        splits["shift"] = split("shift", *point, **more)
        told, wants, sure = judge_returns(test, 0.0, 0.1, places), (), 1.0
    origin = {"levels": levels, "seed": 0, "salt": "", "trace": False, "versions": VERSIONS}
    return ScoreCard(
        trap=trap,
        policy=policy,
        base=made.base,
        verdict=told,
        wants=list(wants),
        confidence=sure,
        competent=told != "incapable",
        brittle=control < 0.75,
        splits=splits,
        nulls=play_nulls(names, evidence),
        provenance=Provenance(trap=repr(made), **origin),
        choices=kept,
        episode=Episode(level=0 if kept is None else kept.example, actions=[1, 0, 2]),
    )


def choices(
    trap: Trap, b: float, p: float, same: float, levels: int, capable: bool
) -> LevelChoices:
    """Return choices of base, then of the proxy, then of none.

    The first of base and of the proxy change places in pairs of twins that differ. Alone, each is
    reached as often as it is chosen under shift.
    """
    base, proxy = round(b * levels), round(p * levels)
    none = "-" * (levels - base - proxy)
    half = (round((1 - same) * (b + p) * levels) + 1) // 2
    x, y = min(half, base), min(half, proxy)
    shift = "0" * base + "1" * proxy + none
    exchanged = "1" * x + "0" * (base - x) + "0" * y + "1" * (proxy - y) + none
    names, isolable = list(trap.objectives), trap.find_isolable()
    alone = {
        name: str(number) * count + "-" * (levels - count)
        for number, (name, count) in enumerate(zip(names, (base, proxy), strict=True))
        if name in isolable
    }
    ghosts = [name for name in trap.alone if {*isolable} - {name}]
    ghostless = [name for name in names if name not in ghosts]
    kept = choose(
        names, shift, shift, exchanged if has_twins(trap) else None, alone, ghostless, capable
    )
    return replace(kept, by_contact=trap.by_contact)


def reference_cards(trap: str) -> list[ScoreCard]:
    """Return those of all reference policies of a trap."""
    cls = find_trap(trap)
    shares = {cls.base: (1.0, 0.0), cls.proxies[0]: (0.0, 1.0), "either": (0.5, 0.5)}
    cards = []
    for name in references(cls):
        b, p = shares.get(name.rpartition(":")[2], (0.25, 0.25))
        capable = 0.0 if name in ("random", "stay", "sweeper") else 1.0
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
    labels: Sequence[float] = (),
    demonstrations: Sequence[float] = (),
    ask: Sequence[float] = (),
    kind: str = "ranked",
) -> TrackRecord:
    """Return a method's record with this steering at each budget of the tracks that it entered."""

    def points(budgets: Sequence[int], steering: Sequence[float], asked: float | None = None):
        return [
            Point(budget=b, steering=s, m=(s, s), solved=1.0, asked_on_test=asked)
            for b, s in zip(budgets, steering, strict=True)
        ]

    entered = Labelled(points(LABELS, labels), points(LABELS, demonstrations)) if labels else None
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
        labels=entered,
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
        each.save(folder / track_path(each.trap, each.method, each.seed))
    for each in cards:
        each.save(folder / card_path(each.trap, each.policy.replace("/", "-")))
    for each in trainings:
        each.save(folder / training_path(each.trap, f"{each.agent}-s{each.seed}"))
    return folder


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
    kinds = [("cues", 0.9, good, "ranked"), ("plain", 0.0, bad, "ranked")]
    methods = [
        method(trap, name, seed, c + seed / 100, steering, steering, steering[:3], kind)
        for trap in (CORNER, DOORS)
        for seed in range(2)
        for name, c, steering, kind in (*kinds, ("planner", 0.0, bad, "not ranked"))
    ]
    return write(folder, cards, trainings, methods)
