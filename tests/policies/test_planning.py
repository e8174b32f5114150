"""Planners are found behind what ``as_policy`` makes of them."""

from planners import Pathfinder

from mesa_gym.policies import Memoryless, Policy, as_policy, find_planning
from mesa_gym.policies.adapting import Callee
from mesa_gym.traps.cheese_corner import CheeseCorner


class CallablePathfinder(Pathfinder):
    """The same as a callable over batches."""

    __call__ = Pathfinder.act


class StatefulPathfinder(Pathfinder):
    """The same, which takes the state too and so is a policy as it is."""

    def act(self, observation, state=None):
        return super().act(observation)


def test_a_planner_is_found_in_whatever_wraps_it():
    trap = CheeseCorner()
    for planner in (Pathfinder(trap), StatefulPathfinder(trap)):
        policy = as_policy(planner, trap, 64)
        assert isinstance(policy, Policy)
        assert isinstance(policy, Callee) == (type(planner) is Pathfinder)
        assert find_planning(policy) is planner
    called = CallablePathfinder(trap)
    assert find_planning(Callee(called, "planes")) is called
    named = find_planning(as_policy("planners:Pathfinder", trap, 64))
    assert isinstance(named, Pathfinder)


def test_others_do_not_plan_by_a_map():
    trap = CheeseCorner()
    for policy in ("random", "stay", "oracle:base", "sweeper", lambda obs: obs[:, 0, 0, 0]):
        assert find_planning(as_policy(policy, trap, 64)) is None
    assert find_planning(Memoryless()) is None  # type: ignore[arg-type]
