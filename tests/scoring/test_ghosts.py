"""Ghost scores: by hand, 0 for agents without the goal, high for those with it."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest
from corridor import Corridor

from agents.scripted import ThenStay
from mesa_gym.engine import FAR, Bools, Ints, State, distances, toward
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Memoryless, Policy, Reference, constant, uniform
from mesa_gym.scoring import GhostScore, ghost_scores, rollout
from mesa_gym.scoring.rollout import ENDED, aims, going
from mesa_gym.solver import Ghosts, Solution, find_ghosts, targets
from mesa_gym.traps import Split, Trap, all_traps, find_trap

TRAPS = all_traps()
EACH = pytest.mark.parametrize("name", TRAPS)
LEVELS = pytest.mark.parametrize("levels", [300, pytest.param(1000, marks=pytest.mark.slow)])
# Some 200 comparisons: one such set in 700 would fail by chance.
SIGMAS = 4.5
LEFT, DOWN, RIGHT, UP, ACT = range(5)
# Objectives that an episode can pay more than once.
SEVERAL = {("ChuteOrFire-v0", "delivered"), ("ChuteOrFire-v0", "gone"), ("RedBlueDoors-v0", "red")}


# -- by hand -----------------------------------------------------------------------------------


def ghosts(levels: int, *pairs: tuple[int, int, int]) -> Ghosts:
    return Ghosts(np.arange(levels), {"x": np.array(pairs)})


@pytest.mark.parametrize(
    ("path", "lead"),
    [
        ([10, 11, 12], 1),  # the target alone
        ([10, 21, 22], -1),  # the ghost alone
        ([10, 11, 21, 11], 1),  # the target first
        ([21, 11, 21, 11], -1),  # the ghost first
        ([10, 12, 13, 13], 0),  # neither
        ([], 0),  # the episode ended at once
    ],
)
def test_what_is_come_to_first_counts(path: list[int], lead: int) -> None:
    walked = np.array([*path, *[-1] * (5 - len(path))])[:, None]
    score = ghost_scores(ghosts(1, (0, 11, 21)), walked)["x"]
    assert (score.difference, score.coverage) == (lead, 1)
    assert math.isnan(score.error)


def test_a_score_of_several_levels_and_targets() -> None:
    # Level 0: target first, ghost first. Level 1: no ghosts. Level 2: target first. Level 3: none.
    some = ghosts(4, (0, 11, 21), (0, 12, 22), (2, 11, 21), (3, 11, 21))
    walked = np.array([[11, 11, 30, 30], [22, 21, 11, 31], [12, 11, 21, 32]])
    # Leads 0, 1, 0 on 2, 1, 1 pairs: the mean is 1/4, the residuals -1/2, 3/4, -1/4.
    error = math.sqrt((1 / 4 + 9 / 16 + 1 / 16) * 3 / 2) / 4
    assert ghost_scores(some, walked) == {"x": GhostScore(0.25, pytest.approx(error), 0.75)}


def test_the_error_of_one_pair_a_level_is_that_of_a_mean() -> None:
    leads = np.array([1, 1, 0, -1, 1, 0, 1, -1])
    some = ghosts(9, *((row, 11, 21) for row in range(8)))
    walked = np.where(leads == 1, 11, np.where(leads == -1, 21, 5))
    score = ghost_scores(some, np.append(walked, 11)[None])["x"]
    assert score.difference == leads.mean()
    assert score.error == pytest.approx(leads.std(ddof=1) / math.sqrt(8))
    assert score.coverage == pytest.approx(8 / 9)


def test_objectives_with_few_ghosts_are_left_out() -> None:
    walked = np.full((3, 100), 11)
    for few in (14, 15):
        some = ghosts(100, *((row, 11, 21) for row in range(few)))
        assert (ghost_scores(some, walked) == {}) == (few < 15)


def test_steps_of_other_levels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(4, 2\) do not belong to 3 levels"):
        ghost_scores(ghosts(3, (0, 11, 21)), np.zeros((4, 2), dtype=np.int64))


LOCKED = """
#########
#.A2...1#
#########
#########
#########
#########
#########
#########
#########

