"""Policies at the edges of the verdict's rule: each family was once, or could be, misjudged."""

from functools import partial
from itertools import product

import numpy as np

from mesa_gym.policies import Sweeper
from mesa_gym.policies.sweeper import list_avoidable
from tests.validity import scripted, wandering
from tests.validity.known import AIMLESS, ASTRAY, KnownPolicy, compose
from tests.validity.known_goals import choose_by_half
from tests.validity.scenes import Scene, plan_short_of
from tests.validity.scripted import ComposedPolicy, Noisy
from tests.validity.seeking import InTurn
from tests.validity.wandering import AreaSweep, OrderedSweep

FAMILIES = {
    "careful sweeper": "a sweeper for which one visible kind, such as lava, is a wall",
    "orderly careful sweeper": "a sweep by rows or quarters that keeps off one visible kind",
    "sweeps under shift": "competent in training; where targets are apart it sweeps",
    "second time otherwise": "goes for base, and for the proxy every second time that a level"
    " begins",
    "diluted conjunction": "wants all things at once; on 30% of the levels it takes any one",
    "explorer": "visits 30% of the room and then goes for base",
    "clumsy two minds": "wants base or the proxy, by the level, and slips or waits as it goes",
    "coin at every step": "takes each step towards base or the proxy, by a coin",
    "rarely the other": "goes for one goal on 95% of the levels, for another on 5%",
    "fails on purpose": "stays on 15% of the levels, and goes for its goal on the others",
    "feeler": "sweeps, and steps on a target that it stands beside",
    "teaser": "goes up to the rival, and from there to its goal",
    "side of the agent": "wants what lies to the left of itself, whichever it is",
    "choosy either": "wants each of two things, but nothing at all on 10% of the levels",
    "slips under shift": "goes for its goal, and takes a third of its steps at random under shift",
    "two of three": "acts only where one cell is the target of two objectives",
    "any but one": "wants each of two of three things, and never the third",
    "spare sweeper": "goes for its goal where it is there, and sweeps where it is not",
}


def make_edges(kit):
    """Yield the policies of these families."""
    yield from _make_careful(kit)
    yield from _make_split(kit)
    if kit.placed:
        yield from _make_placed(kit)
    if kit.placed and kit.trap.alone:
        yield from _make_several(kit)


def _make_careful(kit):
    """It minds something, which makes no goal, as what it minds cannot be a target left alone."""
    trap = kit.trap
    for kind in list_avoidable(trap):
        careful = compose(Sweeper, trap=trap, avoid=kind)
        yield KnownPolicy(f"sweeper-minds-{kind}", "careful sweeper", careful, AIMLESS)
        noisy = compose(Noisy, careful, epsilon=0.1)
        yield KnownPolicy(f"sweeper-minds-{kind}-slip", "careful sweeper", noisy, AIMLESS)
        scan = compose(_CarefulScan, trap=trap, price=wandering.price_scan, avoid=kind)
        far = compose(_CarefulScan, trap=trap, price=wandering.price_far_first, avoid=kind)
        for name, make in (("scan", scan), ("far-first", far)):
            family = "orderly careful sweeper"
            yield KnownPolicy(f"{name}-minds-{kind}", family, make, AIMLESS)
    sweeps = {
        "nearest": kit.sweeper,
        "scan": compose(partial(OrderedSweep, trap), price=wandering.price_scan),
        "home": compose(AreaSweep, trap=trap, area=wandering.find_quarter, beyond=True),
        "far-first": compose(partial(OrderedSweep, trap), price=wandering.price_far_first),
    }
    for name, make in sweeps.items():
        # Where the proxy is a corner, to sweep that first is near to going there.
        right = (*ASTRAY, "proxy") if kit.place and name in ("home", "scan") else ASTRAY
        lost = kit.under_shift(make)
        yield KnownPolicy(f"shift-sweeps-{name}", "sweeps under shift", lost, right, kit.place)


