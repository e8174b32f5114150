"""The contract of a trap: a family of levels with rules, a base objective and its proxies."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesa_gym.errors import unknown
from mesa_gym.grid import WALL, Bools, Draw, Ints, Move, Plane, Schema, State
from mesa_gym.grid.bits import hash64
from mesa_gym.grid.schema import ArraySpec
from mesa_gym.traps.levels import start_states
from mesa_gym.traps.objective import Objective
from mesa_gym.traps.split import Split

NAMESPACE = "MesaGym"


class Outcome(NamedTuple):
    """What a step paid and ended.

    Attributes:
        paid: objective name -> float64 (n,).
        ended: bool (n,), episodes that terminated.
    """

    paid: dict[str, NDArray[np.float64]]
    ended: Bools


class Trap:
    """Base class of every trap; a subclass is one file in ``mesa_gym.traps``.

    A subclass declares its planes, draws its levels, states its rules and its objectives
    (methods under ``@base`` and ``@proxy``). Everything is a function over a batch.

    Class attributes:
        source: paper and section that the trap comes from.
        kind: type of pseudo-alignment ("Risks from Learned Optimization", section 3).
        planes: what the agent sees; one channel each.
        hidden: planes for measuring only.
        once: planes whose cells pay once (``move.first``).
        held: plane -> the most items the agent can hold; drawn in the top wall row.
        signs: planes that levels may draw in the top wall row, where they stay.
        vars: declared arrays of the state that steps change: name -> (dtype, shape of a level's
            entry).
        const: the same of those that never change.
        salience: parameter -> planes that it repeats; the trap then takes the keyword.
        bounds: objective -> the least and the most that an episode can pay, undiscounted, at the
            default size and time limit.
        grows: planes of which there may come to be more than at the start of a level.
        delta: the share of the proxy's optimum that base-optimal policies may lose where the
            two agree.
        places: base and proxy are places to reach, so that first contact says something.
        by_direction: one side of the grid is what the trap is about (a corner, the far end); the
            levels of all others favour no direction.
        by_distance: nearness is what the trap is about; on the others' shift targets of base and
            proxy are equally far from the start.
        symbolic: the symbolic observation (kind, colour, kind beneath) can tell all states apart.
        novel_planes: planes that only appear under shift (the trap is about unseen features).
        solvable: deterministic, with a state graph small enough for the exact solver; a trap that
            is not needs a ``reference`` policy for each objective.
        expected: "base" where no reward in training can single out a proxy.
        default_size: (height, width) of the grid in cells, border included.
        min_size: the least there can be.
        version: what comes after ``-v``; a finished version never changes.
    """

    source: ClassVar[str]
    kind: ClassVar[tuple[str, ...]]
    planes: ClassVar[tuple[Plane, ...]]
    hidden: ClassVar[tuple[Plane, ...]] = ()
    once: ClassVar[tuple[Plane, ...]] = ()
    held: ClassVar[Mapping[Plane, int]] = {}
    signs: ClassVar[tuple[Plane, ...]] = ()
    vars: ClassVar[Mapping[str, ArraySpec]] = {}
    const: ClassVar[Mapping[str, ArraySpec]] = {}
    salience: ClassVar[Mapping[str, tuple[Plane, ...]]] = {}
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {}
    grows: ClassVar[tuple[Plane, ...]] = ()
    delta: ClassVar[float] = 0.0
    places: ClassVar[bool] = False
    by_direction: ClassVar[bool] = False
    by_distance: ClassVar[bool] = False
    symbolic: ClassVar[bool] = True
    novel_planes: ClassVar[tuple[Plane, ...]] = ()
    solvable: ClassVar[bool] = True
    expected: ClassVar[str] = "proxy"
    default_size: ClassVar[tuple[int, int]] = (9, 9)
    min_size: ClassVar[tuple[int, int]] = (7, 7)
    version: ClassVar[int] = 0

    objectives: ClassVar[dict[str, Objective]]
    base: ClassVar[str]
    proxies: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        found = [o for _, o in inspect.getmembers(cls, lambda m: isinstance(m, Objective))]
        bases = [o for o in found if o.role == "base"]
        proxies = [o for o in found if o.role == "proxy"]
        if len(bases) != 1 or not proxies:
            raise TypeError(
                f"trap {cls.__name__} declares {len(bases)} base and {len(proxies)} proxy"
                " objectives; it needs exactly one @base and at least one @proxy"
            )
        if reserved := {"base", "any"} & {o.name for o in found}:
            raise TypeError(f"an objective cannot be called {reserved.pop()!r}; it names an oracle")
        cls.objectives = {o.name: o for o in (*bases, *proxies)}
        cls.base = bases[0].name
        cls.proxies = tuple(o.name for o in proxies)
        cls._schema(cls.default_size, {})

    def __init__(self, size: int | Sequence[int] | None = None, **parameters: int) -> None:
        """A trap at one size.

        Args:
            size: cells, border included; one number for a square grid, or (height, width).
            **parameters: how many channels each salient group of planes has, 1 by default.

        Raises:
            ValueError: the size is too small or a parameter is not a positive integer.
            UnknownNameError: the trap has no such parameter.
        """
        self.size = self._checked_size(size)
        for name, value in parameters.items():
            if name not in self.salience:
                raise unknown(f"parameter of {type(self).__name__}", name, self.salience)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a positive integer, got {value!r}")
        self.parameters = {name: parameters.get(name, 1) for name in self.salience}
        self.schema = self._schema(self.size, self.parameters)

    @classmethod
    def _schema(cls, size: tuple[int, int], parameters: Mapping[str, int]) -> Schema:
        copies = tuple(
            plane
            for name, planes in cls.salience.items()
            for _ in range(parameters.get(name, 1) - 1)
            for plane in planes
        )
        planes = (*cls.planes, *copies)
        return Schema(*size, planes, cls.hidden, cls.once, cls.held, cls.signs, cls.vars, cls.const)

    @classmethod
    def _checked_size(cls, size: int | Sequence[int] | None) -> tuple[int, int]:
        if size is None:
            return cls.default_size
        pair = tuple(size) if isinstance(size, Sequence) else (size, size)
        least = cls.min_size
        if (
            len(pair) != 2
            or not all(isinstance(s, int) and s % 2 for s in pair)
            or any(s < m for s, m in zip(pair, least, strict=True))
        ):
            raise ValueError(
                f"size {size!r} does not fit {cls.__name__}: it needs odd numbers of at least"
                f" {least[0]} rows and {least[1]} columns, border walls included"
            )
        return pair[0], pair[1]

    @classmethod
    def name(cls) -> str:
        """The class's name and version, such as ``RedBlueDoors-v0``."""
        stem = cls.__name__.removesuffix(f"V{cls.version}") if cls.version else cls.__name__
        return f"{stem}-v{cls.version}"

    @classmethod
    def id(cls, split: Split = Split.TRAIN) -> str:
        """The Gymnasium id, such as ``MesaGym/RedBlueDoors-Shift-v0``."""
        stem, version = cls.name().rsplit("-", 1)
        middle = "" if split is Split.TRAIN else f"-{split.capitalize()}"
        return f"{NAMESPACE}/{stem}{middle}-{version}"

    def __repr__(self) -> str:
        shown = {"size": "x".join(map(str, self.size)), **self.parameters}
        return f"{self.name()}({', '.join(f'{k}={v}' for k, v in shown.items())})"

    # -- what a trap declares --------------------------------------------------------------------

    def draw(self, draw: Draw, split: Split) -> None:
        """Draw ``len(draw)`` levels at once; ``split`` is never ``test``."""
        raise NotImplementedError

    def blocked(self, move: Move) -> Bools:
        """Which agents cannot enter their target cell, bool (n,)."""
        return move.on(WALL)

    def rules(self, move: Move) -> None:
        """What the move changes besides the agent's place."""

    def ends(self, move: Move) -> Bools:
        """Which episodes terminate, bool (n,)."""
        raise NotImplementedError

    def horizon(self, split: Split) -> int:
        """The default time limit in steps: 64 on a 9x9 grid, in proportion to its cells."""
        return 64 * self.schema.cells // 81

    def reference(self, objective: str, state: State) -> Ints:
        """What the scripted reference policy of an objective does, int64 (n,), 0 to 4.

        A trap without an exact solver writes one for each objective: as good as its author can
        make it for that objective, and from the state alone, which it must not change. The
        returns of these policies are the scale of the score: an agent may earn more, and its
        normalised return is then above 1. ``mesa_gym.testing.check_references`` says whether
        they are good enough.
        """
        raise NotImplementedError(f"{self!r} has no reference policy for {objective!r}")

    def discount(self, objective: str) -> float:
        """The discount of an objective; a sum of objectives is discounted as the base is."""
        return self.objectives.get(objective, self.objectives[self.base]).discount

    # -- the transition ----------------------------------------------------------------------------

    def advance(self, state: State, actions: Ints) -> Outcome:
        """Take one step in place.

        Args:
            state: the batch; its owner is the caller.
            actions: int64 (n,), 0 to 4, unchecked (a negative one would be read as an index).
        """
        move = Move(state, actions)
        move.go(self.blocked(move))
        self.rules(move)
        paid = {o.name: o.pay(self, move).astype(np.float64) for o in self.objectives.values()}
        ended = self.ends(move)
        move.clear_marks()
        state.clock += 1
        return Outcome(paid, ended)

    def step(self, state: State, actions: Ints) -> tuple[State, Outcome]:
        """``advance`` with these actions on a copy: the state given is not changed."""
        after = state.copy()
        return after, self.advance(after, actions)

    # -- levels ------------------------------------------------------------------------------------

    def key(self, split: Split, salt: str = "") -> int:
        """The 64-bit number that this trap's levels on a split are drawn from, with a salt."""
        parameters = ",".join(f"{k}={v}" for k, v in sorted(self.parameters.items()))
        size = "x".join(map(str, self.size))
        return hash64("|".join([self.name(), size, parameters, split.value, salt]))

    def levels(self, split: Split, numbers: ArrayLike, salt: str = "") -> State:
        """The start states of the given levels, in their order.

        Args:
            split: the distribution.
            numbers: int64 (n,), level numbers.
            salt: an evaluator's secret.

        Raises:
            RuntimeError: a level broke the trap's own requirements 64 times.
        """
        return start_states(self, split, np.asarray(numbers, dtype=np.int64), salt)
