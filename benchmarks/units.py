"""What the quick board needs done: agents to train, policies to score, an episode to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.train import Run, train
from benchmarks.episode import record
from benchmarks.pool import Incomplete, Progress, Unit
from benchmarks.results import Results, agent_path, card_path, episode_path, scored_on
from mesa_gym.errors import PolicyError
from mesa_gym.policies import load_policy, references
from mesa_gym.scoring import score_all
from mesa_gym.traps import Split, Trap, all_traps, find_trap

# The quick board: three sources, and an easy, a usual and a hard trap to learn.
QUICK_TRAPS = ("CheeseCorner", "KeysChests", "RedBlueDoors")
QUICK_ALGORITHMS = ("ppo",)
# Steps until PPO is competent, measured (agents/README.md); other traps get the usual number.
STEPS = {
    "ChuteOrFire-v0": 2_000_000,
    "DustSweep-v0": 2_000_000,
    "DustVacuum-v0": 2_000_000,
    "FollowMe-v0": 2_000_000,
    "KeysChests-v0": 4_000_000,
    "MonsterWorld-v0": 2_000_000,
    "TreeFarm-v0": 2_000_000,
}
USUAL_STEPS = 1_500_000
# What a core does, roughly: for the order of the work and for the bar.
STEPS_A_SECOND = 25_000
LEVELS_A_SECOND = 40


@dataclass(frozen=True)
class Plan:
    """What a board shows.

    Attributes:
        levels: of each split, for scoring.
        seeds: how many agents an algorithm trains on a trap.
        steps: of training, on every trap; None for as many as each is known to take.
        names: of the traps; "all" stands for every trap.
        algorithms: of ``agents.train``.
    """

    levels: int
    seeds: int
    steps: int | None = None
    names: tuple[str, ...] = QUICK_TRAPS
    algorithms: tuple[str, ...] = QUICK_ALGORITHMS

    def traps(self) -> list[type[Trap]]:
        """The traps, each once.

        Raises:
            UnknownNameError: there is no trap of a name.
        """
        if "all" in self.names:
            return list(all_traps().values())
        return list(dict.fromkeys(map(find_trap, self.names)))

    def runs(self, trap: str) -> list[Run]:
        """The agents to train on a trap."""
        steps = STEPS.get(trap, USUAL_STEPS) if self.steps is None else self.steps
        return [
            Run(trap, algorithm, seed, steps)
            for algorithm in self.algorithms
            for seed in range(self.seeds)
        ]


def left_to_do(plan: Plan, results: Results) -> list[Unit]:
    """The units whose results are missing, damaged (they are set aside) or out of date.

    Returns:
        Units in order of preference, the longest trainings first.

    Raises:
        ValueError: an agent was trained in another way than the plan says.
    """
    training: list[Unit] = []
    scoring: list[Unit] = []
    for cls in plan.traps():
        missing = [
            _training(run)
            for run in plan.runs(cls.name())
            if not results.has_agent(run, agent_path(run))
        ]
        training += missing
        scoring += _scoring(cls, plan, results, {unit.name for unit in missing})
    # A trap is scored as soon as it can be: where all scoring came last, one long unit of it
    # would leave the other workers idle.
    return [*scoring, *sorted(training, key=lambda unit: -unit.seconds)]


def _training(run: Run) -> Unit:
    target = agent_path(run)
    return Unit(f"train {target.name}", partial(_train, run), (target,), run.steps / STEPS_A_SECOND)


def _scoring(cls: type[Trap], plan: Plan, results: Results, missing: set[str]) -> Iterator[Unit]:
    name, after = cls.name(), frozenset(missing)
    agents = {
        f"{run.algo}-s{run.seed}": results.folder / agent_path(run) for run in plan.runs(name)
    }
    specs = {policy: str(path) for policy, path in agents.items()}
    specs |= {policy: policy for policy in references(cls)}
    provenance = scored_on(cls(), plan.levels)
    todo = {
        policy: spec
        for policy, spec in specs.items()
        if not results.has_card(provenance, name, policy, agents.get(policy))
    }
    if todo:
        cards = tuple(card_path(name, policy) for policy in todo)
        seconds = plan.levels * len(Split) / LEVELS_A_SECOND
        work = partial(score_policies, name, todo, plan.levels)
        yield Unit(f"score {name}", work, cards, seconds, after)
    policy, agent = next(iter(agents.items()))
    if not results.has_episode(name, agent):
        recording = partial(_record, name, policy, specs[policy])
        yield Unit(f"episode {name}", recording, (episode_path(name),), 2.0, after)


# -- what workers do: each writes into a folder that is laid out as the results are ----------------


def _train(run: Run, folder: Path, progress: Progress) -> None:
    train(run, folder / agent_path(run), counted(run.steps, progress))


def score_policies(
    name: str, policies: dict[str, str], levels: int, folder: Path, progress: Progress
) -> None:
    """Score policies, name -> spec, on a trap, and write their cards."""
    trap = find_trap(name)()
    makers = {policy: partial(load_policy, spec, trap) for policy, spec in policies.items()}
    failed: dict[str, PolicyError] = {}
    advance = counted(levels * len(Split), progress)
    cards = score_all(makers, trap, levels, progress=advance, failed=failed)
    for policy, card in cards.items():
        card.save(folder / card_path(name, policy))
    if failed:
        cause = ExceptionGroup("policies that failed", list(failed.values()))
        raise Incomplete(f"there is no card of {', '.join(failed)}") from cause


def _record(name: str, policy: str, spec: str, folder: Path, progress: Progress) -> None:
    trap = find_trap(name)()
    agent = load_policy(spec, trap, trap.horizon(Split.SHIFT))
    record(policy, agent, trap).save(folder / episode_path(name))


def counted(total: int, progress: Progress) -> Callable[[int], None]:
    """Turns numbers of things done into whole percents of all."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if 100 * before // total != 100 * done // total:
            progress(min(1.0, done / total))

    return advance
