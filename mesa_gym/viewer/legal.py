"""Whether a state is one that a trap's levels can have, and if not, why: no rule is known here.

What is legal is what levels of the trap and play along them show (``mesa_gym.viewer.seen``).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from mesa_gym.envs.observations import make_observation
from mesa_gym.grid import ACTIONS, AGENT, WALL, Plane, Schema, State, from_map, to_map
from mesa_gym.traps import Trap
from mesa_gym.viewer.seen import Seen, beside, cell_codes, inner, look, sign_codes


def only_agent(trap: Trap) -> str:
    """Why nothing but the agent can be moved; "" where other things can."""
    seen, schema = look(trap), trap.schema
    arrays = {**schema.vars, **schema.const}
    # A truth value names no cell and counts nothing; what it says may yet be of the grid.
    named = [x for x, (kind, _) in arrays.items() if kind is not np.bool_ or seen.arrays_vary]
    moving = [p.name for p, other in zip(schema.hidden, seen.wanders, strict=True) if other]
    if named:
        why = f"keeps {_listed(named)} beside the grid, which may name or count cells"
    elif moving:
        why = f"has a hidden plane ({_listed(moving)}) in other cells on other levels"
    else:
        return ""
    return f"{stem(trap)} {why} and would not fit an edited grid: only the agent can be moved"


def require_legal(trap: Trap, state: State, before: State | None = None) -> None:
    """Raise unless levels of the trap, or play along them, have states of this kind.

    Every cell holds a set of planes that is seen there; there are neither more nor fewer of a kind
    (a plane with a sprite; walls and colours are free) than is seen; what the top row shows and
    the hidden planes are as they are seen; every observation that the trap offers can show it;
    and all five actions can be taken, not all of which end the episode.

    Args:
        trap: the rules.
        state: a batch of one; not changed.
        before: a state that this one was made from; what is strange in it already is no reason
            to refuse. (What it lacks is: it may be an episode's last.)

    Raises:
        ValueError: the first reason why not, in words.
    """
    seen = look(trap)
    from_map(to_map(state, hidden=True), trap.schema)
    _require_top_row(trap, seen, state)
    _require_hidden(trap, seen, state)
    _require_cells(trap, seen, state, before)
    _require_counts(trap, seen, state, before)
    if trap.symbolic:
        make_observation(trap, "symbolic").encode(state)
    _require_steps(trap, seen, state)


# -- words -----------------------------------------------------------------------------------------


def stem(trap: Trap) -> str:
    """A trap's name without its version."""
    return trap.name().rpartition("-")[0]


def described(planes: tuple[Plane, ...]) -> str:
    """What stands in a cell, such as "door red": kinds, then attributes."""
    return " ".join(p.name for p in sorted(planes, key=lambda p: p.sprite is None))


def place_name(schema: Schema, cell: int) -> str:
    """A cell in words."""
    row, column = divmod(cell, schema.width)
    return f"row {row}, column {column}"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


# -- one check each --------------------------------------------------------------------------------


def _require_top_row(trap: Trap, seen: Seen, state: State) -> None:
    """Signs as on some level, held items from the left; the rest of the border is bare wall."""
    schema = state.schema
    rest = state.planes[0].copy()
    for plane, (start, stop) in schema.slots.items():
        slots = rest[0, start:stop, schema.channels[plane][0]]
        if (slots[1:] > slots[:-1]).any():
            raise ValueError(
                f"the top row has a gap before a {plane.name}; what is held fills its"
                f" columns {start} to {stop - 1} from the left"
            )
        rest[0, start:stop, schema.channels[plane]] = 0
    for plane in schema.signs:
        rest[0, :, schema.channels[plane]] = 0
    rest[1:-1, 1:-1] = 0
    rest[..., schema.channels[WALL]] = 0
    if rest.any():
        row, column, channel = np.argwhere(rest)[0].tolist()
        raise ValueError(
            f"row {row}, column {column} of the border holds {schema.planes[channel].name};"
            f" {_allowed_above(schema)}"
        )
    if schema.signs or schema.vars or schema.const:
        signs = sign_codes(state)[0]
        if schema.signs and signs not in seen.signs:
            shown = _listed([p.name for p in schema.signs])
            raise ValueError(f"the top row shows {shown} as on no level of {stem(trap)}")
        if not only_agent(trap) and seen.signs[signs] != beside(state)[0]:
            arrays = _listed([*schema.vars, *schema.const])
            raise ValueError(f"{arrays} says something else than the signs in the top row")


def _allowed_above(schema: Schema) -> str:
    held = [
        f"{plane.name} in columns {start} to {stop - 1}"
        for plane, (start, stop) in schema.slots.items()
    ]
    shown = [*held, *(plane.name for plane in schema.signs)]
    return f"its top row may show {_listed(shown)}" if shown else "it is bare wall"


def _require_hidden(trap: Trap, seen: Seen, state: State) -> None:
    """Hidden planes where all levels have them, once-marks where there is what they are of."""
    for plane, channel in state.schema.hidden_channel.items():
        here, always = state.hidden[0, ..., channel], seen.hidden[..., channel]
        if not seen.wanders[channel] and (here != always).any():
            cells = [place_name(state.schema, cell) for cell in np.flatnonzero(always).tolist()]
            raise ValueError(
                f"every level of {stem(trap)} has the hidden plane {plane.name!r} at"
                f" {_listed(cells) if cells else 'no cell'}; the state must too"
            )
    for plane, channel in state.schema.once_channel.items():
        stray = state.hidden[0, ..., channel].view(np.bool_) & ~state.layer(plane)[0]
        if stray.any():
            raise ValueError(
                f"{place_name(state.schema, int(stray.argmax()))} has the mark once:{plane.name}"
                f" but no {plane.name}"
            )


def _require_cells(trap: Trap, seen: Seen, state: State, before: State | None) -> None:
    """Each inner cell holds what some cell of some level is seen to hold."""
    known = set(seen.codes)
    if before is not None:
        agent = 1 << list(state.schema.channels).index(AGENT)
        codes = inner(cell_codes(before), state.schema).ravel().tolist()
        known |= {code for code in codes if not code & agent}
    grid = cell_codes(state).reshape(1, -1)
    inside = np.zeros((state.schema.height, state.schema.width), dtype=np.bool_)
    inside[1:-1, 1:-1] = True
    for cell in np.flatnonzero(inside).tolist():
        if int(grid[0, cell]) not in known:
            raise ValueError(_why_not(trap, seen, int(grid[0, cell]), cell))


def _why_not(trap: Trap, seen: Seen, code: int, cell: int) -> str:
    """Why no cell holds what this one does."""
    schema, where = trap.schema, place_name(trap.schema, cell)
    visible, hidden = list(schema.channels), list(schema.hidden)
    bits = {bit: name for bit, name in enumerate(_bit_names(schema)) if code >> bit & 1}
    agent = visible.index(AGENT)
    if agent in bits:
        rest = [name for bit, name in bits.items() if bit != agent]
        if WALL.name in rest:
            return f"{where} is wall: the agent cannot stand there"
        return (
            f"the agent never stands on {_listed(rest)}, as at {where}, while play of"
            f" {stem(trap)} goes on"
        )
    for a, b in combinations(bits, 2):
        if not any(known >> a & 1 and known >> b & 1 for known in seen.codes):
            return f"no level of {stem(trap)} has {bits[a]} and {bits[b]} in one cell ({where})"
    alone = " alone" if len(bits) == 1 else ""
    held = tuple(p for i, p in enumerate([*visible, *hidden]) if i in bits)
    return f"no level of {stem(trap)} has {described(held)}{alone} in a cell ({where})"


def _bit_names(schema: Schema) -> list[str]:
    """What each bit of a cell's code stands for."""
    return [
        *(plane.name for plane in schema.channels),
        *(f"the hidden {plane.name}" for plane in schema.hidden),
        *(f"a mark that pays for {plane.name}" for plane in schema.once_channel),
    ]


def _require_counts(trap: Trap, seen: Seen, state: State, before: State | None) -> None:
    """As many of each kind as levels have, play along them included."""
    most = seen.most if before is None else np.maximum(seen.most, before.count[0])
    for plane, channels in state.schema.channels.items():
        if plane.sprite is None or plane in (AGENT, WALL):
            continue
        count, low = int(state.count[0, channels[0]]), int(seen.least[channels[0]])
        high = int(most[channels[0]])
        if low <= count <= high:
            continue
        if low == high:
            always = f"every level of {stem(trap)} has exactly {low} {plane.name}"
        else:
            always = f"levels of {stem(trap)} have {low} to {high} {plane.name}"
        raise ValueError(f"{always}; this state would have {count}")


def _require_steps(trap: Trap, seen: Seen, state: State) -> None:
    """All actions can be taken, and not all of them end the episode."""
    ended = []
    for action in range(len(ACTIONS)):
        try:
            ended.append(trap.step(state, np.array([action]))[1].ended[0])
        except Exception as error:
            raise ValueError(
                f"the rules of {stem(trap)} fail on this state ({type(error).__name__}: {error})"
            ) from error
    if all(ended) and not seen.stuck:
        raise ValueError(
            f"the episode would be over whatever is done next; in play of {stem(trap)} there"
            " always is an action after which it goes on"
        )
