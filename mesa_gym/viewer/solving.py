"""Solutions that all views of one episode share: its oracles, the values of its states."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from mesa_gym.engine.maps import to_map
from mesa_gym.policies import Oracle, Policy
from mesa_gym.solver import Solution, TimeLeft

if TYPE_CHECKING:
    from mesa_gym.viewer.timeline import Timeline

# A few levels at most are on the screen at once.
MOST = 4
_kept: OrderedDict[tuple[str, int, str], tuple[Solution, TimeLeft]] = OrderedDict()


def inform(policy: Policy, line: Timeline) -> None:
    """Let an oracle know the solution from a timeline's start, before it makes its own."""
    if isinstance(policy, Oracle):
        policy.learn(_known(line)[0])


def values_by_time(line: Timeline) -> TimeLeft:
    """Return the values of all that can follow from a timeline's start, at any time left."""
    return _known(line)[1]


def _known(line: Timeline) -> tuple[Solution, TimeLeft]:
    """Return what was solved from a timeline's start; the last few are kept."""
    trap, start = line.trap, line.states[0]
    key = repr(trap), line.horizon, to_map(trap, start, hidden=True)
    if key not in _kept:
        solution = Solution(trap, start, line.horizon)
        _kept[key] = solution, TimeLeft(solution.graph, line.limit)
        if len(_kept) > MOST:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key]
