"""Players: policies, recorded episodes, a person at the keyboard."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from mesa_gym.engine import Floats, Ints, State, to_map
from mesa_gym.logs import RecordedEpisode
from mesa_gym.policies import Oracle, Policy, as_policy
from mesa_gym.policies.asking import PolicySampler
from mesa_gym.policies.names import name_policy
from mesa_gym.policies.seeds import write_name
from mesa_gym.scoring.plays import split_of
from mesa_gym.solver import Solution, TimeLeft
from mesa_gym.traps import Trap

MOST_KEPT = 8  # maximum of cached solutions; the screen shows only a few levels at once
_kept: OrderedDict[tuple[str, int, str], tuple[Solution, TimeLeft]] = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Decision:
    """An action in a state, and how it was chosen.

    Attributes:
        action: 0 to 4.
        shares: float64 (5,), the action probabilities; None for a player without them.
        said: the player's text before the action; "" without a text.
    """

    action: int
    shares: Floats | None = None
    said: str = ""


# Maps a state and the steps taken so far to a decision; None if the player takes no step.
Decide = Callable[[State, int], Decision | None]


class Player:
    """A player of a trap's levels."""

    name: str  # as shown on the screen

    def begin(self, trap: Trap, play: str, states: Sequence[State], horizon: int) -> Decide:
        """Return a decision function that continues after the last of ``states`` (batches of one).

        Raises:
            ValueError: the player cannot play the level; the message says why.
        """
        raise NotImplementedError

    def levels(self, play: str) -> Ints | None:
        """Return a play's levels on which the player can act, ascending; None for all levels."""
        return None


class PolicyPlayer(Player):
    """A policy, or any object that ``mesa_gym.policies.as_policy`` takes.

    Its actions are sampled as in scoring, so that the viewer shows the scored episodes. ``seed`` is
    the seed of the sampling, and ``algo`` names the algorithm of a saved model.
    """

    def __init__(self, policy: object, seed: int = 0, algo: str | None = None) -> None:
        self.policy, self.seed, self.algo = policy, seed, algo
        self.name = write_name(name_policy(policy))

    def make(self, trap: Trap, horizon: int) -> Policy:
        """Make a separate policy for each caller, because two episodes cannot share a memory.

        Raises:
            ValueError: the name is unknown, or the policy cannot act on the trap.
        """
        policy = as_policy(self.policy, trap, horizon, algo=self.algo)
        # Copy the policy, not the model, which contains an environment that may not be copyable.
        return policy if isinstance(self.policy, str) else copy.deepcopy(policy)

    def begin(self, trap: Trap, play: str, states: Sequence[State], horizon: int) -> Decide:
        """Return the policy's decision function, after replaying ``states`` for its memory."""
        start, policy = states[0], self.make(trap, trap.horizon(split_of(play)))
        if isinstance(policy, Oracle):
            policy.learn(solve_start(trap, start, horizon)[0])
        sampler = PolicySampler(policy, trap, start.level.key, self.seed, self.name, play)
        repeats, last = getattr(policy, "action_repeat", 1), Decision(0)

        def decide(state: State, t: int) -> Decision:
            nonlocal last
            if t % repeats == 0:
                shares = sampler.probabilities(state, t)
                last = Decision(int(sampler.sample(shares, t)[0]), shares[0])
            return last

        for t, state in enumerate(states[:-1]):
            decide(state, t)
        return decide


class RecordedPlayer(Player):
    """Recorded episodes of one policy; only the first episode of each level is used.

    Attributes:
        episodes: (play, level) -> the recorded episode.
    """

    def __init__(self, episodes: Sequence[RecordedEpisode]) -> None:
        self.name = write_name(episodes[0].policy)
        self.episodes: dict[tuple[str, int], RecordedEpisode] = {}
        for episode in episodes:
            self.episodes.setdefault((episode.play, episode.level), episode)

    def begin(self, trap: Trap, play: str, states: Sequence[State], horizon: int) -> Decide:
        """Return a function that gives the recorded action of each time; ValueError without any."""
        level = int(states[0].level.number[0])
        if (play, level) not in self.episodes:
            raise ValueError(f"nothing was recorded on level {level} of play '{play}'")
        actions, answers = self.episodes[play, level].actions, self.episodes[play, level].said

        def decide(state: State, t: int) -> Decision | None:
            at = int(state.clock[0])
            if at >= len(actions):
                return None
            return Decision(actions[at], said=answers[at] if at < len(answers) else "")

        return decide

    def levels(self, play: str) -> Ints:
        """Return the play's recorded levels, ascending."""
        return np.array(sorted(n for name, n in self.episodes if name == play), dtype=np.int64)


class Human(Player):
    """A person at the keyboard, for whom ``Pane.act`` takes the steps."""

    name = "you"

    def begin(self, trap: Trap, play: str, states: Sequence[State], horizon: int) -> Decide:
        """Return a decision function that takes no step."""
        return lambda state, t: None


def solve_start(trap: Trap, start: State, horizon: int) -> tuple[Solution, TimeLeft]:
    """Return the solution from a start state, and the values of all states that can follow it.

    All views and threads share the solution of an episode; the last few are cached.
    """
    key = repr(trap), horizon, to_map(trap, start, hidden=True)
    with _lock:
        kept_solution = _kept.get(key)
    if kept_solution is None:
        solution = Solution(trap, start, horizon)
        kept_solution = solution, TimeLeft(solution.graph, max(0, horizon - int(start.clock[0])))
    with _lock:
        _kept[key] = kept_solution
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return kept_solution
