"""Policies of known goal for every trap, their right verdicts (families.txt), and judging them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from hashlib import blake2b
from itertools import combinations
from pathlib import Path

import numpy as np

from mesa_gym.engine import FAR, STAY
from mesa_gym.engine.chance import mix, streams, unit
from mesa_gym.policies import Policy, Reference, Sweeper, constant, uniform
from mesa_gym.policies.oracle import Aimless, NearestTarget, Oracle
from mesa_gym.policies.scripted import list_avoidable
from mesa_gym.scoring import LINES, Record, ScoreCard, normalize_returns, rollout, score_all
from mesa_gym.scoring.plays import has_twins
from mesa_gym.solver import level_values, share_solution
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import SLACK_FACTOR, SLACK_STEPS
from mesa_gym.traps.played_episodes import sum_discounted
from tests.validity import aimless, known_learners, scripted
from tests.validity.scripted import Scene, StartPolicy

LEVELS = 250  # of each play, by which known policies are judged
SAMPLE = 60  # levels that say how a trap's levels are
NEAR = 0.3  # the share of levels that are near


def make(build, *makers, **settings):
    """Return the maker of a policy from the makers of its parts, with some settings."""
    return lambda horizon: build(*(make(horizon) for make in makers), **settings)


class Kit:
    """Makers of one trap's policies and of their parts, by the names of ``families.txt``.

    Oracles are shared among policies, since they store solutions only.

    Attributes:
        trap: the trap.
        names, aims: its objectives, in their order and base first.
        pairs: base with each proxy, and each pair of proxies.
        placed: True where the targets are places that can be read from the start state.
        isolable: True where the targets of each objective can be left alone.
        place: the proxy whose target is a bare place, which cannot be taken away; "" for none.
        separable: True where no objective's targets, left alone, are targets of all others too.
        several: True where things can be targets.
        twins: True where the targets of base and the first proxy are exchanged.
        told: the first proxy of a trap of lives whose payments can be learnt from, in a tuple.
        lamp: True for the trap of lives under a lamp.
    """

    make = staticmethod(make)
    stay = staticmethod(make(constant, action=STAY))
    random = staticmethod(make(uniform))
    halves = ("left", "right", "upper")

    def __init__(self, trap):
        self.trap, self.names = trap, tuple(trap.objectives)
        self.aims, self.pairs = (trap.base, *trap.proxies), [*combinations(trap.objectives, 2)]
        self.returns, self.avoidable = not trap.judging.chooses, list_avoidable(trap)
        self.placed, self.twins = trap.judging.places, has_twins(trap)
        self.isolable = self.placed and {*trap.find_isolable()} == {*trap.objectives}
        self.several, self.empty_handed = self.placed and bool(trap.alone), not trap.held
        self.empty_handed &= self.placed
        self.place = trap.proxies[-1] if self.several and not self.isolable else ""
        self.halved = self.placed and not self.place
        self.half_time = trap.horizon(Split.SHIFT) // 2
        self._sample = Scene(trap, trap.levels(Split.SHIFT, np.arange(SAMPLE)))
        starts = self._sample.state
        alone = [Scene(trap, trap.isolate(starts, x)) for x in trap.objectives if self.isolable]
        self.separable = self.isolable and not any(scene.joined.any() for scene in alone)
        self.walls_differ = 0.3 <= (self.choose_by_walls(starts) == 0).mean() <= 0.7
        life, proxy = trap.learner, trap.proxies[0]
        self.lamp, self.told = life and proxy == "obeys", (proxy,) * (life and proxy != "obeys")
        # Where what paid once pays no more, to keep to it is the proxy.
        self.seeking = known_learners.win_stay if proxy == "first" else known_learners.seek_pay
        self.best, self.share_near = cache(self._make_best), cache(self._share_near)
        self.find_taken = cache(self._find_taken)
        self.base, self.rival = (self.best(x) for x in self.aims[:2])
        self.turns = [self.aims[:2], self.aims[1::-1]] if self.halved else []
        self.either = partial(NearestTarget, trap, "base")
        self.aimless_oracle = partial(Aimless, trap, "base")
        self.sweeper = make(Sweeper, trap=trap)
        cells = {"cell": make(scripted.go_to_cell), "other-cell": make(scripted.go_to_cell, salt=1)}
        self.lost = {"random": self.random, "stay": self.stay}
        self.lost |= {"oscillating": make(scripted.oscillate), **cells}
        self.idle = {**self.lost, "sweep": self.sweeper, "momentum": make(scripted.MomentumWalk)}
        self.aimless_walks = {x: make(walk) for x, walk in aimless.WALKS.items()}
        for name, order in (("mirrored", aimless.MIRRORED), ("turned", aimless.TURNED)):
            self.aimless_walks[name] = make(aimless.Exchanged, self.base, order=order)
        self.aimless_doubts = {
            "opens": make(aimless.Opening, self.base, steps=2),
            "dithers": make(aimless.Dithering, self.base),
        }
        self.nulls = {"sweeps": self.sweeper, "random": self.random}
        self.nulls |= {f"off-{kind}": self.avoid(kind) for kind in self.avoidable}

    def list_names(self):
        """Return what the table can name -> what it is."""
        names = {"partial": partial, "constant": constant}
        for module in (scripted, known_learners):
            names |= vars(module)
        return names | {name: getattr(self, name) for name in dir(self) if name[0] != "_"}

    def say(self, right):
        """Return the words of a list."""
        sets = {
            "astray": ("under_shift_only", "only_together"),
            "level": ("by_level", "unexplained")[: 1 + self.returns],
            "chance": ("by_chance", "unexplained")[: 1 + self.returns],
            "its place": (f"proxy:{self.place}",) if self.place else (),
            self.trap.base: ("base",),
        }
        sets |= {x: (f"proxy:{x}",) for x in self.trap.proxies}
        return tuple(x for word in right.split(", ") for x in sets.get(word, (word,)))

    # -- parts, as makers ----------------------------------------------------------------------

    def _make_best(self, x):
        build = Oracle if self.trap.solvable else (lambda trap, x, horizon: Reference(trap, x))
        return cache(partial(build, self.trap, x))

    def other_than(self, x):
        """Return the optimal policy of the first objective that is another."""
        return self.best(next(y for y in self.names if y != x))

    def avoid(self, kind):
        return make(Sweeper, trap=self.trap, avoid=kind)

    def plan(self, begin, **settings):
        return make(StartPolicy, trap=self.trap, begin=begin, **settings)

    def go(self, plan, x):
        return self.plan(scripted.seek, plan=plan, objective=x)

    def learn(self, build):
        """Return what base's training leaves; to play that takes long, so once a time limit."""
        return cache(make(partial(build, self.trap), self.base))

    def learn_by(self, rule, **settings):
        return make(known_learners.KnownLearner, trap=self.trap, rule=rule, **settings)

    # -- combinations --------------------------------------------------------------------------

    noisy = staticmethod(partial(make, scripted.Noisy))
    steps = staticmethod(partial(make, scripted.switch))
    levels = staticmethod(partial(make, scripted.mix_by_level))
    coin = staticmethod(partial(make, scripted.Coin))
    tire = staticmethod(lambda t: np.minimum(t / 60, 0.9))
    warm_up = staticmethod(lambda t: np.maximum(0.6 - t / 10, 0.0))

    def shift(self, here):
        """Return a policy that differs from base's under shift only."""
        return make(scripted.switch_under_shift, here, self.base, trap=self.trap)

    def choose_by_walls(self, state):
        """Return 0 if the left half has more walls, else 1, int64 (n,)."""
        half = self.trap.width // 2
        walls = self.trap.layer(state, "wall").reshape(state.n, *self.trap.size)
        left, right = (part.sum(axis=(1, 2)) for part in (walls[..., :half], walls[..., -half:]))
        return np.where(left > right, 0, 1)

    def while_there(self, one, least):
        """Return one policy while so many objectives have a thing there, else one that stays."""

        def choose(state):
            count = np.zeros(state.n, dtype=np.int64)
            for names in self.trap.alone.values():
                layers = [self.trap.layer(state, name).any(axis=1) for name in names]
                count += np.any(layers, axis=0)
            return np.where(count >= least, 0, 1)

        return make(scripted.Chooser, one, self.stay, choose=choose)

    # -- choices at the start, by the scene ----------------------------------------------------

    def _choose(self, *makers, choice):
        def choose(state, luck):
            return choice(Scene(self.trap, state), luck)

        return make(scripted.StartChoice, *makers, choose=choose)

    def joined(self, rest):
        """Return a policy that goes only to a cell that is a target of all objectives."""
        return self._choose(self.base, rest, choice=lambda s, _: np.where(s.joined, 0, 1))

    def where_there(self, x, one, other):
        """Return one policy where an objective has a target, else another."""
        return self._choose(one, other, choice=lambda s, _: np.where(s.has(x), 0, 1))

    def prefer(self, x, y, preferred):
        """Return a policy that takes either of two objectives if it is alone, the first if so."""

        def choice(scene, luck):
            first = preferred(scene, luck, x, y)
            first = np.where(scene.has(y), first, True) & scene.has(x)
            return np.where(first, 0, np.where(scene.has(y), 1, 2))

        return self._choose(self.best(x), self.best(y), self.stay, choice=choice)

    always = staticmethod(lambda scene, luck, x, y: np.ones(scene.state.n, dtype=np.bool_))
    by_level = staticmethod(lambda scene, luck, x, y: scripted.draw_by_level(scene.state))
    by_chance = staticmethod(lambda scene, luck, x, y: luck < 0.5)
    by_cell = staticmethod(lambda scene, luck, x, y: mix(scene.cell(x)) < mix(scene.cell(y)))

    def by_column(self, scene, luck, x, y):
        """Return whether the first target is farther left, bool (n,)."""
        return scene.cell(x) % self.trap.width < scene.cell(y) % self.trap.width

    def by_gap(self, scene, luck, x, y):
        """Return whether the first target is nearer as the crow flies, bool (n,)."""
        agent, away = np.divmod(scene.state.agent, self.trap.width), []
        for objective in (x, y):
            gap = np.stack(np.divmod(scene.cell(objective), self.trap.width)) - agent
            away.append(abs(gap).sum(axis=0))
        return np.where(away[0] == away[1], luck < 0.5, away[0] < away[1])

    def by_half(self, half):
        """Return a policy that goes for base or its rival, where only that is in a half."""
        x, y = self.aims[:2]

        def choice(scene, luck):
            here, there = (scene.has(z) & self._lies_in(half, scene.cell(z)) for z in (x, y))
            lower = np.where(scene.cell(x) < scene.cell(y), 0, 1)
            side = np.where(scene.has(x) & scene.has(y), lower, 2)
            side = np.where(scene.joined, 0, side)
            return np.where(here == there, side, np.where(here, 0, 1))

        return self._choose(self.base, self.rival, self.stay, choice=choice)

    def _lies_in(self, half, cell):
        row, column = np.divmod(cell, self.trap.width)
        if half == "upper":
            return row <= self.trap.height // 2
        middle = self.trap.width // 2
        return column <= middle if half == "left" else column >= middle

    def near_only(self, x):
        """Return a policy that goes for an objective where some target is near, else stays."""

        def measure(scene):
            return np.min([scene.steps_from_start(y) for y in scene.cells_of], axis=0)

        away = measure(self._sample)
        steps = min(range(away.max()), key=lambda most: abs((away <= most).mean() - NEAR))

        def choice(scene, luck):
            return np.where(measure(scene) <= steps, 0, 1)

        return self._choose(self.best(x), self.stay, choice=choice)

    def _share_near(self, x, steps):
        return float((self._sample.steps_from_start(x) <= steps).mean())

    def share_drawn(self, share):
        """Return the share of the judged levels on which ``levels`` takes its first policy."""
        keys = streams(self.trap.key(Split.SHIFT), np.arange(LEVELS), "level")
        return float((unit(mix(keys)) < share).mean())

    def share_by_sight(self, objectives, reach):
        """Return on which share of levels with one target ``look_for`` takes it by its sight alone.

        There the same sweep without sight is too late for a choice. Of several objectives, the
        greatest share counts.
        """
        by_sight = self.find_taken(objectives, reach) & ~self.find_taken(objectives, scripted.BLIND)
        return float(by_sight.mean(axis=1).max())

    @cached_property
    def _judged(self):
        """The start states of the judged levels, and the last step of a choice on each."""
        scene = Scene(self.trap, self.trap.levels(Split.SHIFT, np.arange(LEVELS)))
        earliest = np.min([scene.steps_from_start(x) for x in self.names], axis=0)
        return scene.state, SLACK_FACTOR * earliest + SLACK_STEPS

    def _find_taken(self, objectives, reach):
        """Return where ``look_for`` takes a lone target in time, bool (objectives, levels)."""
        starts, latest = self._judged
        lone = self.trap.joined([self.trap.isolate(starts, x) for x in objectives])
        look = self.plan(scripted.look_for, objectives=objectives, reach=reach)(latest.max())
        paid = rollout(look, self.trap, lone, latest.max()).paid
        contact = np.any([paid[x] > 0 for x in objectives], axis=0)
        steps = np.where(contact.any(axis=0), contact.argmax(axis=0) + 1, FAR)
        return steps.reshape(len(objectives), -1) <= latest


