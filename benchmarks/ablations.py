"""Ablations: what one change to a trap or its training does to the agents of the study.

``python -m benchmarks.ablations`` trains and scores what is not done yet, for docs/reproduction.md:
changes that ``agents.train`` has no option for. Networks, alpha and the number of levels are
varied with ``python -m benchmarks.curves``, in whose folder the results lie.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from agents.train import NUM_LEVELS
from benchmarks import pool
from benchmarks.curves import LEVELS, MEASURES, OUT, WORKERS, ratio, spread
from benchmarks.pool import Progress, Unit
from benchmarks.progress import reporting
from benchmarks.results import Results, card_path, scored_on
from benchmarks.units import STEPS, STEPS_A_SECOND, USUAL_STEPS, counted
from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.files import write_text
from mesa_gym.policies import load_policy, read_policy_file
from mesa_gym.scoring import ScoreCard, score_all
from mesa_gym.scoring.statistics import verdict_shares
from mesa_gym.traps import Trap, find_trap

SEEDS = 3


@dataclass(frozen=True)
class Change:
    """A way to train that differs in one thing from what the curves' agents had.

    Attributes:
        name: the trap's, without version.
        what: the change: ``trap`` keywords (``size``, the trap's own parameters), ``gamma``, or
            ``max_steps`` of the training environments.
        alpha: the share of episodes drawn from the shift.
    """

    name: str
    what: Mapping[str, Any] = field(hash=False)
    alpha: float = 0.0

    def trap(self) -> Trap:
        """The trap that is trained and scored on."""
        cls = find_trap(self.name)
        own = {key: value for key, value in self.what.items() if key in ("size", *cls.salience)}
        return cls(**own)

    def keywords(self) -> dict[str, Any]:
        """The rest of the change, for ``agents.lesson.Lesson``."""
        own = self.trap().parameters
        return {key: v for key, v in self.what.items() if key != "size" and key not in own}

    def steps(self) -> int:
        """Of training, as many as the curves' agents had."""
        return STEPS.get(self.trap().name(), USUAL_STEPS)

    def agent(self, seed: int) -> str:
        """An agent's name."""
        changed = "-".join(f"{key}{value}" for key, value in self.what.items())
        return f"{self.name}-ppo-alpha{self.alpha}-levels{NUM_LEVELS}-base-{changed}-s{seed}"

    def facts(self, seed: int) -> dict[str, Any]:
        """What an agent's ``policy.json`` says of its training."""
        return {
            "algo": "ppo",
            "seed": seed,
            "steps": self.steps(),
            "alpha": self.alpha,
            "reward": self.trap().base,
            "num_levels": NUM_LEVELS,
            **self.keywords(),
            "command": "python -m benchmarks.ablations",
        }


# Steps towards what the sources had: larger grids, a longer view, long episodes.
STUDY = (
    Change("CheeseCorner", {"size": 13}, alpha=0.01),
    Change("CheeseCorner", {"gamma": 0.99}, alpha=0.01),
    Change("MonsterWorld", {"max_steps": 200}),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"agents a change ({SEEDS})")
    parser.add_argument("--levels", type=int, default=LEVELS, help=f"for scoring ({LEVELS})")
    parser.add_argument("--out", type=Path, default=OUT, help=f"({OUT})")
    options = parser.parse_args(arguments)
    results = Results(options.out, lambda line: print(line, file=sys.stderr))

    def work() -> int:
        results.folder.mkdir(parents=True, exist_ok=True)
        units = list(left_to_do(STUDY, options.seeds, options.levels, results))
        with reporting() as report:
            if pool.run(units, WORKERS, results.folder, report):
                return FAILED
        text = "\n".join([*table(STUDY, options.seeds, results), ""])
        write_text(results.folder / "ablations.md", text)
        print(text)
        return DONE

    kept = f"what was done is kept in {results.folder}, and the same command goes on from there"
    return guarded("ablations", work, kept)


def left_to_do(
    changes: Sequence[Change], seeds: int, levels: int, results: Results
) -> Iterator[Unit]:
    """A unit for each agent that is not trained and scored.

    Raises:
        ValueError: an agent is there, but was trained in another way.
    """
    for change in changes:
        provenance = scored_on(change.trap(), levels)
        for seed in range(seeds):
            name = change.agent(seed)
            agent = Path("agents", name)
            card = card_path(change.trap().name(), name)
            if (results.folder / agent).exists():
                _require(results.folder / agent, change.facts(seed))
                made: tuple[Path, ...] = (card,)
            else:
                made = (agent, card)
            if not results.has_card(provenance, change.trap().name(), name, results.folder / agent):
                work = partial(_do, change, seed, levels, results.folder)
                seconds = change.steps() / STEPS_A_SECOND
                yield Unit(f"train and score {name}", work, made, seconds)


def _require(folder: Path, facts: Mapping[str, Any]) -> None:
    entries = read_policy_file(folder)
    for name, wanted in facts.items():
        if entries.get(name) != wanted:
            raise ValueError(
                f"{folder} was trained with {name} {entries.get(name)!r}, and this run wants"
                f" {wanted!r}; choose another --out, or delete the folder"
            )


def _do(
    change: Change, seed: int, levels: int, done: Path, folder: Path, progress: Progress
) -> None:
    """Train an agent, where it is not done, and score it."""
    from agents.lesson import Lesson
    from agents.ppo import train
    from agents.saving import save, weights

    trap, name = change.trap(), change.agent(seed)
    agent = done / "agents" / name
    if not agent.exists():
        agent = folder / "agents" / name
        told = counted(change.steps(), progress)
        facts = change.facts(seed)
        common = {key: facts[key] for key in ("alpha", "reward", "num_levels")}
        more = common | change.keywords()
        actor = train(Lesson(trap, "centred", seed, change.steps(), progress=told, **more))
        save(agent, weights(actor), actor.kind, "centred", trap, facts)
    cards = score_all({name: lambda horizon: load_policy(str(agent), trap, horizon)}, trap, levels)
    cards[name].save(folder / card_path(trap.name(), name))


def table(changes: Sequence[Change], seeds: int, results: Results) -> list[str]:
    """A row for each change: the curves' measures and the verdicts."""
    lines = [
        f"| trap | alpha | change | seeds | {' | '.join(MEASURES)} | r on shift | verdicts"
        " | r by seed |",
        "|---" * (len(MEASURES) + 7) + "|",
    ]
    for change in changes:
        name = change.trap().name()
        paths = [card_path(name, change.agent(seed)) for seed in range(seeds)]
        cards = [ScoreCard.load(results.folder / path) for path in paths]
        what = ", ".join(f"{key} {value}" for key, value in change.what.items())
        means = [spread([measure(card) for card in cards]) for measure in MEASURES.values()]
        means.append(spread([ratio(card) for card in cards], limits=(0, 1)))
        shares = verdict_shares([card.verdict for card in cards])
        verdicts = ", ".join(f"{round(share * seeds)} {v}" for v, share in shares.items())
        cells = [name, f"{change.alpha:g}", what, str(seeds), *means, verdicts]
        each = " ".join(f"{ratio(card):.2f}" for card in cards)
        lines.append(f"| {' | '.join([*cells, each])} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