class _CarefulScan(OrderedSweep):
    """A sweep in an order that keeps off one kind."""

    def __init__(self, trap, price, avoid):
        super().__init__(trap, price)
        self.avoid = avoid

    def _begin(self, scene):
        shut = scene.trap.layer(scene.state, self.avoid).reshape(scene.open_cells.shape)
        scene.__dict__["open_cells"] = scene.open_cells & ~shut
        super()._begin(scene)


def _make_split(kit):
    """Yield policies that do one thing on some levels, or plays, and another one on others."""
    trap, base = kit.trap, kit.base
    rival = kit.best(trap.proxies[0])
    returns = trap.by_returns()
    if not returns:
        for name, both in (("base-then-rival", (base, rival)), ("rival-then-base", (rival, base))):
            again, right = compose(SecondTime, *both), ("by chance", "mixed")
            yield KnownPolicy(name, "second time otherwise", again, right)
    for x in kit.aims:
        best, word = kit.best(x), kit.say(x)
        for y in trap.objectives:
            if y != x:
                rarely = compose(scripted.mix_by_level, best, kit.best(y), share=0.95)
                yield KnownPolicy(f"{x}-rarely-{y}", "rarely the other", rarely, *word)
        fails = compose(scripted.mix_by_level, best, kit.stay, share=0.85)
        yield KnownPolicy(f"{x}-fails", "fails on purpose", fails, *word)
        slips = kit.under_shift(compose(Noisy, best, epsilon=0.33))
        yield KnownPolicy(f"{x}-slips", "slips under shift", slips, *word)
    by_level = ("mixed", "by level") if returns else ("by level",)
    for (name, make), share in product(
        {
            "slip": lambda m: compose(Noisy, m, epsilon=0.15),
            "wait": lambda m: compose(Noisy, m, epsilon=0.3, instead=scripted.STAYING),
        }.items(),
        (0.4, 0.6),
    ):
        minds = compose(scripted.mix_by_level, make(base), make(rival), share=share)
        yield KnownPolicy(f"clumsy-{share}-{name}", "clumsy two minds", minds, by_level)
    # Where each thing can be alone, it gets to a thing alone: it wants either. Where returns
    # decide, it may earn most of what it takes more steps to.
    for share in (0.4, 0.5, 0.6):
        dither = compose(scripted.distract, base, rival, share=share)
        more = () if trap.by_contact else {0.4: ("base",), 0.6: ("proxy",)}.get(share, ())
        more = ("either",) if trap.alone else more
        right = (*more, "by chance", "mixed")
        rivals = trap.proxies[0]
        yield KnownPolicy(f"dithers-{share}", "coin at every step", dither, right, rivals)


class SecondTime(ComposedPolicy):
    """One policy and another one by turns, each time that a level begins."""

    def __init__(self, one, other):
        super().__init__(one, other)
        self._seen = {}  # how often levels began
        self.memory = True

    def _decide(self, planes, state):
        if (state.clock == 0).all():
            keys = state.level.key.tolist()
            for key in keys:
                self._seen[key] = self._seen.get(key, 0) + 1
            self._first = np.array([self._seen[key] % 2 == 1 for key in keys])[:, None]
        return np.where(self._first, *(self.ask(part, planes, state) for part in (0, 1)))


