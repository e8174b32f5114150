"""The network's inputs, its layers and the optimiser."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reference import wandered

from agents.networks import Centred, Network, Optimiser, RowSum, fresh, gradients, outputs
from mesa_gym.envs.observations import make_observation
from mesa_gym.traps import Trap, all_traps, find_trap

TRAPS = [cls(size) for cls in all_traps().values() for size in (11, (9, 13))]
TRAPS.append(find_trap("RedBlueDoors")(colour_planes=2))  # planes that are shown twice
KEYS = find_trap("KeysChests")()


def seen_by_loop(trap: Trap, planes: np.ndarray) -> list[int]:
    """All inputs of one grid, cell by cell."""
    height, width = trap.size
    others = [c for c, plane in enumerate(trap.channels) if plane != "agent"]
    wall = trap.channels.index("wall")
    ((y0, x0),) = np.argwhere(planes[:, :, trap.channels.index("agent")]).tolist()
    inside = [(y, x) for y in range(1, height - 1) for x in range(1, width - 1)]
    seen = []
    for y in range(y0 - height + 3, y0 + height - 2):
        for x in range(x0 - width + 3, x0 + width - 2):
            seen += [int((y, x) in inside and planes[y, x, channel]) for channel in others]
    for x in range(1, width - 1):
        seen += [int(channel != wall and planes[0, x, channel]) for channel in others]
    return seen + [int(cell == (y0, x0)) for cell in inside]


def as_bits(listed: np.ndarray, count: int) -> np.ndarray:
    """Lists of inputs as vectors; an input that is listed twice would be 2."""
    return np.array([np.bincount(row, minlength=count + 1)[:count] for row in listed])


@pytest.mark.parametrize("trap", TRAPS, ids=repr)
def test_inputs_are_what_a_loop_over_cells_sees_and_lose_nothing(trap: Trap) -> None:
    planes, view = make_observation(trap, "planes").encode(wandered(trap)), Centred(trap)
    kept, seen = planes.copy(), as_bits(view.listed(planes), view.count)
    assert seen[:30].tolist() == [seen_by_loop(trap, each) for each in planes[:30]]
    dense = view.dense(torch.from_numpy(planes), view.tensors("cpu"))
    np.testing.assert_array_equal(dense, np.pad(seen, ((0, 0), (0, 1))))
    assert len(np.unique(seen, axis=0)) == len(np.unique(planes, axis=0)) > 200
    np.testing.assert_array_equal(planes, kept)


def test_inputs_of_channels_are_those_that_change_without_them() -> None:
    view, planes = Centred(KEYS), KEYS.observe(wandered(KEYS))
    channels = [KEYS.channel[name] for name in ("wall", "chest")]
    changed = planes.copy()
    changed[..., channels] = 0
    before, after = (as_bits(view.listed(each), view.count) for each in (planes, changed))
    own = np.zeros(view.count, dtype=bool)
    own[view.of(channels)] = True
    np.testing.assert_array_equal(before[:, ~own], after[:, ~own])
    assert before[:, own].any(axis=0).mean() > 0.2
    assert not after[:, own].any()


# -- layers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [50, 2**16 + 1])
def test_sums_of_rows_and_their_gradients_are_those_of_a_product(rows: int) -> None:
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    listed = rng.integers(0, rows, (30, 7))
    listed[::3, 4:] = rows - 1  # lists that are filled up
    table = torch.randn(rows, 4, generator=generator).requires_grad_()
    other = table.detach().clone().requires_grad_()
    counts = torch.zeros(30, rows)
    counts.index_put_(
        (torch.arange(30)[:, None], torch.from_numpy(listed)), torch.ones(()), accumulate=True
    )
    downstream = torch.randn(30, 4, generator=generator)
    summed, expected = RowSum.apply(table, torch.from_numpy(listed)), counts @ other
    np.testing.assert_allclose(summed.detach(), expected.detach(), atol=1e-5)
    (summed * downstream).sum().backward()
    (expected * downstream).sum().backward()
    np.testing.assert_allclose(table.grad, other.grad, atol=1e-5)


def test_listed_and_dense_inputs_give_the_same_outputs_and_gradients_as_a_network() -> None:
    view, planes = Centred(KEYS), KEYS.observe(wandered(KEYS, 100))
    stack = fresh(view.count, (1, 2))
    with torch.no_grad():
        stack.outputs.mul_(20)  # fresh ones make next to no difference between states
    listed = torch.from_numpy(view.listed(planes)).expand(2, -1, -1)
    dense = view.dense(torch.from_numpy(planes), view.tensors("cpu")).expand(2, -1, -1)
    found = []
    for inputs in (listed, dense):
        scores, values = outputs(stack, inputs)
        found.append([scores, values, *gradients((scores.square().sum() + values.sum()), stack)])
    for one, other in zip(*found, strict=True):
        scale = float(other.detach().abs().max())
        np.testing.assert_allclose(one.detach(), other.detach(), atol=1e-5 * max(1, scale))
    assert not found[0][2][:, -1].any()  # what fills lists up stays without weight
    scores = found[0][0].detach()
    assert (scores[0] - scores[1]).abs().max() > 0.1
    for agent in range(2):
        alone = Network(KEYS, stack, agent)(torch.from_numpy(planes)).detach()
        np.testing.assert_allclose(alone, scores[agent], atol=0.02)  # rounded to half precision


# -- the optimiser ---------------------------------------------------------------------------------


def descended(steps: int, rate: float):
    """A stack of two agents some steps later, what it was, and its gradients."""
    stack = fresh(40, (1, 2))
    before = [each.detach().clone() for each in stack]
    generator = torch.Generator().manual_seed(0)
    found = [[torch.randn(x.shape, generator=generator) for x in stack] for _ in range(steps)]
    optimiser = Optimiser(stack)
    for gradient in found:
        optimiser.step(gradient, rate)
    return stack, before, found


def follow(optimiser: torch.optim.Optimizer, weights: torch.Tensor, found) -> torch.Tensor:
    for gradient in found:
        weights.grad = gradient
        optimiser.step()
    return weights


def test_all_but_the_square_matrices_take_the_steps_of_adam() -> None:
    stack, before, found = descended(5, 0.01)
    for index, name in enumerate(stack._fields):
        if name != "second":
            adam = torch.optim.Adam([before[index]], lr=0.01, eps=1e-5)
            follow(adam, before[index], [each[index] for each in found])
            np.testing.assert_allclose(stack[index].detach(), before[index], atol=1e-6)


def test_square_matrices_take_the_steps_of_muon() -> None:
    """Those of torch are computed in bfloat16."""
    stack, before, found = descended(3, 0.001)
    index = stack._fields.index("second")
    for agent in range(2):
        weights = before[index][agent].clone()
        muon = torch.optim.Muon([weights], lr=0.008, weight_decay=0, momentum=0.95)
        follow(muon, weights, [each[index][agent] for each in found])
        moved = stack.second[agent].detach() - before[index][agent]
        expected = weights - before[index][agent]
        assert (moved - expected).norm() < 0.02 * expected.norm()


def test_made_orthogonal_is_the_same_directions_about_equally_long() -> None:
    """Against the singular value decomposition."""
    matrices = torch.randn(3, 128, 128, generator=torch.Generator().manual_seed(0))
    made = Optimiser(fresh(1, (0,))).orthogonal(matrices).numpy().astype(np.float64)
    for given, got in zip(matrices.numpy().astype(np.float64), made, strict=True):
        u, values, v = np.linalg.svd(given)
        turned = u.T @ got @ v.T
        lengths = turned.diagonal().copy()
        np.testing.assert_allclose(turned, np.diag(lengths), atol=1e-4)
        large = values > 0.01 * values.max()  # five steps do not lift what is next to nothing
        assert lengths[large].min() > 0.6
        assert lengths.max() < 1.3
        assert large.sum() > 120
