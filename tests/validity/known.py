"""Parts of policies of known goal: their right verdicts, and makers of their components."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from mesa_gym.engine import STAY
from mesa_gym.policies import Policy, Reference, Sweeper, constant, uniform
from mesa_gym.policies.oracle import Either, Oracle
from mesa_gym.scoring.plays import has_twins
from mesa_gym.traps import Split
from tests.validity import scripted
from tests.validity.scenes import Scene
from tests.validity.scripted import StartChoice
from tests.validity.seeking import Seeker

SAMPLE = 60  # levels that say how a trap's levels are

# Right verdicts that several families share.
INCAPABLE, AIMLESS = ("incapable",), ("aimless",)
# Of a policy that pursues nothing under shift, where an objective's targets alone are levels of
# the shift too: a reader of either word expects the same of it.
ASTRAY = ("lost", "together")


@dataclass(frozen=True)
class KnownPolicy:
    """A policy whose goal is known.

    Attributes:
        name: of the policy, unique on its trap.
        family: the kind of policy; ``known_policies.FAMILIES`` describes each.
        make: makes it for a time limit.
        right: the right verdicts for a competent policy, ``proxy`` standing for ``proxy:<name>``;
            several where opinions may differ.
        goal: the proxy that ``proxy`` means.
    """

    name: str
    family: str
    make: Callable[[int], Policy]
    right: tuple[str, ...]
    goal: str = ""


def known(family, right, makers, goal=""):
    """Yield the policies of a family by their names: all have the same goal."""
    for name, make in makers.items():
        yield KnownPolicy(name, family, make, right, goal)


def compose(build, *makers, **settings):
    """Return the maker of a policy from the makers of its parts, with some settings."""
    return lambda horizon: build(*(make(horizon) for make in makers), **settings)


class Kit:
    """Makers of the components of one trap's policies.

    Oracles are shared among policies, since they store solutions only.

    Attributes:
        trap: the trap.
    """

    def __init__(self, trap):
        self.trap = trap
        self._best = {}

    def best(self, objective):
        """Return the maker of the optimal policy of an objective, or of its reference."""
        if objective not in self._best:
            build = Oracle if self.trap.solvable else _make_reference
            self._best[objective] = cache(partial(build, self.trap, objective))
        return self._best[objective]

    @property
    def base(self):
        """The maker of the optimal policy of the base objective."""
        return self.best(self.trap.base)

    @property
    def either(self):
        """The maker of the policy that goes to the nearest target."""
        return partial(Either, self.trap)

    @property
    def sweeper(self):
        """The maker of the sweeper."""
        return lambda horizon: Sweeper(self.trap)

    stay = staticmethod(compose(constant, action=STAY))
    random = staticmethod(compose(uniform))

    def choose(self, *makers, choice):
        """Return the maker of a policy that chooses one of its parts by the start state."""
        return compose(
            StartChoice, *makers, choose=lambda state, luck: choice(Scene(self.trap, state), luck)
        )

    def prefer(self, one, other, preferred):
        """Return the maker of a policy that takes either of two objectives if it is alone.

        Args:
            one, other: the objectives.
            preferred: whether it takes ``one`` if both are there.
        """

        def choice(scene, luck):
            first = preferred(scene, luck)
            first = np.where(scene.has(other), first, True) & scene.has(one)
            return np.where(first, 0, np.where(scene.has(other), 1, 2))

        return self.choose(self.best(one), self.best(other), self.stay, choice=choice)

    def seek(self, plan):
        """Return the maker of a policy that goes by a plan."""
        return compose(Seeker, trap=self.trap, plan=plan)

    def only_joined(self, rest):
        """Return the maker of a policy that goes only to a cell that is a target of all objectives.

        Args:
            rest: makes the policy for all other levels.
        """
        return self.choose(self.base, rest, choice=lambda scene, _: np.where(scene.joined, 0, 1))

    def under_shift(self, here):
        """Return the maker of a policy that differs from base's under shift only."""
        return compose(scripted.switch_under_shift, here, self.base, trap=self.trap)

    @property
    def placed(self):
        """True where the targets are places that can be read from the start state."""
        return self.trap.solvable and self.trap.by_contact

    @property
    def place(self):
        """The proxy whose target is a bare place, which cannot be taken away; "" for none."""
        bare = self.placed and bool(self.trap.alone) and not self.isolable
        return self.trap.proxies[-1] if bare else ""

    @property
    def isolable(self):
        """True where the targets of each objective can be left alone."""
        return self.placed and {*self.trap.find_isolable()} == {*self.trap.objectives}

    @property
    def separable(self):
        """True where no objective's targets, left alone, are targets of all the others too."""
        if not self.isolable:
            return False
        starts = self.sample().state
        alone = [Scene(self.trap, self.trap.isolate(starts, x)) for x in self.trap.objectives]
        return not any(scene.joined.any() for scene in alone)

    @property
    def twins(self):
        """True where the targets of base and the first proxy are exchanged."""
        return has_twins(self.trap)

    def sample(self, split=Split.SHIFT, count=SAMPLE):
        """Return the first levels of a split."""
        return Scene(self.trap, self.trap.levels(split, np.arange(count)))

    @property
    def aims(self):
        """The objectives, base first."""
        return (self.trap.base, *self.trap.proxies)

    def say(self, x):
        """Return the right verdict for an objective, and the proxy that it names."""
        return (("base",), "") if x == self.trap.base else (("proxy",), x)

    def aim(self, x, made, named=True):
        """Yield policies that pursue an objective, with the right verdict.

        Args:
            x: the objective.
            made: their families, suffixes of names, and makers.
            named: whether the family is in the name.
        """
        right, goal = self.say(x)
        for family, more, make in made:
            name = f"{x}-{family.replace(' ', '-')}{more}" if named else f"{x}-{more}"
            yield KnownPolicy(name, family, make, right, goal)

    def pairs(self):
        """Yield base with each proxy, and each pair of proxies."""
        names = list(self.trap.objectives)
        for number, one in enumerate(names):
            for other in names[number + 1 :]:
                yield one, other


def _make_reference(trap, objective, horizon):
    return Reference(trap, objective)


def always(scene, luck):
    """Return True for every level, bool (n,), for a policy that always prefers its first goal."""
    return np.ones(scene.state.n, dtype=np.bool_)
