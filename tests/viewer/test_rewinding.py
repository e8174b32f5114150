"""Going back in a viewer's episode changes nothing of what follows."""

from __future__ import annotations

import numpy as np
import pytest
from watched import RIGHT, SHIFT, Remembering, Settled, require_same, whole

from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.tree_farm import TreeFarm
from mesa_gym.viewer.actors import Decision, Human, PolicyActor, PolicyPlayer


@pytest.mark.parametrize("cls", [CheeseCorner, KeysChests, TreeFarm])
def test_five_hundred_steps_are_bit_for_bit_the_same_again(cls: type) -> None:
    trap = cls(27)
    line = whole(PolicyPlayer("random"), trap, 0)
    assert len(line) >= 500
    kept = list(line.states)
    shown = [state.map(np.copy) for state in kept]
    for t in (0, 288):
        actor = PolicyPlayer("random").actor(trap, SHIFT, line.states[0])
        again = line.branch(t, actor)
        assert len(again) == t
        again.grow()
        require_same(trap, again.states, line.states)
        assert [s.paid for s in again.steps] == [s.paid for s in line.steps]
    # Nor did anything that was shown change meanwhile.
    assert all(a is b for a, b in zip(line.states, kept, strict=True))
    require_same(trap, kept, shown)


@pytest.mark.parametrize("t", [0, 30, 500])
def test_a_memory_is_restored_by_showing_it_the_past(t: int) -> None:
    trap = CheeseCorner(27)
    line = whole(PolicyPlayer(Remembering(), seed=2), trap, 1)
    assert len(line) >= 500
    policy = Remembering()
    actor = PolicyActor(policy, trap, line.states[0].level.key, "Remembering", seed=2)
    again = line.branch(t, actor)
    again.grow(t)
    assert policy.resets == 0  # nobody asked yet
    again.grow()
    require_same(trap, again.states, line.states)
    assert policy.resets == 1
    assert policy.seen == len(line)
    for a, b in zip(line.steps, again.steps, strict=True):
        assert a.decision.shares.tolist() == b.decision.shares.tolist()
        assert a.decision.value == b.decision.value


def test_a_memory_is_shown_what_was_done_by_hand() -> None:
    trap = CheeseCorner()
    line = whole(PolicyPlayer(Settled()), trap, 1)
    other = line.branch(3, PolicyPlayer(Settled()).actor(trap, SHIFT, line.states[0]))
    other.act(Decision((line.steps[3].decision.action + 1) % 4))
    other.grow()
    policy = Settled()
    policy.reset(np.ones(1, dtype=np.bool_), np.random.default_rng())
    for t, (state, step) in enumerate(zip(other.states, other.steps, strict=False)):
        shares = policy.act(trap.observe(state))[0]
        if t > 3:
            assert step.decision.shares.tolist() == shares.tolist()
    assert other.steps[3].decision.shares is None


def test_another_future_shares_the_past_and_leaves_the_old_one_alone() -> None:
    trap = CheeseCorner()
    line = whole(PolicyPlayer("stay"), trap, 0)
    length = len(line)
    assert length > 12
    branch = line.branch(10, Human())
    assert all(a is b for a, b in zip(branch.states, line.states[:11], strict=True))
    branch.act(Decision(RIGHT))
    assert (len(branch), len(line), len(line.states)) == (11, length, length + 1)
    assert branch.limit == line.limit