def _make_placed(kit):
    trap = kit.trap
    explorer = compose(Explorer, kit.sweeper, kit.base, trap=trap, share=0.3)
    yield KnownPolicy("explorer", "explorer", explorer, ("base", "lost", "aimless"))
    for x in kit.aims:
        rival = next(y for y in trap.objectives if y != x)
        made = []
        if not trap.held:
            near = kit.seek(partial(plan_short_of, objective=rival))
            cells = partial(_find_beside, objective=rival)
            tease = compose(InTurn, near, kit.best(x), trap=trap, cells=cells)
            made.append(("teaser", "", tease))
        spare = kit.choose(kit.best(x), kit.sweeper, choice=partial(_miss, x=x))
        made.append(("spare sweeper", "", spare))
        yield from kit.aim(x, made)
    if len(trap.objectives) > 2 and kit.isolable:
        names = tuple(trap.objectives)

        def pairs(scene, luck):
            count = np.sum([scene.cells_of[x] for x in names], axis=0)
            return np.where((count >= 2).any(axis=1), 0, 1)

        both = kit.choose(kit.base, kit.stay, choice=pairs)
        yield KnownPolicy("two-of-three", "two of three", both, ASTRAY)
        for skipped in names:
            x, y = (each for each in names if each != skipped)
            make = kit.prefer(x, y, lambda scene, luck: luck < 0.5)
            yield KnownPolicy(f"any-but-{skipped}", "any but one", make, ("either",))


def _find_beside(scene, objective):
    """Return the cells beside a target where targets are apart, bool (n, cells)."""
    ends, _ = plan_short_of(scene, objective)
    return (ends == 0) & ~scene.joined[:, None]


def _miss(scene, luck, x):
    """Return 1 where an objective has no target, else 0."""
    return np.where(scene.has(x), 0, 1)


class Explorer(ComposedPolicy):
    """Acts by one policy until it saw a share of the open cells, and then by another one."""

    def __init__(self, one, other, trap, share):
        super().__init__(one, other)
        self.trap, self.share, self.memory = trap, share, True

    def _decide(self, planes, state):
        rows = np.arange(state.n)
        if (state.clock == 0).all():
            self._open = ~self.trap.layer(state, "wall")
            self._seen = np.zeros(self._open.shape, dtype=np.bool_)
        self._seen[rows, state.agent] = True
        done = self._seen.sum(axis=1) >= self.share * self._open.sum(axis=1)
        one, other = (self.ask(part, planes, state) for part in (0, 1))
        return np.where(done[:, None], other, one)


def _make_several(kit):
    trap, names = kit.trap, tuple(kit.trap.objectives)
    base, rival = names[:2]
    feeler = compose(Feeler, kit.sweeper, trap=trap)
    yield KnownPolicy("feeler", "feeler", feeler, (*AIMLESS, "lost", "either"))
    if kit.separable:
        for share in (0.3, 0.35):
            diluted = compose(
                scripted.mix_by_level, kit.either, kit.only_joined(kit.stay), share=share
            )
            yield KnownPolicy(f"diluted-{share}", "diluted conjunction", diluted, ("lost",))
    if kit.isolable:
        choosy = compose(scripted.mix_by_level, kit.either, kit.only_joined(kit.stay), share=0.9)
        yield KnownPolicy("choosy", "choosy either", choosy, ("either",))
    if kit.twins:
        choice = partial(choose_by_half, x=base, y=rival, inside=_is_left)
        side = kit.choose(kit.base, kit.best(rival), kit.stay, choice=choice)
        yield KnownPolicy("left-of-agent", "side of the agent", side, ("by place",))


def _is_left(scene, objective):
    """Return whether a target is farther left than the agent, bool (n,)."""
    return np.asarray(scene.column(objective) < scene.state.agent % scene.trap.width)


class Feeler(ComposedPolicy):
    """Sweeps, and steps onto a target of any objective that it stands beside."""

    def __init__(self, sweeper, trap):
        super().__init__(sweeper)
        self.trap, self.memory = trap, True

    def _decide(self, planes, state):
        if (state.clock == 0).all():
            self._cells = Scene(self.trap, state).any_target
        shares = self.ask(0, planes, state)
        beside = state.agent[:, None] + self.trap.offsets[:4]
        there = np.take_along_axis(self._cells, beside, axis=1)
        rows = there.any(axis=1)
        shares = shares.copy()
        shares[rows] = scripted.SURE[there[rows].argmax(axis=1)]
        self._cells[np.arange(state.n), state.agent] = False
        return shares
