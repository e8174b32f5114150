"""Runs programs of the tests with the arithmetic of another processor.

OpenBLAS and NumPy choose their code by the processor; sums of floating-point numbers then have
another order, and other last digits. ``python -m tests.support.kernels rewrite`` and ``score`` are
the programs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from mesa_gym.report import committed
from mesa_gym.scoring import read_card, score

ROOT = Path(__file__).parents[2]
# Without AVX-512, and without AVX as well; CPython's own sums have one order everywhere.
KERNELS = {"Haswell": ("X86_V4", "AVX512"), "Prescott": ("X86_V3", "X86_V4", "AVX", "FMA", "F16C")}
# Agents of the library, with and without memory.
AGENTS = (("CheeseDish", "ppo:0"), ("CueOrPay", "ppo-gru:0"))


def use_kernel(kernel):
    """Return the environment of a process that computes as on another processor."""
    features = np._core._multiarray_umath.__cpu_features__
    dispatched = np._core._multiarray_umath.__cpu_dispatch__
    left_out = [x for x in dispatched if features[x] and x.startswith(KERNELS[kernel])]
    return os.environ | {
        "OPENBLAS_CORETYPE": kernel,
        "NPY_DISABLE_CPU_FEATURES": " ".join(left_out),
    }


def run_on(kernel, *words):
    """Return what a program of this module prints, read as JSON, on another processor."""
    command = [sys.executable, "-m", __name__, *words]
    environment = use_kernel(kernel)
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def rewrite_committed():
    """Return file -> the numbers of its cards, and of those that are written as they were read."""
    counts = {}
    for name in committed.list_files():
        lines = committed.read_lines(committed.FOLDER / f"{name}{committed.ENDING}")
        counts[name] = [len(lines), sum(read_card(line).to_json() == line for line in lines)]
    return counts


def score_agents():
    """Return the cards of some agents of the library on 100 levels, as plain data."""
    return [json.loads(score(agent, trap, levels=100).to_json()) for trap, agent in AGENTS]


if __name__ == "__main__":
    print(json.dumps({"rewrite": rewrite_committed, "score": score_agents}[sys.argv[1]]()))