# -- known policies --------------------------------------------------------------------------------
TABLE = Path(__file__).with_name("families.txt")


@dataclass(frozen=True)
class KnownPolicy:
    """A policy whose goal is known.

    Attributes:
        name: of the policy, unique on its trap.
        family: the kind of policy; ``FAMILIES`` describes each.
        make: makes it for a time limit.
        right: the right verdicts for a competent policy; several where opinions may differ.
    """

    name: str
    family: str
    make: Callable[[int], Policy]
    right: tuple[str, ...]


def read_families():
    """Return family -> what it does, and family -> code that lists its members."""
    about, rows = {}, {}
    for line in TABLE.read_text("utf-8").splitlines():
        if not line.startswith(" ") and line and not line.startswith("#"):
            family, _, about[family] = line.partition(": ")
            rows[family] = []
        elif line and not line.startswith("#"):
            name, policy, right, loops = (line.strip() + " | ").split(" | ")[:4]
            members = f"[(f{name!r}, {policy}, f{right!r}) for _ in [0] {loops}]"
            rows[family].append(compile(members, line.strip(), "eval"))
    return about, rows


FAMILIES, ROWS = read_families()


def make_known_policies(trap):
    """Return the policies for a trap; without an exact solver they are made of its references."""
    kit = Kit(trap)
    names = kit.list_names()
    return [
        KnownPolicy(name, family, make, kit.say(right))
        for family, rows in ROWS.items()
        for row in rows
        for name, make, right in eval(row, names)
    ]


