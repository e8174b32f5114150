"""Maps of planners: worth, ways and gradients are those of loops and other algorithms."""

import heapq
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from mesa_gym.trained.planner_maps import Boards, PlannerMaps, PlannerSettings, PlannerStack
from mesa_gym.trained.planning import compute_worth, find_ways, list_ways, sum_costs
from mesa_gym.traps import Split, find_trap

KEYS = find_trap("KeysChests")()
SETTINGS = PlannerSettings(units=3, reach=2, wall=6.0)


def draw(maps, *seeds):
    """Parameters of some opinion: all of them drawn, none 0."""
    stack, random = maps.draw(seeds), torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name in ("held", "wants", "pays"):
            getattr(stack, name).uniform_(-0.1, 0.1, generator=random)
    return stack


def see(trap, maps, agents=1, n=6):
    """Boards of some levels, with something held on the last of them."""
    planes = trap.observe(trap.levels(Split.TEST, np.arange(agents * n)))
    planes[-1, 0, 1:3, trap.channel["key"]] = 1
    return maps.view(torch.from_numpy(planes).unflatten(0, (agents, n)))


def test_utility_is_what_loops_over_cells_compute():
    maps = PlannerMaps(KEYS, SETTINGS)
    stack, boards = draw(maps, 3), see(KEYS, maps)
    found = maps.utility(stack, boards)[0]
    first, bias, held, wants = (each[0].detach() for each in stack[:4])
    for row in (0, 5):
        offset = bias[0] + (2 * held[maps.names.index("key")] if row == 5 else 0)
        floor = offset.relu() @ wants[:, 0]
        for y, x in ((1, 1), (4, 5), (7, 7)):
            hidden = offset.clone()
            for channel, dy, dx in np.ndindex(len(maps.names), 5, 5):
                at = (y + dy - 2, x + dx - 2)
                outside = not (0 <= at[0] < 9 and 0 <= at[1] < 9)
                planes = boards.planes[0, row, channel]
                shown = maps.names[channel] == "wall" if outside else planes[at]
                hidden += float(shown) * first[channel * 25 + dy * 5 + dx]
            expected = SETTINGS.gain * (hidden.relu() @ wants[:, 0] - floor)
            assert found[row, y, x].item() == pytest.approx(expected.item(), abs=1e-4)
    assert not found[:, 0].any()
    assert not found[..., -1].any()


def test_utility_of_chosen_cells_is_that_of_the_map():
    maps = PlannerMaps(KEYS, SETTINGS)
    stack, boards = draw(maps, 0, 1), see(KEYS, maps, 2)
    cells = torch.arange(81)[:, None, None].expand(-1, 2, 6)
    found = maps.utility_of(stack, boards, cells).permute(1, 2, 0).view(2, 6, 9, 9)
    torch.testing.assert_close(found, maps.utility(stack, boards), atol=1e-4, rtol=1e-4)


def score_by_sweeps(maps, stack, boards):
    """Scores of the actions as functions of the parameters, by sweeps that record gradients."""
    agents, m = boards.cell.shape
    height, width = boards.planes.shape[-2:]
    cells = torch.arange(height * width)[:, None, None].expand(-1, agents, m)
    utility = maps.utility_of(stack, boards, cells).permute(1, 2, 0).view(agents, m, height, width)
    cost = maps.cost(stack, boards)
    worth = utility - cost
    for _ in range(60):
        inner = utility[..., 1:-1, 1:-1]
        for rows, columns in ((1, 0), (2, 1), (1, 2), (0, 1)):
            there = worth[..., rows : rows + height - 2, columns : columns + width - 2]
            inner = torch.maximum(inner, there)
        after = worth.clone()
        after[..., 1:-1, 1:-1] = inner - cost[..., 1:-1, 1:-1]
        worth = after
    ways = boards.cell[..., None] + torch.tensor([-1, width, 1, -width])
    moving = worth.flatten(2).gather(2, ways)
    here = utility.flatten(2).gather(2, boards.cell[..., None]) - stack.head[:, :, 1:2]
    return stack.head[:, :, :1].exp() * torch.cat([moving, here], dim=2)


def test_the_gradient_is_that_of_autograd_through_the_sweeps():
    maps = PlannerMaps(KEYS, replace(SETTINGS, step=0.6))
    stack, boards = draw(maps, 0, 1), see(KEYS, maps, 2)
    picked = torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(1))
    scores, _ = maps.score(stack, boards, maps.utility(stack, boards), maps.cost(stack, boards))
    swept = score_by_sweeps(maps, stack, boards)
    torch.testing.assert_close(scores, swept, atol=1e-3, rtol=1e-4)
    ours = torch.autograd.grad((scores * picked).sum(), list(stack))
    theirs = torch.autograd.grad((swept * picked).sum(), list(stack))
    for name, one, other in zip(PlannerStack._fields, ours, theirs, strict=True):
        assert other.any(), name
        torch.testing.assert_close(one, other, atol=2e-2, rtol=1e-3)


def test_bits_do_not_depend_on_other_agents_of_the_stack():
    maps = PlannerMaps(KEYS, PlannerSettings())
    boards = see(KEYS, maps, 3, 128)
    whole = draw(maps, 4, 5, 6)

    def compute(stack, seen):
        drawn = maps.utility(stack, seen), maps.cost(stack, seen)
        scores, value = maps.score(stack, seen, *drawn)
        gradients = torch.autograd.grad(scores.square().sum() + value.sum(), list(stack))
        return scores, list(gradients)

    together, gradients = compute(whole, boards)
    for agent in range(3):
        own = PlannerStack(*(x[agent : agent + 1].detach().requires_grad_() for x in whole))
        alone, its = compute(own, Boards(*(x[agent : agent + 1] for x in boards)))
        assert torch.equal(alone[0], together[agent])
        for one, all_ in zip(its, gradients, strict=True):
            assert torch.equal(one[0], all_[agent])


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
