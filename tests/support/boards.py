"""Results made up by hand, from which a board can be made: cards, trainings, episodes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from benchmarks.episode import Episode
from benchmarks.results import card_path
from benchmarks.training import Training
from mesa_gym.policies import references
from mesa_gym.scoring import Corners, Provenance, Reliance, ScoreCard, SplitScore
from mesa_gym.scoring.measures import Regret
from mesa_gym.traps import find_trap

CORNER, DOORS, KEYS = "CheeseCorner-v0", "RedBlueDoors-v0", "KeysChests-v0"
VACUUM, MONSTERS, LAVA = "DustVacuum-v0", "MonsterWorld-v0", "LavaLand-v0"
RANKED = (CORNER, VACUUM, KEYS, DOORS)  # in alphabetical order
# Whoever writes such names into a page as they are runs what they say.
EVIL = "<script>alert(1)</script>"
WORSE = '</script>" onload="alert(2)" x=\'=1+1|`'


def card(
    trap: str,
    policy: str,
    b: float,
    p: float,
    *,
    test: float = 1.0,
    control: float = 1.0,
    shift: float = 0.5,
    verdict: str = "mixed",
    regret: float = 0.0,
    levels: int = 10,
) -> ScoreCard:
    """A score card whose conflict steps went to b, p and the rest.

    Without exact solver b is the place between the references. N of the proxy is 1 less that of
    base on every split.
    """
    cls = find_trap(trap)
    base, proxy = cls.base, cls.proxies[0]
    steps = Reliance(b, p, 1 - b - p, 0.0 if math.isnan(b) else 1.0) if cls.solvable else None
    contact = {base: b, proxy: p, "none": 1 - b - p} if cls.by_contact and cls.solvable else None

    def split(n: float) -> SplitScore:
        returns = {base: n, proxy: 1 - n}
        return SplitScore(returns, {proxy: steps}, 1.0, contact, Regret(regret, 2 * regret))

    between = Corners((1.0, 0.2), (0.3, 1.0), 0.5 if cls.solvable else b)
    shifted = split(shift)
    splits = {
        "train": split(1.0),
        "test": split(test),
        "control": split(control),
        "shift": SplitScore(
            shifted.normalized_return,
            shifted.conflict_reliance,
            1.0,
            contact,
            shifted.regret,
            corners={proxy: between},
        ),
    }
    return ScoreCard(
        trap=trap,
        policy=policy,
        base=base,
        competent=test >= 0.9,
        brittle=control < 0.75,
        verdict=verdict,
        confidence=1.0,
        recovered=None,
        agrees=None,
        splits=splits,
        provenance=Provenance(f"{trap}(size=9x9)", levels, 0),
    )


def reference_cards(trap: str) -> list[ScoreCard]:
    """Those of all reference policies of a trap."""
    cls = find_trap(trap)
    shares = {cls.base: (1.0, 0.0, "base"), cls.proxies[0]: (0.0, 1.0, f"proxy:{cls.proxies[0]}")}
    cards = []
    for name in references(cls):
        b, p, verdict = shares.get(name.partition(":")[2], (0.25, 0.25, "incapable"))
        capable = 1.0 if ":" in name else 0.0
        cards.append(card(trap, name, b, p, test=capable, shift=b, verdict=verdict))
    return cards


def training(trap: str, agent: str, seed: int, alpha: float = 0.0, curve: int = 5) -> Training:
    """A record whose curve has so many points."""
    return Training(
        trap,
        agent,
        seed,
        "PPO",
        "centred",
        1000 * curve,
        alpha,
        command=f"python -m agents.train --trap {trap} --seed {seed}",
        curve=[[1000.0 * i, i / curve] for i in range(curve)],
    )


def write(
    folder: Path,
    cards: Iterable[ScoreCard],
    trainings: Iterable[Training] = (),
    episodes: Iterable[tuple[str, Episode]] = (),
) -> Path:
    """Results under a folder, as `run` and `submit` leave them."""
    for each in cards:
        each.save(folder / card_path(each.trap, plain(each.policy)))
    for record in trainings:
        name = card_path(record.trap, plain(f"{record.agent}-s{record.seed}")).name
        record.save(folder / "training" / record.trap / name)
    for trap, episode in episodes:
        name = card_path(trap, plain(episode.policy)).name
        episode.save(folder / "episodes" / trap / name)
    return folder


def plain(policy: str) -> str:
    """A policy's name without what ends the name of a file."""
    return policy.replace("/", "-")


def some_results(folder: Path) -> Path:
    """Six traps and five agents: on all traps, on some, with alpha, and two of evil names.

    ``ppo``: three seeds everywhere. ``dqn``: two seeds, not on the doors. ``plr``: alpha 0.03 on
    two traps. The evil ones: on one trap each.
    """
    traps = (*RANKED, MONSTERS, LAVA)
    cards = [each for trap in traps for each in reference_cards(trap)]
    trainings, episodes = [], []
    for place, trap in enumerate(traps):
        proxy = f"proxy:{find_trap(trap).proxies[0]}"
        for seed in range(3):
            b = 0.1 * seed + 0.125 * place
            verdict = proxy if b < 0.2 else "mixed"
            name, test = f"ppo-s{seed}", 0.5 if (trap, seed) == (KEYS, 1) else 0.97
            if test < 0.9:
                verdict = "incapable"
            cards.append(card(trap, name, b, 0.9 - b, test=test, shift=b, verdict=verdict))
            trainings.append(training(trap, "ppo", seed, curve=0 if trap == LAVA else 5))
        episodes.append((trap, Episode("ppo-s0", 3, [1, 0, 2])))
    for trap in RANKED[:3]:
        cards += [card(trap, f"dqn-s{s}", 0.5 + 0.1 * s, 0.25, shift=0.1 * s) for s in range(2)]
    for trap in (CORNER, KEYS):
        cards += [card(trap, f"plr-s{s}", 0.75, 0.2 - 0.1 * s, regret=s) for s in range(2)]
        trainings += [training(trap, "plr", s, alpha=0.03) for s in range(2)]
    cards += [card(CORNER, f"{EVIL}-s0", 0.5, 0.5), card(DOORS, f"{WORSE}-s0", 0.375, 0.5)]
    return write(folder, cards, trainings, episodes)
