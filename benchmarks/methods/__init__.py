"""Methods: how many labels a method needs until its policy pursues the wanted objective.

A method is written with the names below; ``untrained.py`` is an example.
``evaluation`` measures a method on a task of ``tasks``, ``record`` stores the result, and
``standings`` tabulates all methods. The rules are in ``docs/methods.md``.
"""

from benchmarks.methods.labels import LabelledEpisode, LabelSource, Preference
from benchmarks.methods.members import ChoosingMethod, MemberChoice
from benchmarks.methods.task import AGENT, WALL, Method, Task
from benchmarks.methods.training import Trained, train

# Name -> where its class is, imported where it is needed.
METHODS = {
    "untrained": "benchmarks.methods.untrained:Untrained",
}

__all__ = [
    "AGENT",
    "METHODS",
    "WALL",
    "ChoosingMethod",
    "LabelSource",
    "LabelledEpisode",
    "MemberChoice",
    "Method",
    "Preference",
    "Task",
    "Trained",
    "train",
]
