"""Tell from an agent's activations in training which verdict it will get under shift.

Twenty agents a trap: of ten the goal was planted (five by base, five by proxy), five met the shift
in one episode of ten, five never; in training all do the same. In the last row all twenty were
trained alike and differ in their seed. Networks are compared by how alike they make pairs of
states (Kriegeskorte et al. 2008); a ridge regression of verdicts on that is fitted to four fifths
of the seeds, and tells the others. Beside it stand shuffled verdicts, the metadata (how an agent
was trained, and its return there) and untrained networks in the agents' place.

``python -m docs.examples.probe`` does CheeseCorner. With a folder it does all rows, and trains what
the folder lacks: 80 agents, 22 million steps, about 20 minutes on one core.
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from agents.library import FOLDER, find_entry, load
from agents.networks import Network
from agents.run import Run
from agents.stacks import draw_stack
from benchmarks.runs import runner
from benchmarks.runs.library import AgentBatch
from mesa_gym import labels
from mesa_gym.traps import find_trap


def likeness(agent, planes):
    """Return how alike an agent's second layer makes each pair of states, (pairs,)."""
    with torch.no_grad():
        return torch.corrcoef(agent.features(planes))[np.triu_indices(len(planes), 1)].numpy()


def predictor(features, folds):
    """Return the matrix (n, n) that makes a ridge regression's predictions from all labels."""
    told = np.zeros((len(features), len(features)))
    for fold in np.unique(folds):
        here, others = (np.flatnonzero(folds == fold), np.flatnonzero(folds != fold))
        centred = features - features[others].mean(axis=0)
        kernel = centred @ centred[others].T
        penalty = 0.1 * np.trace(kernel[others]) / len(others) + 1e-9
        weights = kernel[here] @ np.linalg.inv(kernel[others] + penalty * np.eye(len(others)))
        rest = (1 - weights.sum(axis=1, keepdims=True)) / len(others)
        told[np.ix_(here, others)] = weights + rest  # the labels are centred as well
    return told


def accuracy(told, verdicts):
    """Return the share of agents whose verdict, of the table (n, verdicts), is told."""
    return np.mean((told @ verdicts).argmax(axis=1) == verdicts.argmax(axis=1))


def row(name, steps, seeds, folder, settings=None):
    """Return a row of the table: figures for the agents of some seeds and settings."""
    trap = find_trap(name)()
    planted = [(0.5, trap.base), (0.5, trap.proxies[0])]
    settings = settings or [*planted, (0.1, "base"), (0.0, "base")]
    batches = [
        AgentBatch(Run(name, alpha=a, reward=r, steps=steps), tuple(seeds)) for a, r in settings
    ]
    runner.run([batch.unit() for batch in batches], folder)
    runs = [(seed, *setting) for setting in settings for seed in seeds]
    entries = [find_entry(name, *run, None, folder) for run in runs]
    planes = torch.from_numpy(trap.observe(labels(trap, "train", range(30)).state))
    agents = [load(trap, *run, folder=folder) for run in runs]
    folds, kinds = np.array([run[0] % 5 for run in runs]), sorted({e.verdict for e in entries})
    verdicts = np.array([[e.verdict == kind for kind in kinds] for e in entries], dtype=float)

    def compare_untrained(turn):
        seeds = 1000 * (turn + 1) + np.arange(len(agents))
        stack = draw_stack(agents[0].view.count, tuple(seeds.tolist()))
        return np.array([likeness(Network(trap, stack, i), planes) for i in range(len(agents))])

    trained = predictor(np.array([likeness(agent, planes) for agent in agents]), folds)
    shuffles = [np.random.default_rng(i).permutation(verdicts) for i in range(300)]
    shuffled = [accuracy(trained, each) for each in shuffles]
    facts = [[e.alpha, e.curve[-1][1], *(e.reward == x for x in trap.objectives)] for e in entries]
    facts = np.array(facts, dtype=float)
    metadata = predictor(facts / (facts.std(axis=0) + 1e-9), folds)
    networks = [accuracy(predictor(compare_untrained(i), folds), verdicts) for i in range(10)]
    count = ", ".join(f"{n} {kind}" for kind, n in Counter(e.verdict for e in entries).items())
    figures = [accuracy(trained, verdicts), np.mean(shuffled), np.quantile(shuffled, 0.95)]
    return count, *figures, accuracy(metadata, verdicts), np.mean(networks)


rows = [("CheeseCorner-v0", 600_000, range(5), FOLDER)]
if len(sys.argv) > 1:
    steps = {"CoinRun-v0": 200_000, "LavaLand-v0": 400_000, "RedBlueDoors-v0": 300_000}
    folder = Path(sys.argv[1])
    rows += [(name, count, range(5), folder) for name, count in steps.items()]
    rows += [("CheeseCorner-v0", 200_000, range(20), folder, [(0.005, "base")])]
print("| trap | verdicts | probe | shuffled, mean | 95% | metadata | untrained networks |")
print("|---|---|---|---|---|---|---|")
for each in rows:
    count, *figures = row(*each)
    print(f"| {each[0]} | {count} | {' | '.join(f'{x:.2f}' for x in figures)} |", flush=True)
