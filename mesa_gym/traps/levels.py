"""From level numbers to start states: rejected levels are drawn again.

Levels of ``test``, ``control`` and ``shift`` never occur in ``train``: a hash of the walls, or of
the whole level if layouts vary too little, determines whether a level may be in training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from mesa_gym.engine import Bools, Ints, LevelBuilder, State, World, hash_rows
from mesa_gym.engine.chance import hash64
from mesa_gym.errors import shorten, unknown
from mesa_gym.traps.options import Option, Whole
from mesa_gym.traps.split import LEVELS, Split

ATTEMPTS = 64
PORTION = 4096
MOST_COPIES = 255  # the most copies of a plane


class LevelFamily(World):
    """The levels of a trap at one size: a pure function of split, salt and level number.

    Class attributes:
        salience: keyword -> the planes that it repeats.
        options: keyword -> its range; the trap reads the value from ``parameters``.
        default_size: (height, width) of the grid in cells, border included.
        min_size: the smallest size; ``max_size`` is the largest. All odd sizes between them work.
        version: the number after ``-v``; a published version never changes.

    Attributes:
        parameters: keyword -> its value.
        channels: the planes of an observation, including copies for salience.
    """

    salience: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    options: ClassVar[Mapping[str, Option]] = {}
    default_size: ClassVar[tuple[int, int]] = (9, 9)
    min_size: ClassVar[tuple[int, int]] = (7, 7)
    max_size: ClassVar[tuple[int, int]] = (31, 31)
    version: ClassVar[int] = 0

    def __init__(self, size: int | Sequence[int] | None = None, **parameters: object) -> None:
        """Make a trap at one size.

        Args:
            size: in cells, border included; one number for a square grid, or (height, width).
            **parameters: the number of channels of each salient group of planes (1 by default),
                and the trap's other options.

        Raises:
            ValueError: the trap does not support the size or the value of a parameter.
            UnknownNameError: the trap has no such parameter.
        """
        self.parameters = self.check_parameters(parameters)
        super().__init__(self._check_size(size))
        copies = [planes * (self.parameters[name] - 1) for name, planes in self.salience.items()]
        self.channels = (*self.planes, *chain(*copies))

    @classmethod
    def keywords(cls) -> dict[str, Option]:
        """Return keyword -> its range, without ``size``."""
        return {**dict.fromkeys(cls.salience, Whole(1, 1, MOST_COPIES)), **cls.options}

    @classmethod
    def check_parameters(cls, arguments: Mapping[str, object]) -> dict[str, Any]:
        """Return a value for each keyword: the argument, or the default.

        Raises:
            ValueError: a value does not fit.
            UnknownNameError: the trap has no such keyword.
        """
        allowed = cls.keywords()
        for name in arguments:
            if name not in allowed:
                raise unknown(f"parameter of {cls.__name__}", name, allowed)
        return {
            name: option.check(name, arguments.get(name, option.default))
            for name, option in allowed.items()
        }

    @classmethod
    def _check_size(cls, size: int | Sequence[int] | None) -> tuple[int, int]:
        if size is None:
            return cls.default_size
        pair = tuple(size) if isinstance(size, Sequence | np.ndarray) else (size, size)
        if (
            len(pair) != 2
            or not all(isinstance(side, int | np.integer) and side % 2 for side in pair)
            or any(side < least for side, least in zip(pair, cls.min_size, strict=True))
            or any(side > most for side, most in zip(pair, cls.max_size, strict=True))
        ):
            raise ValueError(
                f"size {shorten(size)} does not fit {cls.__name__}: it needs odd numbers, from"
                f" {cls.min_size[0]} to {cls.max_size[0]} rows and from {cls.min_size[1]} to"
                f" {cls.max_size[1]} columns, border walls included"
            )
        return int(pair[0]), int(pair[1])

    @classmethod
    def name(cls) -> str:
        """Return the class's name and version, such as ``RedBlueDoors-v0``."""
        stem = cls.__name__.removesuffix(f"V{cls.version}") if cls.version else cls.__name__
        return f"{stem}-v{cls.version}"

    def __repr__(self) -> str:
        usual = {name: option.default for name, option in self.options.items()}
        settings = {k: v for k, v in self.parameters.items() if k not in usual or v != usual[k]}
        settings = {"size": "x".join(map(str, self.size)), **settings}
        return f"{self.name()}({', '.join(f'{k}={v}' for k, v in settings.items())})"

    def draw(self, level: LevelBuilder, split: Split) -> None:
        """Draw a batch of levels into ``level``; ``split`` is never ``test``."""
        raise NotImplementedError

    def flag_levels(self, state: State) -> Bools:
        """Return flags that identify a level, independent of the agent's start, bool (n, ...).

        They are the planes of the start state except the agent's plane.
        """
        planes = self.observe(state).reshape(state.n, self.cells, -1)
        other_planes = [index for plane, index in self.channel.items() if plane != "agent"]
        return planes[..., other_planes].astype(np.bool_)

    def key(self, split: Split, salt: str = "") -> int:
        """Return the 64-bit number from which levels of a split and ``salt`` are generated.

        Options are not part of the key: level n is generated from the same random numbers for all
        values of an option, so a published trap can get a new option.
        """
        size = "x".join(map(str, self.size))
        return hash64("|".join([self.name(), size, split.value, salt]))

    def levels(self, split: Split | str, numbers: ArrayLike, salt: str = "") -> State:
        """Return the start states of levels, in the order of ``numbers``.

        Args:
            split: the distribution.
            numbers: integers (n,), level numbers.
            salt: an evaluator's secret; a different salt gives different levels.

        Raises:
            RuntimeError: a level was rejected 64 times.
            UnknownNameError: the split is unknown.
            ValueError: the numbers are not integers in range, or the salt is not text.
        """
        if not isinstance(salt, str):
            raise ValueError(f"salt must be text, got {shorten(salt)}")
        split, numbers = Split.of(split), check_numbers(numbers)
        if not numbers.size:
            return self.levels(split, [0], salt).take(numbers)
        blocks = np.split(numbers, range(PORTION, len(numbers), PORTION))
        states = [_draw_accepted(self, split, block, salt) for block in blocks]
        return states[0] if len(states) == 1 else self.joined(states)


