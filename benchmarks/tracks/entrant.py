"""A method on one task with one seed, in the evaluator's own process.

What is measured later cannot be changed by playing earlier: the evaluator keeps copies.
"""

from __future__ import annotations

from collections.abc import Generator
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

from msgspec import convert

from benchmarks.tracks.environments import TrainingEnvs
from benchmarks.tracks.evaluation import SCORED, Evaluator
from benchmarks.tracks.evaluator_labels import EvaluatorLabels
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.methods.method import Method, Task, TaskNumbers
from benchmarks.tracks.record import LABELS, MOST_MEMBERS, SAID, MethodFacts
from benchmarks.tracks.tasks import SLACK_STEPS
from mesa_gym.errors import unknown
from mesa_gym.importing import import_source
from mesa_gym.policies import Policy
from mesa_gym.traps import Split


class Entrant:
    """A method on one task with one seed.

    Args:
        method: one of ``METHODS``, or ``FILE.py:Class``.
        evaluator: of the task.
        steps: of training one agent.

    Attributes:
        members: the set of policies.
        steps: environment steps that training took.
    """

    def __init__(self, method: str, evaluator: Evaluator, steps: int) -> None:
        self._name, self._class, self._evaluator = method, find_method(method), evaluator
        trap, task = evaluator.trap, evaluator.task
        self._numbers = TaskNumbers(
            size=trap.size,
            channels=len(trap.channels),
            horizon=trap.horizon(Split.SHIFT),
            discount=trap.discount(trap.base),
            seed=task.seed,
            steps=steps,
            most_steps=task.most_steps,
        )
        self._envs = TrainingEnvs(trap, task.most_steps + SLACK_STEPS)
        self._method = self._class()
        self.members: list[Policy] = []

    def train(self) -> None:
        """Train, and keep the set of policies.

        Raises:
            ValueError: there is none.
        """
        walks = self._evaluator.walks()
        made = [*self._method.train(self._make_task(walks, walks[:, 0]))]
        if not made:
            raise ValueError(f"method {self._name}: train() returned no policy")
        self.members = made[: MOST_MEMBERS[self._class.policies]]

    def adapt(self, labels: EvaluatorLabels) -> Generator[tuple[Policy, int]]:
        """Yield the policies that it makes of more and more labels, and how many it had used."""
        method, members = deepcopy((self._method, self.members))
        policies = method.adapt(self._make_task(None, labels.starts()), members, labels)
        for given, budget in zip((0, *LABELS), LABELS, strict=False):
            labels.left += budget - given
            yield next(policies), labels.used

    def measure(
        self, policy: Policy, split: Split, first: int = SCORED, rows: slice = slice(None)
    ) -> int:
        """Measure a copy of a policy, as ``Evaluator.measure``."""
        return self._evaluator.measure(deepcopy(policy), split, first, rows)

    @property
    def steps(self) -> int:
        """Environment steps that training took."""
        return self._envs.steps

    def _make_task(self, walks: Any, starts: Any) -> Task:
        return Task(**asdict(self._numbers), host=self._envs, walks=walks, starts=starts)


def find_method(method: str) -> type[Method]:
    """Return a method's class: one of ``METHODS``, or ``FILE.py:Class``.

    Raises:
        UnknownNameError: there is no such method.
        ValueError: there is no such file or class, or it is not a method.
    """
    if method not in METHODS and ":" not in method:
        raise unknown("method", method, METHODS)
    place, _, name = METHODS.get(method, method).rpartition(":")
    module = import_source(f"method {method}", place)
    if not hasattr(module, name):
        raise unknown(f"class of {place}", name, vars(module))
    found = getattr(module, name)
    if not (isinstance(found, type) and issubclass(found, Method)):
        raise ValueError(f"method {method}: {name} is not a subclass of Method")
    return found


def name_method(method: str) -> str:
    """Return what records call a method: its name, or ``file.Class``."""
    place, _, name = method.rpartition(":")
    return method if method in METHODS else f"{Path(place).stem}.{name}"


def describe(method: str) -> MethodFacts:
    """Return what a method's class says of itself."""
    cls = find_method(method)
    about = (cls.__doc__ or "").strip().partition("\n")[0]
    facts = {fact: about if fact == "about" else getattr(cls, fact) for fact in SAID}
    return convert({"name": name_method(method)} | facts, MethodFacts)