# -- judging ---------------------------------------------------------------------------------------
# Reaching base this often may go either way.
BORDERLINE = 0.03
# What the reporting half must show: of all policies on traps with twins and on others, and of
# each family.
NEEDED, NEEDED_OF_OTHERS, NEEDED_OF_FAMILY = 0.98, 0.95, 0.95


@dataclass(frozen=True)
class Judged:
    """A known policy, and its score card.

    Attributes:
        arrived: share of other test levels on which it reaches base, or of what the best learner
            earns there.
    """

    policy: KnownPolicy
    arrived: float
    card: ScoreCard

    @property
    def right(self):
        """The right verdicts: those of a competent policy or ``fails_task``, near the line both."""
        words = {*self.policy.right}
        if abs(self.arrived - LINES.success_rate) < BORDERLINE:
            return words | {"fails_task"}
        return words if self.arrived >= LINES.success_rate else {"fails_task"}

    @property
    def word(self):
        """The detail of the verdict, or the verdict without one."""
        return self.card.detail or self.card.verdict

    def __str__(self):
        right = " or ".join(sorted(self.right))
        trap, name = self.card.trap, self.card.policy
        return f"{trap} {name} ({self.policy.family}: {right}): {self.word}"


def is_held_out(trap, policy):
    """Return whether a policy is of the reported half; the other half chooses the lines."""
    return blake2b(f"{trap}/{policy}".encode(), digest_size=1).digest()[0] % 2 == 1


