"""Evaluation of a method on one task with one seed, in this process.

Copies of a method are adapted and played, so that playing cannot change later measurements.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.methods import METHODS
from benchmarks.methods.environments import TrainingEnvs
from benchmarks.methods.evaluator import CHOOSING, SCORED, Encoded, Evaluator
from benchmarks.methods.labels import LABEL_DRAWS, Label, LabelSource
from benchmarks.methods.record import LABEL_KINDS, LABELS, Member, Point, TaskRecord
from benchmarks.methods.task import Bytes, Method, Task
from benchmarks.methods.tasks import SLACK_STEPS
from mesa_gym.errors import unknown
from mesa_gym.importing import import_source
from mesa_gym.policies import Policy
from mesa_gym.scoring import salt_digest
from mesa_gym.traps import Split

MOST_MEMBERS = 8  # that ``adapt`` gets


def evaluate_method(name: str, evaluator: Evaluator, steps: int) -> TaskRecord:
    """Train a method, and return its records.

    Args:
        name: one of ``METHODS``, or ``FILE.py:Class``.
        evaluator: of the task.
        steps: of training one agent.

    Raises:
        ValueError: the method is unknown, or it broke a rule.
    """
    began, task = time.process_time(), evaluator.task
    entrant = Entrant(find_method(name)(), evaluator, steps)
    return TaskRecord(
        task=task.name,
        seed=task.seed,
        trap=evaluator.trap.name(),
        encoding=task.encoding,
        wanted=task.wanted,
        salt=salt_digest(evaluator.salt),
        levels=evaluator.levels,
        steps=entrant.steps,
        members=[entrant.measure_member(policy) for policy in entrant.members],
        labels={kind: entrant.evaluate_labels(kind) for kind in LABEL_KINDS},
        seconds=round(time.process_time() - began, 1),
    )


class Entrant:
    """A method that is evaluated on a task; making the entrant trains the method.

    Args:
        method: the method.
        evaluator: of the task.
        steps: of training one agent.

    Attributes:
        members: the set of policies that ``train`` made.
        steps: environment steps that were taken.

    Raises:
        ValueError: the method makes no policy, or takes too many steps.
    """

    def __init__(self, method: Method, evaluator: Evaluator, steps: int) -> None:
        self._method, self._evaluator, self._agent_steps, self.steps = method, evaluator, steps, 0
        walks = evaluator.walks()
        self.members = [*method.train(self._make_task(walks[:, 0], walks))][:MOST_MEMBERS]
        if not self.members:
            raise ValueError(f"{type(method).__name__}: train() returned no policy")

    def _make_task(self, starts: Bytes, walks: Bytes | None = None) -> Task:
        task, evaluator = self._evaluator.task, self._evaluator
        make_envs = partial(TrainingEnvs, evaluator.trap, evaluator.encode, self._count_steps)
        terms = task.seed, self._agent_steps, task.most_steps
        told = evaluator.encode, self._count_steps
        return Task(evaluator.trap, make_envs, *terms, starts, *told, walks)

    def _count_steps(self, steps: int) -> None:
        """Count steps before they are taken."""
        most = self._evaluator.task.most_steps + SLACK_STEPS
        if self.steps + steps > most:
            raise ValueError(f"{self.steps} steps were taken; a method has {most} here")
        self.steps += steps

    def adapt(self, labels: LabelSource) -> Iterator[tuple[Policy, int]]:
        """Yield the method's policies after more and more labels, with the labels used.

        Raises:
            ValueError: the method ends before all labels were given.
        """
        method, members = deepcopy((self._method, self.members))
        policies = method.adapt(self._make_task(labels.starts()), members, labels)
        for given, budget in zip((0, *LABELS), LABELS, strict=False):
            labels.left += budget - given
            if (policy := next(policies, None)) is None:
                told = "adapt() ended; expected a policy each time that labels come"
                raise ValueError(f"{type(method).__name__}: {told}")
            yield policy, labels.used

    def measure(
        self, policy: Policy, split: Split, first: int = SCORED, rows: slice = slice(None)
    ) -> int:
        """Measure a copy of a policy, as ``Evaluator.measure``."""
        played = Encoded(deepcopy(policy), self._evaluator.encode)
        return self._evaluator.measure(played, split, first, rows)

    def measure_member(self, policy: Policy) -> Member:
        """Return the measures of one policy of the set."""
        chosen = (self.measure(policy, Split.SHIFT, first) for first in (SCORED, CHOOSING))
        return Member(self.measure(policy, Split.TEST), *chosen)

    def evaluate_labels(self, kind: Label) -> list[Point]:
        """Return the method's results for every number of labels of a kind, drawn ten times."""
        m = np.empty((2, LABEL_DRAWS, len(LABELS)), dtype=np.int64)
        solved, used = np.empty_like(m), np.empty_like(m)
        count = self._evaluator.levels // LABEL_DRAWS
        for role, draw in np.ndindex(2, LABEL_DRAWS):
            rows = slice(draw * count, (draw + 1) * count)
            adapted = self.adapt(LabelSource(self._evaluator, role, kind, draw))
            for index, (policy, labels) in enumerate(adapted):
                m[role, draw, index] = self.measure(policy, Split.SHIFT, SCORED, rows)
                solved[role, draw, index] = self.measure(policy, Split.TEST, SCORED, rows)
                used[role, draw, index] = labels
        m[1] *= -1
        pairs = [[(one, other) for one, other in draws] for draws in m.T.tolist()]
        least, total = solved.sum(axis=1).min(axis=0).tolist(), used.sum(axis=1).T.tolist()
        made = zip(LABELS, pairs, least, map(tuple, total), strict=True)
        return [Point(*point) for point in made]


def find_method(method: str) -> type[Method]:
    """Return a method's class: one of ``METHODS``, or ``FILE.py:Class``.

    Raises:
        UnknownNameError: the method is unknown, or its file lacks the class.
        ValueError: the file does not exist, or the class is not a method.
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
    """Return the name of a method in records: its own, or ``file.Class``."""
    place, _, name = method.rpartition(":")
    return method if method in METHODS else f"{Path(place).stem}.{name}"
