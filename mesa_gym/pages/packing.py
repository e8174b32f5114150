"""A level, packed for a playable page: its states, their successors, and its pictures.

A world is all of a state but the agent's cell. Pictures depend on the world alone, except for the
cell where the agent is, so that a level's thousands of states are some kilobytes.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, State
from mesa_gym.policies import Policy
from mesa_gym.policies.asking import PolicySampler
from mesa_gym.rendering.raster import draw_cell, encode_cells, name_planes, order_planes
from mesa_gym.solver import PlacementGraph
from mesa_gym.solver.graph import Floats
from mesa_gym.traps import Trap

Parts = Mapping[str, NDArray[Any]]
WIDE = 16  # pictures of cells in a row: browsers limit how wide a picture is
STATES_AT_ONCE = 4096  # while pictures are looked up
# What probability 1 is written as, in three bytes: with two, where an agent ends up would be wrong
# by 0.0004, since errors add up over an episode.
CERTAIN = 2**24 - 1
# By how much answers to the same picture may differ: networks round otherwise in another batch.
ROUNDING = 1e-6
# By how many steps at most clocks are moved when a policy is asked again.
LATER = 64


class CellSheet:
    """The distinct pictures of cells on a page, each drawn once."""

    def __init__(self, trap: Trap) -> None:
        self.trap = trap
        self._planes = order_planes(trap)
        self._numbers: dict[int, int] = {}

    @property
    def names(self) -> list[list[str]]:
        """The planes in each picture of the sheet; the index is the picture's number."""
        return [name_planes(self._planes, code) for code in self._numbers]

    def encode(self, states: State) -> NDArray[np.int64]:
        """Return a code of each cell, int64 (n, cells); equal codes mean equal pictures."""
        starts = range(0, states.n, STATES_AT_ONCE)
        parts = [states.take(slice(k, k + STATES_AT_ONCE)) for k in starts]
        codes = [encode_cells(self.trap, part).reshape(part.n, -1) for part in parts]
        return np.concatenate(codes)

    def hide_agent(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the cells' codes with the agent removed."""
        return codes & ~np.int64(1 << self._planes.index("agent"))

    def number(self, codes: NDArray[np.int64]) -> NDArray[np.uint16]:
        """Return the picture number of each code, in the shape of ``codes``."""
        unique_codes, index = np.unique(codes, return_inverse=True)
        numbers = [
            self._numbers.setdefault(code, len(self._numbers)) for code in unique_codes.tolist()
        ]
        return np.array(numbers, dtype=np.uint16)[index].reshape(codes.shape)

    def draw(self, tile: int) -> NDArray[np.uint8]:
        """Return the sheet of all pictures by number, ``WIDE`` a row, uint8 (height, width, 3)."""
        rows = -(-len(self._numbers) // WIDE)
        tiles = np.zeros((rows * WIDE, tile, tile, 3), dtype=np.uint8)
        for number, names in enumerate(self.names):
            tiles[number] = draw_cell(self.trap, names, tile)
        rows_of_tiles = tiles.reshape(rows, WIDE, tile, tile, 3).swapaxes(1, 2)
        return rows_of_tiles.reshape(rows * tile, WIDE * tile, 3)


def find_answers(policy: Policy, trap: Trap, states: State, name: str = "") -> Floats | None:
    """Return the answers of a policy in a batch of states, with one call.

    The policy is asked once more, without a reset in between: of the same states in another order,
    each at another time. Where answers differ it remembers, reads the clock or draws something for
    an episode, and its action does not follow from the state.

    Returns:
        float64 (n, 5), action probabilities; None where they do not follow from the states.

    Raises:
        PolicyError: it failed, or answered with something else than actions.
    """
    sampler = PolicySampler(policy, trap, states.level.key, 0, name)
    shares = sampler.probabilities(states, 0)
    rng = np.random.default_rng(0)
    order = rng.permutation(states.n)
    later = rng.integers(1, LATER, states.n)
    again = sampler.probabilities(states.take(order)._replace(clock=states.clock + later), 0)
    return None if np.abs(shares[order] - again).max() > ROUNDING else shares


def pack_level(
    graph: PlacementGraph, sheet: CellSheet, shares: Mapping[int, Floats]
) -> dict[str, Any]:
    """Return the plain data of a level; ``templates/game.js`` opens it.

    The pictures of its cells are added to ``sheet``. ``shares`` are the action probabilities of
    agents, float64 (going, 5), by their number on the page.

    Returns:
        ``going`` (states that go on), ``states`` (all), ``start``, ``worlds``, ``payments`` (the
        distinct ones of each objective), and packed parts, action by action where there are five:
        ``world`` and ``cell`` of each state, ``robot`` (the picture of the agent's cell), ``base``
        (pictures of a world's cells without the agent, XOR those of world 0), ``rank`` (a world's
        number, for addresses), ``delta`` (successor less state), ``paid<i>`` (codes into
        payments), and ``low<k>`` and ``high<k>`` (two bytes and one of the probabilities of all
        actions but the last one, ``CERTAIN`` for 1).
    """
    cells, n = graph.trap.cells, graph.going
    worlds, world = np.unique(graph.rank // cells, return_inverse=True)
    cell = graph.rank % cells
    codes = sheet.encode(graph.states)
    first = np.unique(world, return_index=True)[1]
    base = sheet.number(sheet.hide_agent(codes[first]))
    robot = sheet.number(codes[np.arange(len(cell)), cell])
    base[1:] ^= base[0]
    delta = graph.successor - np.arange(n)
    wide = "<i4" if np.abs(delta).max() > np.iinfo(np.int16).max else "<i2"
    parts: dict[str, NDArray[Any]] = {
        "world": world.astype("<u2"),
        "cell": cell.astype("<u2"),
        "robot": robot.astype("<u2"),
        "base": base.astype("<u2"),
        "rank": worlds.astype("<u4"),
        "delta": delta.astype(wide),
    }
    payments = []
    for i, reward_index in enumerate(graph.paid.values()):
        amounts, index = np.unique(reward_index, return_inverse=True)
        payments.append(amounts.tolist())
        parts[f"paid{i}"] = index.reshape(reward_index.shape).astype(np.uint8)
    for k, policy_shares in shares.items():
        code = np.rint(policy_shares.T[:STAY] * CERTAIN).astype(np.int64)
        parts[f"low{k}"] = (code % 2**16).astype("<u2")
        parts[f"high{k}"] = (code // 2**16).astype(np.uint8)
    return {
        "going": n,
        "states": len(graph),
        "start": graph.start,
        "worlds": len(worlds),
        "payments": payments,
        **pack_parts(parts),
    }


def pack_parts(parts: Parts) -> dict[str, Any]:
    """Return arrays as plain data: name, type, offset and length of each, and all bytes, deflated.

    Offsets are whole multiples of 4 bytes, as typed arrays in a browser want them.
    """
    listed, raw = [], bytearray()
    for name, part in parts.items():
        raw += bytes(-len(raw) % 4)
        listed.append([name, part.dtype.str[1:], len(raw), part.size])
        raw += part.tobytes()
    return {"parts": listed, "packed": b64encode(zlib.compress(bytes(raw), 9)).decode()}