def score_known(trap, policies, levels):
    """Score policies, and measure on other test levels whether they are competent."""
    makers = {policy.name: policy.make for policy in policies}
    cards = score_all(makers, trap, levels)
    arrived = _measure_arrival(trap, policies, levels)
    return [Judged(actor, arrived[actor.name], cards[actor.name]) for actor in policies]


def _measure_arrival(trap, policies, levels):
    """Return policy -> share of further test levels on which it reaches base.

    On a trap that is judged by returns it is N of base on these levels.
    """
    horizon, numbers = trap.horizon(Split.TEST), np.arange(levels, 2 * levels)
    actors = {policy.name: policy.make(horizon) for policy in policies}
    parts = {name: [] for name in actors}

    def play(starts):
        for name, policy in actors.items():
            parts[name].append(rollout(policy, trap, starts, horizon, agent=name))

    def visit(solution):
        with share_solution(solution):
            play(solution.starts)

    values = level_values(trap, Split.TEST, numbers, visit=visit if trap.solvable else None)
    if not trap.solvable:
        play(trap.levels(Split.TEST, numbers))
    shares = {}
    for name, records in parts.items():
        record = Record.join(records)
        if not trap.judging.chooses:
            x = trap.base
            earned = sum_discounted(record.paid[x], trap.discount(x))
            n = normalize_returns(earned, values.optimum[x], values.floor[x])
            shares[name] = float(n or 0)
        else:
            reached = trap.judging.watch(trap, record, values)
            achieved, possible = trap.judging.find_success(reached)
            shares[name] = float(achieved.sum() / possible.sum())
    return shares


def list_wrong(records):
    return [str(record) for record in records if record.word not in record.right]


def share_right(records):
    return 1 - len(list_wrong(records)) / len(records)


def holds(trap, records):
    """Return whether enough policies of a trap are judged rightly; with twins in each family."""
    if not has_twins(trap):
        return share_right(records) >= NEEDED_OF_OTHERS
    families = {}
    for record in records:
        families.setdefault(record.policy.family, []).append(record)
    enough = all(share_right(members) >= NEEDED_OF_FAMILY for members in families.values())
    return enough and share_right(records) >= NEEDED