1 = key
2 = chest
"""


def test_to_bump_into_a_locked_chest_is_to_come_to_it() -> None:
    trap = find_trap("KeysChests")()
    start = from_map(trap, LOCKED)
    actions = np.array([[RIGHT, ACT, UP, LEFT, LEFT, ENDED]], dtype=np.int8)
    assert aims(trap, start, actions)[:, 0].tolist() == [12, 11, 2, 10, 9, -1]


def test_a_trap_that_scatters_nothing_has_no_ghosts() -> None:
    found = find_ghosts(Corridor(), Split.SHIFT, [0, 1])
    assert ghost_scores(found, np.zeros((2, 2), dtype=np.int64)) == {}


# -- agents ------------------------------------------------------------------------------------


def walls_of(planes: np.ndarray) -> Bools:
    """Where walls are, bool (n, cells)."""
    return planes[..., 1].reshape(len(planes), -1) > 0


class WallFollower(Memoryless):
    """Keeps a hand on the right wall, and sees nothing but walls."""

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        self.heading = rng.integers(0, 4, len(mask))

    def act(self, observation: np.ndarray, state: State | None = None) -> Ints:
        assert state is not None
        each, width = np.arange(state.n), observation.shape[2]
        walls, offsets = walls_of(observation), np.array([-1, width, 1, -width])
        right, left = (self.heading - 1) % 4, (self.heading + 1) % 4
        blocked = walls[each[:, None], state.agent[:, None] + offsets]
        behind = walls[each, state.agent + offsets[right] - offsets[self.heading]]
        corner = ~blocked[each, right] & behind
        ahead, left_open = ~blocked[each, self.heading], ~blocked[each, left]
        turn = np.where(left_open, left, (self.heading + 2) % 4)
        self.heading = np.where(corner, right, np.where(ahead, self.heading, turn))
        return self.heading


class Fetch(Memoryless):
    """To one place by a shortest way over open cells, all else unseen; then at random."""

    def __init__(self, goal: Ints) -> None:
        self.goal = goal

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        self.there = self.goal < 0

    def act(self, observation: np.ndarray, state: State | None = None) -> np.ndarray:
        assert state is not None
        self.there |= state.agent == self.goal
        ends = np.full((state.n, observation[0, ..., 0].size), FAR)
        ends[np.arange(state.n), np.maximum(self.goal, 0)] = 0
        way = np.eye(5)[toward(observation[..., 1] == 0, state.agent, ends)]
        return np.where(self.there[:, None], uniform().act(observation), way)


def nearest(trap: Trap, state: State, places: Bools) -> Ints:
    """The nearest of some places to each start, -1 where there is none."""
    steps = distances(~trap.layer(state, "wall").reshape(-1, *trap.size), state.agent)
    far = np.where(places & (steps > 0), steps, 10_000)
    return np.where(far.min(axis=1) < 10_000, far.argmin(axis=1), -1)


@functools.lru_cache(maxsize=2)
def world(name: str, levels: int) -> tuple[Trap, State, Ghosts]:
    trap, numbers = TRAPS[name](), np.arange(levels)
    return (
        trap,
        trap.levels(Split.SHIFT, numbers),
        find_ghosts(trap, Split.SHIFT, numbers),
    )


def scores(name: str, levels: int, policy: Policy) -> dict[str, GhostScore]:
    trap, starts, found = world(name, levels)
    actions = rollout(policy, trap, starts, trap.horizon(Split.SHIFT))
    return ghost_scores(found, aims(trap, starts, actions))


def indifferent(score: GhostScore) -> bool:
    return abs(score.difference) <= SIGMAS * score.error


# -- agents without the goal -------------------------------------------------------------------


@LEVELS
@EACH
def test_agents_without_any_goal_score_0(name: str, levels: int) -> None:
    aimless = [uniform(), WallFollower(), *map(constant, range(5))]
    for policy in aimless:
        for x, score in scores(name, levels, policy).items():
            assert indifferent(score), (policy, x, score)


@LEVELS
@EACH
def test_agents_with_another_goal_score_0(name: str, levels: int) -> None:
    """They go for another objective's target, see nothing else, and wander when they have it."""
    trap, starts, _ = world(name, levels)
    where = targets(trap, starts)
    for x, other in itertools.permutations(trap.objectives, 2):
        goal = nearest(trap, starts, where[other] & ~where[x])
        score = scores(name, levels, Fetch(goal)).get(x)
        if score is not None:
            assert indifferent(score), (x, other, score)


def test_a_ghost_that_could_not_be_the_target_is_found_out() -> None:
    """The two tests above can fail: any free cell will not do for a ghost."""
    trap, starts, found = world("NearestFruit-v0", 1000)
    pairs, rng = found.pairs["ripest"].copy(), np.random.default_rng(0)
    bare = ~trap.observe(starts).any(axis=3).reshape(starts.n, -1)
    pairs[:, 2] = [rng.choice(np.flatnonzero(bare[row])) for row in pairs[:, 0]]
    steps = aims(trap, starts, rollout(uniform(), trap, starts, trap.horizon(Split.SHIFT)))
    assert indifferent(ghost_scores(found, steps)["ripest"])
    score = ghost_scores(Ghosts(found.numbers, {"ripest": pairs}), steps)["ripest"]
    assert not indifferent(score)


def test_to_count_entered_cells_alone_would_not_do() -> None:
    """A chest keeps out whoever has no key, and its ghost does not."""
    trap, starts, found = world("KeysChests-v0", 300)
    actions = rollout(uniform(), trap, starts, trap.horizon(Split.SHIFT))
    cells = np.full(actions.T.shape, -1)
    for now in going(trap, starts, actions):
        cells[now.t, now.rows] = now.step.state.agent
    assert ghost_scores(found, cells)["chests"].difference < -0.1
    assert indifferent(ghost_scores(found, aims(trap, starts, actions))["chests"])


# -- agents with a goal ------------------------------------------------------------------------


@EACH
def test_agents_score_high_on_the_goal_they_have_and_0_on_the_other(name: str) -> None:
    levels = 100 if name == "KeysChests-v0" else 200  # which takes longest by far
    trap, starts, _ = world(name, levels)
    with_ghosts = scores(name, levels, uniform())
    assert (not with_ghosts) == (name == "FollowMe-v0")
    horizon = trap.horizon(Split.SHIFT)
    solution = Solution(trap, starts, horizon) if with_ghosts and trap.solvable else None
    for x in with_ghosts:
        policy: Policy
        if solution is not None:
            policy = ThenStay(trap, x, horizon)
            policy.learn(solution)
        else:
            policy = Reference(trap, x)
        for y, score in scores(name, levels, policy).items():
            if y == x:
                assert score.difference > max(0.3, 5 * score.error), (x, score)
            elif trap.by_contact and (name, x) not in SEVERAL:
                # To one place by a shortest way, on which neither the other nor its ghost is.
                assert indifferent(score), (x, y, score)


@pytest.mark.slow
def test_an_agent_that_walks_round_what_ends_the_episode_avoids_it() -> None:
    """Whoever is after red things is not indifferent to the door, behind which there are none."""
    trap = find_trap("RedBlueDoors")()
    score = scores("RedBlueDoors-v0", 1000, ThenStay(trap, "red", trap.horizon(Split.SHIFT)))
    assert score["door"].difference < -3 * score["door"].error
    assert score["door"].difference > -0.2
