"""Plans on maps: the best ways of an agent that knows what each cell is worth and costs.

To end on a cell earns its *utility*; to enter one pays its *cost*, which is above 0. What the best
way that goes on from a cell is worth, the cell's own cost paid, is

    L(s) = max(u(s), max over neighbours s' of L(s')) - c(s),

which is value iteration in max-plus algebra. It is the logarithm of the value propagation of
Nardelli et al. 2019 (section 3, with r = exp u and p = exp -c), and a value iteration network
(Tamar et al. 2016) whose one option is to walk somewhere and stop there.
"""

from __future__ import annotations

import torch
from torch import Tensor

# Sweeps between two looks at whether anything still changes.
SWEEPS = 4
# The inner cells, seen from the neighbour to the left, below, to the right and above.
NEIGHBOURS = (
    (slice(1, -1), slice(None, -2)),
    (slice(2, None), slice(1, -1)),
    (slice(1, -1), slice(2, None)),
    (slice(None, -2), slice(1, -1)),
)
INNER = (slice(1, -1), slice(1, -1))


def list_ways(width: int) -> Tensor:
    """Return what left, down, right and up add to the number of a cell, int64 (4,)."""
    return torch.tensor([-1, width, 1, -width])


@torch.no_grad()
def compute_worth(utility: Tensor, cost: Tensor) -> Tensor:
    """Return what the best way that goes on from each cell is worth.

    Args:
        utility: float32 (height, width, n).
        cost: of the same shape; costs are above 0, so that no way is endless.

    Returns:
        L, float32 (height, width, n), the cell's own cost paid; on the border a way ends.
    """
    worth = utility - cost
    inner, ends, pays = worth[INNER], utility[INNER], cost[INNER]
    while True:
        before = inner.clone()
        for _ in range(SWEEPS):
            best = ends
            for neighbour in NEIGHBOURS:
                best = torch.maximum(best, worth[neighbour])
            torch.sub(best, pays, out=inner)
        if torch.equal(before, inner):
            return worth


@torch.no_grad()
def find_ways(utility: Tensor, cost: Tensor, cell: Tensor) -> Tensor:
    """Return the best ways that begin with a step left, down, right and up.

    Args:
        utility: float32 (n, height, width).
        cost: of the same shape; costs are above 0.
        cell: where the agents are, int64 (n,), not on the border.

    Returns:
        cells, int64 (steps, 4, n), from the one that the step leads to; the last is repeated.
    """
    n, height, width = utility.shape
    ends, pays = (each.permute(1, 2, 0).contiguous() for each in (utility, cost))
    worth, cells = compute_worth(ends, pays), torch.arange(height * width)
    onward = cells[:, None].repeat(1, n)
    here, inner = cells.view(height, width, 1)[INNER], onward.view(height, width, n)[INNER]
    best = ends[INNER]
    for way, neighbour in zip(list_ways(width).tolist(), NEIGHBOURS, strict=True):
        better = worth[neighbour] > best
        best = torch.maximum(best, worth[neighbour])
        inner.copy_(torch.where(better, here + way, inner))
    ways = [cell + list_ways(width)[:, None]]
    while True:
        after = onward.gather(0, ways[-1])
        if torch.equal(after, ways[-1]):
            return torch.stack(ways)
        ways.append(after)


def sum_costs(cost: Tensor, ways: Tensor) -> Tensor:
    """Return what ways cost, float32 (4, n); gradients flow to the cells that are entered.

    Args:
        cost: float32 (n, height, width).
        ways: of ``find_ways``.
    """
    entered = torch.ones_like(ways, dtype=torch.bool)
    entered[1:] = ways[1:] != ways[:-1]
    # Along rows: a gradient that lies as the costs do is summed alike alone and beside others.
    cells = ways.permute(2, 0, 1)
    paid = cost.flatten(1).gather(1, cells.flatten(1)).view(cells.shape)
    return (paid * entered.permute(2, 0, 1)).sum(dim=1).T
