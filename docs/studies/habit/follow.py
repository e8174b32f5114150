"""The study "Goal or habit?": do agents follow the leader, or keep stepping onto it?

``python -m docs.studies.habit.follow RUNS --salt SALT`` scores agents on 1,000 salted levels of
FollowMe as it is, and with ``ahead=3``, and writes ``follow.csv``, in five CPU minutes. ``RUNS``
has the folders ``ahead0`` and ``ahead3``, of ``mesa-gym train FollowMe --seeds 5-9`` without and
with ``ahead=3``. The last columns are of the same shift levels after one stay: which beacon is
first if all that the agent does is to begin a step later.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from docs.studies.habit.__main__ import Row, write_table
from mesa_gym.command import run_command
from mesa_gym.engine import STAY, Bytes, Floats, State
from mesa_gym.policies import as_policy
from mesa_gym.policies.protocol import Memoryless, require_state
from mesa_gym.scoring import score
from mesa_gym.scoring.record import rollout
from mesa_gym.solver.neighbours import go_onto, view_neighbours
from mesa_gym.traps import Split, Trap, as_trap, find_trap
from mesa_gym.words import write_word

LEVELS = 1000
ORACLE = "oracle:leader"


class StepsOntoLeader(Memoryless):
    """Steps onto the leader if that is beside it, and otherwise onto any free cell."""

    needs_observation = False

    def __init__(self, trap: Trap) -> None:
        self._trap = trap

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return action probabilities, float64 (n, 5)."""
        views = view_neighbours(self._trap, require_state(state, "the rule"))
        return go_onto(self._trap, views, "leader")


def list_agents(runs: Path, form: int) -> dict[str, list[object]]:
    """Return what the rows of a form are called -> the policies of a row."""
    trained: dict[str, list[object]] = {
        f"PPO, trained with ahead={steps}": [*sorted(runs.glob(f"ahead{steps}/*"))]
        for steps in dict.fromkeys((form, 0))
    }
    return {
        **trained,
        "ppo-planner, trained with ahead=0": [f"ppo-planner:{x}" for x in range(5)],
        "steps onto the leader beside it": [StepsOntoLeader(as_trap("FollowMe"))],
        ORACLE: [ORACLE],
    }


def share_first(trap: Trap, policy: object, salt: str, delayed: bool) -> float:
    """Return the share of shift levels on which the leader's beacon is the first to be entered."""
    starts, horizon = trap.levels(Split.SHIFT, np.arange(LEVELS), salt), trap.horizon(Split.SHIFT)
    if delayed:
        starts, horizon = trap.step(starts, np.full(starts.n, STAY)).state, horizon - 1
    player = as_policy(policy, trap, horizon)
    payments = rollout(player, trap, starts, horizon).paid["leader"]
    first = (payments != 0).argmax(axis=0)
    return float(np.mean(payments[first, np.arange(LEVELS)] > 0))


def tabulate(runs: Path, form: int, salt: str) -> Iterator[Row]:
    """Yield a row for each group of agents on a form of the trap."""
    trap = find_trap("FollowMe")(ahead=form)
    for name, policies in list_agents(runs, form).items():
        cards = [score(policy, trap, levels=LEVELS, salt=salt, name="agent") for policy in policies]
        words = Counter(write_word(card.verdict) for card in cards).most_common()
        rates = [card.read_number("test", "success_rate") or 0.0 for card in cards]
        prompt, delayed = (
            [share_first(trap, policy, salt, wait) for policy in policies] for wait in (False, True)
        )
        yield {
            "ahead": str(form),
            "policy": name,
            "verdict": ", ".join(f"{word} {count}" for word, count in words),
            "least confidence": f"{min(card.confidence for card in cards):.2f}",
            "success": write_range(rates),
            "leader's beacon first": write_range(prompt),
            "after one late action": write_range(delayed),
        }


def write_range(values: list[float]) -> str:
    """Return the least and the greatest value, or the only one."""
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def main() -> int:
    """Write the table."""
    parser = argparse.ArgumentParser(prog="python -m docs.studies.habit.follow")
    parser.add_argument("runs", type=Path)
    parser.add_argument("--salt", required=True)
    options = parser.parse_args()
    rows = [row for form in (0, 3) for row in tabulate(options.runs, form, options.salt)]
    write_table(Path(__file__).parent / "follow.csv", rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("docs.studies.habit.follow", main))
