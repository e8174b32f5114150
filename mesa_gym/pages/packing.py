"""Pack a level for a playable page: its states, their successors, and its pictures.

A world is a state without the agent's cell. Except in the agent's cell, pictures depend only on the
world, so that a level's thousands of states need a few kilobytes.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Bytes, Floats, Ints, State
from mesa_gym.policies import Policy, PolicySampler
from mesa_gym.rendering.raster import draw_cell, encode_cells, name_planes, order_planes
from mesa_gym.solver import PlacementGraph
from mesa_gym.traps import Trap

Parts = Mapping[str, NDArray[Any]]
WIDE = 16  # pictures of cells per row, because browsers limit the width of a picture
STATES_AT_ONCE = 4096  # states whose cells are encoded at once
# The integer for probability 1, in three bytes. With two bytes, errors would add up over an episode
# to 0.0004 in the probability of an outcome.
CERTAIN = 2**24 - 1
# Tolerance for answers to the same observation: a network's rounding depends on the batch.
ROUNDING = 1e-6
# Limit of the steps that are added to clocks when a policy is asked again.
LATER = 64


class CellSheet:
    """The distinct pictures of cells on a page, each drawn once; ``agent`` is the agent's code."""

    def __init__(self, trap: Trap) -> None:
        self.trap = trap
        self._planes = order_planes(trap)
        self.agent = np.int64(1 << self._planes.index("agent"))
        self._numbers: dict[int, int] = {}

    @property
    def names(self) -> list[list[str]]:
        """The planes in each picture of the sheet; the index is the picture's number."""
        return [name_planes(self._planes, code) for code in self._numbers]

    def encode(self, states: State) -> Ints:
        """Return a code of each cell, int64 (n, cells); equal codes mean equal pictures."""
        starts = range(0, states.n, STATES_AT_ONCE)
        parts = [states.take(slice(k, k + STATES_AT_ONCE)) for k in starts]
        codes = [encode_cells(self.trap, part).reshape(part.n, -1) for part in parts]
        return np.concatenate(codes)

    def number(self, codes: Ints) -> NDArray[np.uint16]:
        """Return the picture number of each code, in the shape of ``codes``."""
        unique_codes, index = np.unique(codes, return_inverse=True)
        numbers = [
            self._numbers.setdefault(code, len(self._numbers)) for code in unique_codes.tolist()
        ]
        return np.array(numbers, dtype=np.uint16)[index].reshape(codes.shape)

    def draw(self, tile: int) -> Bytes:
        """Return the sheet of all pictures, ``WIDE`` per row, uint8 (height, width, 3)."""
        rows = -(-len(self._numbers) // WIDE)
        tiles = np.zeros((rows * WIDE, tile, tile, 3), dtype=np.uint8)
        for number, names in enumerate(self.names):
            tiles[number] = draw_cell(self.trap, names, tile)
        rows_of_tiles = tiles.reshape(rows, WIDE, tile, tile, 3).swapaxes(1, 2)
        return rows_of_tiles.reshape(rows * tile, WIDE * tile, 3)


def find_answers(policy: Policy, trap: Trap, states: State, name: str = "") -> Floats | None:
    """Return a policy's action probabilities in a batch of states.

    The policy is asked again without a reset, for the same states in another order and at other
    times. If the answers differ, the policy has a memory, reads the clock or draws something once
    per episode: its action probabilities are not a function of the state.

    Returns:
        Action probabilities, float64 (n, 5); None if they are not a function of the state.

    Raises:
        PolicyError: the policy failed, or its answer is not a valid action.
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
) -> dict[str, object]:
    """Return a level as plain data, which ``templates/game.js`` reads.

    Pictures of the level's cells are added to ``sheet``. ``shares`` maps the number of an agent on
    the page to its action probabilities, float64 (going, 5).

    Returns:
        ``going`` (number of states in which the episode continues), ``states`` (number of all
        states), ``start``, ``worlds``, ``payments`` (distinct payments of each objective), and
        packed arrays, whose first axis is the action if values depend on it: ``world`` and
        ``cell`` of each state, ``robot`` (picture of the agent's cell), ``base`` (pictures of a
        world's cells without the agent, XOR the pictures of world 0), ``rank`` (a world's number,
        for addresses), ``delta`` (successor minus state), ``paid<i>`` (indices of payments), and
        ``low<k>`` and ``high<k>`` (the two lower bytes and the upper byte of the probabilities of
        all actions but the last; 1 is ``CERTAIN``).
    """
    cells, n = graph.trap.cells, graph.going
    worlds, world = np.unique(graph.rank // cells, return_inverse=True)
    cell = graph.rank % cells
    codes = sheet.encode(graph.states)
    first = np.unique(world, return_index=True)[1]
    base = sheet.number(codes[first] & ~sheet.agent)  # without the agent
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


def pack_parts(parts: Parts) -> dict[str, object]:
    """Return arrays as plain data: name, type, offset and length of each, and their deflated bytes.

    Offsets are multiples of 4 bytes, as typed arrays in a browser require.
    """
    listed, raw = [], bytearray()
    for name, part in parts.items():
        raw += bytes(-len(raw) % 4)
        listed.append([name, part.dtype.str[1:], len(raw), part.size])
        raw += part.tobytes()
    return {"parts": listed, "packed": b64encode(zlib.compress(bytes(raw), 9)).decode()}
