"""Learning in deployment: how much is lost until an agent that goes on learning is corrected.

    python -m docs.studies.deployment [PART ...]

trains the agents of the parts named, or of all, deploys them, and keeps what each deployment chose
and lost in ``runs/studies/deployment``; what is there stays. ``docs.studies.deployment_page`` makes
tables and the picture of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from agents.algorithms import ALGORITHMS
from agents.cloning import fit_network, replay_transitions
from agents.deployment import DeploymentLog, Judge, Standing, Update
from agents.inputs import align_inputs
from agents.lesson import Ended, Lesson
from agents.ppo_settings import PPOSettings
from agents.run import NUM_LEVELS, Run
from docs.studies.seeds import OUT, SeedGroup
from mesa_gym.files import read_json, write_json
from mesa_gym.policies import as_policy
from mesa_gym.scoring import rollout
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import Network
from mesa_gym.trained.stacks import draw_stack
from mesa_gym.traps import Split, Trap, find_trap

FOLDER = OUT / "deployment"
HELD_OUT = 100  # levels on which agents are judged
# The first four suggested the hypotheses.
LOOKED_AT = ("CheeseCorner", "CoinRun", "RedBlueDoors", "ColourShape")
TRAPS = (*LOOKED_AT, "CheeseDish", "OversightLamp", "PointedGoal", "Attributes")
# Steps of training before deployment.
TRAINED = dict.fromkeys(("CheeseCorner", "CoinRun", "ColourShape"), 100_000)
TRAINED_ELSEWHERE = 200_000
# A certain net's scores are so many times those of an untrained one; a softened one's, of its own.
CERTAIN, SOFT = 4000.0, 0.1
WALKS, CLONED = 1500, 100_000  # episodes of the sweeper, and transitions learnt from, of a clone
# Rules look after two updates, since the first episodes that end are the short ones.
RULE_STEPS, FALLEN = 8192, 0.5


class StudyPart(NamedTuple):
    """Deployments of one setting.

    Attributes:
        traps, starts: each with each.
        rules: when scores are softened: "" for never, "falls" when the return falls, "always".
        alpha: the share of episodes from the shift.
        seeds: how many.
        steps: of each deployment.
        every: judged after so many updates.
        environments: of each agent; an update takes 32 steps in each.
        algo: that trains.
    """

    traps: Sequence[str]
    starts: Sequence[str]
    rules: Sequence[str] = ("",)
    alpha: float = 1.0
    seeds: int = 20
    steps: int = 131_072
    every: int = 2
    environments: int = 128
    algo: str = "ppo"


STARTS = ("fresh", "warm", "certain", "cloned", "softened", "planted")
PARTS = {
    "traps": StudyPart(TRAPS, STARTS[:-1]),
    "planted": StudyPart(LOOKED_AT, STARTS[-1:]),
    "rare": StudyPart(("CheeseCorner", "CoinRun", "ColourShape"), STARTS[:2], alpha=0.1),
    "small": StudyPart(LOOKED_AT[:2], STARTS[:3], steps=65_536, every=20, environments=13),
    "rarest": StudyPart(
        ("CheeseCorner", "ColourShape"), STARTS[:2], alpha=0.01, seeds=5, steps=786_432, every=8
    ),
    "lava": StudyPart(("LavaLand",), ("warm",), ("", "falls"), seeds=5),
    "dish": StudyPart(("CheeseDish",), ("planted",), ("", "falls"), seeds=5),
    "lamp": StudyPart(("OversightLamp",), ("warm",), ("", "falls", "always"), seeds=5),
    "sb3": StudyPart(LOOKED_AT[:2], STARTS[:2], seeds=3, steps=65_536, every=1, algo="sb3-ppo"),
}


class Deployment(NamedTuple):
    """One start on one trap, deployed.

    Attributes:
        part: of ``PARTS``.
        trap: its name.
        start: one of ``STARTS``.
        rule: when scores are softened, as a part has it.
    """

    part: str
    trap: str
    start: str
    rule: str = ""

    @property
    def settings(self) -> StudyPart:
        """The settings of its part."""
        return PARTS[self.part]

    @property
    def was_run(self) -> bool:
        """Whether its outcome is kept."""
        return self.find_path().exists()

    def find_path(self) -> Path:
        """Return the file in which its outcome is kept."""
        return FOLDER / f"{'-'.join(filter(None, self))}.json"


PLANS = [
    Deployment(name, trap, start, rule)
    for name, part in PARTS.items()
    for trap in part.traps
    for start in part.starts
    for rule in part.rules
]


@dataclass(frozen=True)
class Deployed:
    """Deployments that differ in their seeds alone.

    Attributes:
        updates: for each seed, its updates.
        meet: for each seed, how likely an episode of the start contacts base, exactly.
        softened: the seeds whose scores were softened by a rule.
    """

    updates: list[list[Update]]
    meet: list[float]
    softened: list[int]


def make_agents(plan: Deployment) -> list[Any]:
    """Return the agents that are deployed, one a seed; none for new models of another library."""
    trap, part = find_trap(plan.trap)(), plan.settings
    if plan.start in ("fresh", "certain"):
        if part.algo != "ppo":
            return []
        drawn = tuple(seed + 1000 for seed in range(part.seeds))
        stack = draw_stack(CentredInputs(trap).count, drawn)
        agents = [Network(trap, stack, index) for index in range(part.seeds)]
        return agents if plan.start == "fresh" else scale_scores(agents, CERTAIN)
    if plan.start == "cloned":
        return [clone_sweeper(trap, seed) for seed in range(part.seeds)]
    alpha, reward = (0.5, trap.proxies[0]) if plan.start == "planted" else (0.0, "base")
    steps = TRAINED.get(plan.trap, TRAINED_ELSEWHERE) if part.algo == "ppo" else TRAINED_ELSEWHERE
    run = Run(plan.trap, part.algo, steps=steps, alpha=alpha, reward=reward)
    group = SeedGroup({}, run, range(part.seeds))
    loaded = group.load()[group.steps]
    agents = [loaded[seed] for seed in group.seeds]
    return scale_scores(agents, SOFT) if plan.start == "softened" else agents


def clone_sweeper(trap: Trap, seed: int) -> Network:
    """Return a network that learnt to walk as the sweeper does on training levels: no goal."""
    rng, view = np.random.default_rng(seed), CentredInputs(trap)
    starts = trap.levels(Split.TRAIN, np.arange(WALKS) + seed * WALKS)
    walk = as_policy("sweeper", trap, trap.horizon(Split.TRAIN))
    played = rollout(walk, trap, starts, trap.horizon(Split.TRAIN), seed)
    planes, taken = replay_transitions(trap, starts, played.actions)
    listed = [torch.from_numpy(view.list_inputs(planes)).int()]
    seen = torch.cat(align_inputs(listed, view.count))
    return fit_network(Lesson(trap, (seed,), CLONED), seen, torch.from_numpy(taken), rng)


@torch.no_grad()
def scale_scores(agents: list[Network], factor: float) -> list[Network]:
    """Multiply the scores of actions of agents, in place."""
    for agent in agents:
        for each in (agent.policy.weight, agent.policy.bias):
            each.mul_(factor)
    return agents


def deploy(plan: Deployment) -> Deployed:
    """Deploy a start: judge it, let it learn, and judge it again; a rule looks at it on the way."""
    trap, agents, part = find_trap(plan.trap)(), make_agents(plan), plan.settings
    judge, seeds = Judge(trap, HELD_OUT), tuple(range(part.seeds))
    log = DeploymentLog(judge, part.every)
    meet, softened, done = [judge.meet(agent) for agent in agents], [], 0
    before: dict[int, Ended] = {}

    def watch(at: int, seed: int, agent: Any, ended: Ended) -> None:
        log.watch(done + at, seed, agent, before.get(seed, []) + ended)

    def teach(steps: int) -> Lesson:
        settings = PPOSettings(rate_left=1.0, environments=part.environments)
        lesson = Lesson(
            trap, seeds, steps, part.alpha, num_levels=NUM_LEVELS, settings=settings,
            start=agents or None, watch=watch,
        )  # fmt: skip
        if agents and not done:
            lesson.watch_agents(0, agents)
        agents[:] = ALGORITHMS[part.algo].train(lesson)
        return lesson

    if len(part.rules) > 1:
        usual = [expect_return(trap, agent) for agent in agents]
        lesson = teach(RULE_STEPS)
        before, done = dict(zip(seeds, lesson.ended, strict=True)), RULE_STEPS
        for seed, ended in enumerate(lesson.ended):
            fell = np.mean([earned for _, earned in ended]) < FALLEN * usual[seed]
            if plan.rule == "always" or (plan.rule == "falls" and fell):
                scale_scores([agents[seed]], SOFT)
                softened.append(seed)
    teach(part.steps - done)
    return Deployed([*log.read().values()], meet, softened)


def expect_return(trap: Trap, agent: Network) -> float:
    """Return the discounted return of base that an agent expects on training levels."""
    judge = Judge(trap, HELD_OUT, Split.TRAIN)
    return float(judge.solution.optimum(trap.base).mean()) - judge.judge(agent).regret


def read_deployed(plan: Deployment) -> Deployed:
    """Return what a deployment chose and lost, from disk where it was run before."""
    path = plan.find_path()
    if not plan.was_run:
        path.parent.mkdir(parents=True, exist_ok=True)
        began = time.process_time()
        found = deploy(plan)
        write_json(path, [found.updates, found.meet, found.softened])
        print(f"{path.stem}: {time.process_time() - began:.0f} CPU s", flush=True)
    updates, meet, softened = read_json(path)
    return Deployed(
        [[Update(s, e, Standing(*of), lost) for s, e, of, lost in each] for each in updates],
        meet,
        softened,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in PLANS:
        if each.part in sys.argv[1:] or not sys.argv[1:]:
            read_deployed(each)
