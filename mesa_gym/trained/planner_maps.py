"""The maps of planners: what each cell is worth to end on, and what it costs to enter.

Both are functions of what lies in and around a cell, never of where the cell is, so that they can
be drawn for grids of any size.

Planners that are trained together are a *stack*: parameters with an axis of S agents in front.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad, softplus

from mesa_gym.trained.planning import find_ways, sum_costs
from mesa_gym.traps import Trap

# The inner cells of the usual grid, 9x9. Utility grows with their number: see ``utility``.
USUAL_CELLS = 49
LARGEST_EXPONENT = 3.0  # of the value


@dataclass(frozen=True)
class PlannerSettings:
    """The settings of a planner, chosen by returns in training alone (docs/studies/objective.md).

    Attributes:
        units: of the hidden layer of the utility.
        reach: how far around a cell its utility sees, in cells each way.
        gain: by which utilities and the arguments of costs are multiplied, so that small steps of
            the weights carry them far.
        step, wall: what it costs at first to enter a free cell and a wall. Ways round walls are
            shorter than the latter, so that no plan enters what cannot be entered.
        sharpness: at first, by which the worth of ways is multiplied to give scores.
    """

    units: int = 16
    reach: int = 1
    gain: float = 20.0
    step: float = 0.15
    wall: float = 100.0
    sharpness: float = 7.4

    @property
    def side(self) -> int:
        """The side of the window around a cell."""
        return 2 * self.reach + 1


class PlannerStack(NamedTuple):
    """Parameters of S planners, float32; P planes are seen, those besides the agent's own.

    Attributes:
        first, first_bias: (S, P * side * side, units) and (S, 1, units), from the window around a
            cell to the hidden units.
        held: (S, P, units), from what is held to the hidden units.
        wants: (S, units, 1), from the hidden units to the utility.
        pays, pays_bias: (S, P, 1) and (S, 1, 1), from a cell's planes to its cost.
        head: (S, 1, 5), the logarithm of the sharpness, the cost of staying, and three numbers of
            the value.
    """

    first: Tensor
    first_bias: Tensor
    held: Tensor
    wants: Tensor
    pays: Tensor
    pays_bias: Tensor
    head: Tensor


class Boards(NamedTuple):
    """Observations of S agents, m each.

    Attributes:
        planes: float32 (S, m, P, height, width), without what is held.
        held: float32 (S, m, P), how often each plane is set in the top row, where held items are.
        cell: int64 (S, m), where the agents are.
    """

    planes: Tensor
    held: Tensor
    cell: Tensor


class PlannerMaps:
    """The functions from observations to maps and scores.

    Args:
        trap: whose planes are seen; its size does not count.
        settings: of the planners.
    """

    def __init__(self, trap: Trap, settings: PlannerSettings) -> None:
        self.settings = settings
        self.names = [name for name in trap.channels if name != "agent"]
        self._agent, self._wall = trap.channels.index("agent"), self.names.index("wall")
        self._seen = [i for i, name in enumerate(trap.channels) if name != "agent"]
        self._things = [i for i in range(len(self.names)) if i != self._wall]

    def draw(self, seeds: tuple[int, ...]) -> PlannerStack:
        """Draw the parameters of one agent a seed; nothing is wanted or known to be dear yet."""
        made, count = self.settings, len(self.names)
        inputs = count * made.side**2
        pays, free = torch.zeros(count, 1), _invert_softplus(made.step)
        pays[self._wall] = (_invert_softplus(made.wall) - free) / made.gain
        head = torch.tensor([[math.log(made.sharpness), made.step, 0.0, 0.5, -1.1]])
        drawn = []
        for seed in seeds:
            random = torch.Generator().manual_seed(seed)
            first = torch.empty(inputs + 1, made.units).uniform_(-1, 1, generator=random)
            first *= (inputs + made.side**2) ** -0.5
            wants = torch.empty(made.units, 1).uniform_(-1, 1, generator=random)
            wants *= 0.1 / made.gain * made.units**-0.5
            held, bias = torch.zeros(count, made.units), torch.tensor([[free / made.gain]])
            drawn.append((first[:-1], first[-1:], held, wants, pays, bias, head))
        return PlannerStack(
            *(torch.stack(each).requires_grad_() for each in zip(*drawn, strict=True))
        )

    def view(self, planes: Tensor) -> Boards:
        """Return observations, uint8 (S, m, height, width, channels), as boards."""
        seen = planes[..., self._seen].movedim(-1, 2).float()
        held = seen[:, :, :, 0].sum(dim=-1)
        held[..., self._wall] = 0
        seen[:, :, self._things, 0] = 0
        return Boards(seen, held, planes[..., self._agent].flatten(2).argmax(dim=2))

    @torch.no_grad()
    def utility(self, stack: PlannerStack, boards: Boards) -> Tensor:
        """Return what each cell is worth to end on, float32 (S, m, height, width).

        A cell with nothing around is worth 0, and so is the border. What others are worth is
        counted in cells of the grid: on one of twice as many, twice as long a way is gone for it.
        """
        count, side = len(self.names), self.settings.side
        offset, padded, found = self._offset(stack, boards), self._pad(boards), []
        for agent in range(len(padded)):
            weight = stack.first[agent].T.view(-1, count, side, side)
            hidden = conv2d(padded[agent], weight) + offset[agent][..., None, None]
            found.append(torch.einsum("muhw,u->mhw", hidden.relu(), stack.wants[agent, :, 0]))
        worth = torch.stack(found) - _weigh(offset, stack)[..., None, None]
        return pad(self._scale(boards) * worth, (1,) * 4)

    def utility_of(self, stack: PlannerStack, boards: Boards, cells: Tensor) -> Tensor:
        """Return the utility of some cells, int64 (k, S, m), with gradients; float32 (k, S, m)."""
        agents, m, _, height, width = boards.planes.shape
        padded, side = self._pad(boards), self.settings.side
        wide, row, column = padded.shape[-1], cells // width, cells % width
        inside = (row > 0) & (row < height - 1) & (column > 0) & (column < width - 1)
        corner = (row.clamp(1, height - 2) - 1) * wide + column.clamp(1, width - 2) - 1
        window = (torch.arange(side)[:, None] * wide + torch.arange(side)).flatten()
        places = (corner[..., None] + window).permute(1, 2, 0, 3).flatten(2)
        seen = padded.flatten(3).gather(3, places[:, :, None].expand(-1, -1, len(self.names), -1))
        seen = seen.view(agents, m, -1, len(cells), side**2).transpose(2, 3)
        offset = self._offset(stack, boards)
        hidden = seen.reshape(agents, m * len(cells), -1) @ stack.first
        hidden = hidden.view(agents, m, len(cells), -1) + offset[:, :, None]
        worth = _weigh(hidden.flatten(1, 2), stack).view(agents, m, len(cells))
        worth = worth - _weigh(offset, stack)[..., None]
        return worth.permute(2, 0, 1) * inside * self._scale(boards)

    def cost(self, stack: PlannerStack, boards: Boards) -> Tensor:
        """Return what it costs to enter each cell, float32 (S, m, height, width), above 0."""
        # One agent after another: the gradient's sums are then the same beside others.
        found = [
            torch.einsum("mphw,p->mhw", planes, pays[:, 0]) + bias
            for planes, pays, bias in zip(boards.planes, stack.pays, stack.pays_bias, strict=True)
        ]
        return softplus(self.settings.gain * torch.stack(found))

    def score(
        self, stack: PlannerStack, boards: Boards, utility: Tensor, cost: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return scores of the actions, (S, m, 5), and values, (S, m), by plans on maps.

        Args:
            stack: of the agents.
            boards: what they see.
            utility: to plan with; where gradients are recorded it must be that of ``utility``,
                which is computed again where ways end, so that gradients flow there.
            cost: to plan with.
        """
        agents, m = boards.cell.shape
        cell = boards.cell.view(-1)
        ways = find_ways(utility.flatten(0, 1), cost.detach().flatten(0, 1), cell)
        ends = torch.cat([ways[-1], cell[None]])
        if torch.is_grad_enabled():
            worth = self.utility_of(stack, boards, ends.view(-1, agents, m))
        else:
            worth = utility.view(agents * m, -1).T.gather(0, ends).view(-1, agents, m)
        paid = sum_costs(cost.flatten(0, 1), ways).view(-1, agents, m)
        sharpness, stay, low, high, slope = stack.head[:, 0, :, None].unbind(1)
        # In memory agent by agent: gradients are then summed alike alone and beside others.
        gains = torch.cat([worth[:-1] - paid, worth[-1:] - stay]).permute(1, 2, 0).contiguous()
        best = slope.exp() * gains[..., :-1].amax(dim=-1)
        value = low + high * best.clamp(max=LARGEST_EXPONENT).exp()
        return sharpness.exp()[..., None] * gains, value

    def _offset(self, stack: PlannerStack, boards: Boards) -> Tensor:
        """Return what the hidden units have without any plane, float32 (S, m, units)."""
        return boards.held @ stack.held + stack.first_bias

    def _pad(self, boards: Boards) -> Tensor:
        """Return planes with walls around, so that each inner cell has a window."""
        more = self.settings.reach - 1
        padded = pad(boards.planes, (more,) * 4)
        if more:
            padded[:, :, self._wall] = pad(boards.planes[:, :, self._wall], (more,) * 4, value=1.0)
        return padded

    def _scale(self, boards: Boards) -> float:
        height, width = boards.planes.shape[-2:]
        return self.settings.gain * (height - 2) * (width - 2) / USUAL_CELLS


def _weigh(hidden: Tensor, stack: PlannerStack) -> Tensor:
    """Return what hidden units (S, m, units) say of utility, (S, m).

    They are multiplied and summed: a matrix product of one column rounds otherwise for one agent.
    """
    return (hidden.relu() * stack.wants.mT).sum(dim=-1)


def _invert_softplus(cost: float) -> float:
    return math.log(math.expm1(cost))
