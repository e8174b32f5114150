"""Submissions: ``python -m benchmarks submit export`` and ``score`` (docs/submit.md)."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.options import Action, run_actions, tell_kept
from benchmarks.submissions import export, submit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("submit", __doc__, ACTIONS, arguments)


ACTIONS = {
    "export": Action("make a submission", export.declare_arguments, export.run),
    "score": Action(
        "score a submission onto a board", submit.declare_arguments, submit.run, tell_kept
    ),
}
