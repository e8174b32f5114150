"""Plans on maps: worth and ways are those of another algorithm, and of the solver's distances."""

import heapq
from itertools import pairwise

import numpy as np
import torch

from mesa_gym.engine.paths import distances
from mesa_gym.trained.planning import compute_worth, find_ways, list_ways, sum_costs
from mesa_gym.traps import Split, find_trap

HEIGHT, WIDTH = 6, 8


def draw_maps(n=5, seed=0):
    """Utility and cost of n grids; small whole numbers, so that sums are exact."""
    rng = np.random.default_rng(seed)
    shape = (n, HEIGHT, WIDTH)
    utility, cost = rng.integers(-9, 30, shape), rng.integers(1, 12, shape)
    return torch.from_numpy(utility).float(), torch.from_numpy(cost).float()


def worth_by_queue(utility, cost):
    """The worth of ways of one grid, by Dijkstra's algorithm from where ways end."""
    found = np.full(utility.shape, -np.inf)
    queue = [(-(utility[cell] - cost[cell]), cell) for cell in np.ndindex(utility.shape)]
    heapq.heapify(queue)
    while queue:
        less, (y, x) = heapq.heappop(queue)
        if found[y, x] > -np.inf:
            continue
        found[y, x] = -less
        for there in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            # A way that enters the border ends there.
            if 0 < there[0] < HEIGHT - 1 and 0 < there[1] < WIDTH - 1:
                heapq.heappush(queue, (less + cost[there], there))
    return found


def test_the_worth_of_ways_is_that_of_another_algorithm():
    utility, cost = draw_maps()
    found = compute_worth(utility.permute(1, 2, 0), cost.permute(1, 2, 0))
    for index in range(len(utility)):
        expected = worth_by_queue(utility[index].numpy(), cost[index].numpy())
        np.testing.assert_array_equal(found[..., index].numpy(), expected)


def test_ways_are_walks_that_are_worth_what_they_say():
    utility, cost = draw_maps(seed=1)
    cell = torch.tensor([9, 10, 18, 29, 38])
    ways = find_ways(utility, cost, cell)
    paid = sum_costs(cost, ways)
    worth = compute_worth(utility.permute(1, 2, 0), cost.permute(1, 2, 0))
    for way, row in np.ndindex(4, len(cell)):
        cells = ways[:, way, row].tolist()
        assert cells[0] == cell[row] + list_ways(WIDTH)[way]
        moves = {b - a for a, b in pairwise(cells)}
        assert moves <= {0, *list_ways(WIDTH).tolist()}
        entered = list(dict.fromkeys(cells))
        assert paid[way, row] == sum(cost[row].flatten()[each] for each in entered)
        total = utility[row].flatten()[cells[-1]] - paid[way, row]
        assert total == worth.view(-1, len(cell))[cells[0], row]


def test_where_steps_cost_the_same_plans_are_as_long_as_the_shortest_ways():
    trap = find_trap("CheeseDish")()
    starts = trap.levels(Split.TEST, np.arange(200))
    planes = trap.observe(starts)
    walls, goal = (planes[..., trap.channel[name]].astype(bool) for name in ("wall", "cheese"))
    utility = torch.from_numpy(np.where(goal, 1000.0, 0.0)).float()
    cost = torch.from_numpy(np.where(walls, 500.0, 1.0)).float()
    ways = find_ways(utility, cost, torch.from_numpy(starts.agent))
    shortest = sum_costs(cost, ways).amin(dim=0).numpy()
    targets = goal.reshape(starts.n, -1).argmax(axis=1)
    expected = distances(~walls, starts.agent)[np.arange(starts.n), targets]
    assert expected.max() > 12
    np.testing.assert_array_equal(shortest, expected)


def test_a_way_costs_each_cell_once():
    """By hand: from the middle of three cells in a row, to the left, where something lies."""
    utility, cost = torch.zeros(1, 3, 5), torch.full((1, 3, 5), 100.0)
    cost[0, 1, 1:4], utility[0, 1, 1] = torch.tensor([2.0, 3.0, 4.0]), 10.0
    ways = find_ways(utility, cost, torch.tensor([7]))
    assert ways[:, 0, 0].tolist()[0] == 6
    # To the right, and back over the middle: 4 + 3 + 2.
    assert ways[:, 2, 0].tolist() == [8, 7, 6]
    assert sum_costs(cost, ways)[:, 0].tolist() == [2.0, 100.0, 9.0, 100.0]