def _draw_accepted(family: LevelFamily, split: Split, numbers: Ints, salt: str) -> State:
    """Return the start states of at most ``PORTION`` levels; rejected levels are drawn again."""
    pending = np.arange(len(numbers))
    parts: list[State] = []
    order: list[Ints] = []
    for attempt in range(ATTEMPTS):
        builder = _draw_once(family, split, numbers[pending], salt, attempt)
        if builder.valid.all() and not parts:
            return builder.states()
        parts.append(builder.states().take(builder.valid))
        order.append(pending[builder.valid])
        pending = pending[~builder.valid]
        if not pending.size:
            back = np.argsort(np.concatenate(order), kind="stable")
            return family.joined([family.joined(parts).take(back)])
    raise RuntimeError(
        f"{family!r}, split {split.value!r}: level {numbers[pending[0]]} broke the trap's"
        f" requirements {ATTEMPTS} times; choose another size (in a trap of your own: place fewer"
        " things, or loosen `level.require` and `among`)"
    )


def _draw_once(
    family: LevelFamily, split: Split, numbers: Ints, salt: str, attempt: int
) -> LevelBuilder:
    """Draw levels once, including levels that are rejected."""
    # Levels from 2**48 up are for training on the shift, so they have the side of training.
    side = np.where((numbers >= LEVELS) | (split is Split.TRAIN), 0, 1)
    builder = LevelBuilder(family, family.key(split, salt), numbers, attempt, side)
    family.draw(builder, split.law)
    # A trap may have changed the drawn walls, so the side is checked again.
    uses_all_planes = not builder.held_out
    decides = family.flag_levels(builder.states()) if uses_all_planes else builder.open_cells
    builder.require(hash_rows(decides) & 1 == builder.side)
    return builder


def check_numbers(numbers: ArrayLike) -> Ints:
    """Return level numbers as int64 (n,).

    Raises:
        ValueError: the numbers are not a sequence of integers from 0 to 2**49 - 1.
    """
    array: Any = np.asarray(numbers)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(
            f"level numbers {shorten(numbers)} do not fit; expected a sequence of integers from 0"
            " to 2**48 - 1, such as range(1000)"
        )
    wrong = (array < 0) | (array >= 2 * LEVELS)
    if wrong.any():
        raise ValueError(
            f"level {array[wrong.argmax()]} is out of range; expected 0 to 2**48 - 1 (training on"
            " the shift uses the numbers from 2**48 to 2**49 - 1)"
        )
    return array.astype(np.int64)
