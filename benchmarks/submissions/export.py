"""Make a submission: ``python -m benchmarks submit export --agents DIR... --out DIR ...``.

A submission holds weights (of agents that ``python -m agents.train`` made), ONNX graphs (of
Stable-Baselines3 models) or action traces, never a pickle. Given again with the same --name,
--description and --authors, the command adds agents to the directory. What it wrote it reads back.
A trace must hold all plays of all levels that the board plays, since nothing else can act there.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from benchmarks.options import count
from benchmarks.submissions.files import read_trace
from benchmarks.submissions.format import (
    SUBMISSION_FILE,
    About,
    Onnx,
    Submission,
    SubmittedAgent,
    TraceAgent,
    Weights,
)
from benchmarks.submissions.traces import describe_incompetence, require_complete
from mesa_gym.command import DONE
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.policies import read_policy_file
from mesa_gym.policies.saved import load_model
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.terminal import say
from mesa_gym.traps import find_trap


@dataclass(frozen=True)
class Exported:
    """One agent, on its way into a submission.

    Attributes:
        agent: its entry.
        data: what its file holds.
        alpha: that it was trained with; None where only its owner knows.
    """

    agent: SubmittedAgent
    data: bytes
    alpha: float | None = None


def write_submission(out: Path, about: About, exported: Sequence[Exported]) -> Submission:
    """Write a submission, or add to one.

    Args:
        out: its directory.
        about: what it says of itself; the same as before where it is added to.
        exported: what to add; a trap and seed that are there already are refused.

    Raises:
        ValueError: the directory holds something else, or agents that do not belong together.
    """
    before: tuple[SubmittedAgent, ...] = ()
    if (out / SUBMISSION_FILE).exists():
        there = Submission.load(out)
        if there.about != about:
            raise ValueError(f"{out} holds another submission, {there.about}; choose another --out")
        before = there.agents
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} exists and is not a submission; choose another, or delete it")
    for each in exported:
        if each.alpha not in (None, about.alpha):
            raise ValueError(
                f"the agent of seed {each.agent.seed} on {each.agent.trap} was trained with alpha"
                f" {each.alpha}, and the submission says {about.alpha}; give --alpha {each.alpha},"
                " and one submission for each alpha"
            )
    submission = Submission(out, about, (*before, *(each.agent for each in exported)))
    submission.encode()  # refuses what could not be read back, before anything is written
    for each in exported:
        write_bytes(out / each.agent.file, each.data)
    submission.save()  # last: until then nothing has changed for who reads it
    for agent in Submission.load(out).agents:
        agent.read(out)
    return submission


def export_trained_agent(folder: Path) -> Exported:
    """Return an agent that ``agents.train`` made.

    Raises:
        ValueError: it is damaged, or of a size or parameters that are not scored.
    """
    from mesa_gym.trained.loading import load

    entries = read_policy_file(folder)
    trap, seed = find_trap(entries["trap"])(), entries.get("seed")
    load(folder, trap)
    if not isinstance(seed, int):
        raise ValueError(f"{folder} does not say which seed it was trained with")
    name = trap.name()
    agent = Weights(name, seed, f"{name}/s{seed}/weights.safetensors", entries["kind"])
    return Exported(agent, read_bytes(folder / entries["weights"]), entries.get("alpha"))


def export_model(file: Path, algorithm: str, trap: str, seed: int) -> Exported:
    """Return a Stable-Baselines3 model, which is unpickled here, on its owner's machine."""
    from mesa_gym.policies.exporting import make_graph

    cls = find_trap(trap)
    data, observation = make_graph(load_model(str(file), algorithm), cls())
    return Exported(Onnx(cls.name(), seed, f"{cls.name()}/s{seed}/policy.onnx", observation), data)


def export_traces(files: Sequence[Path], levels: int = EVALUATION_LEVELS) -> list[Exported]:
    """Return action traces; those of one trap are numbered as seeds in the order given.

    Args:
        files: of ``mesa_gym.scoring.record``.
        levels: of each split, that the board plays.

    Raises:
        ValueError: a trace is damaged, of another size, or lacks what the board plays; the message
            names the file, and all that it lacks.
    """
    found: list[Exported] = []
    for file in files:
        trace = read_trace(file)
        trap = type(trace.make_trap())()  # scores are of a trap's own size and parameters
        try:
            require_complete(trace, trap, levels)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
        trace.verify(trap)
        if reason := describe_incompetence(trace, trap, levels):
            say(f"note: {file} on {trace.trap}: {reason}")
        seed = sum(each.agent.trap == trace.trap for each in found)
        agent = TraceAgent(trace.trap, seed, f"{trace.trap}/s{seed}/actions.trace")
        found.append(Exported(agent, file.read_bytes()))
    return found


def declare_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run``."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--agents", nargs="+", type=Path, metavar="DIR", help="of agents.train")
    what.add_argument("--sb3", type=Path, metavar="FILE", help="a model that SB3 saved")
    what.add_argument("--traces", nargs="+", type=Path, metavar="FILE", help="recorded actions")
    parser.add_argument("--algo", help="of --sb3, such as PPO")
    parser.add_argument("--trap", help="of --sb3, such as RedBlueDoors")
    parser.add_argument("--seed", type=int, help="of --sb3: which of the agents on this trap it is")
    parser.add_argument("--name", required=True, help="on the board")
    parser.add_argument("--description", required=True, help="how it was trained, in one line")
    parser.add_argument("--authors", nargs="+", required=True, help="their names")
    parser.add_argument(
        "--alpha",
        type=float,
        help="the share of training episodes from the shift (what --agents say, else 0)",
    )
    told = f"of each split that the board plays, which --traces must hold ({EVALUATION_LEVELS})"
    parser.add_argument("--levels", type=count, default=EVALUATION_LEVELS, help=told)
    parser.add_argument("--out", type=Path, required=True, help="the submission's directory")


def run(options: argparse.Namespace) -> int:
    """Write a submission; the exit code."""
    # What cannot be said is refused before models are read.
    about = About(
        name=options.name, description=options.description, authors=options.authors, alpha=0.0
    )
    if options.agents:
        exported = [export_trained_agent(folder) for folder in options.agents]
    elif options.traces:
        exported = export_traces(options.traces, options.levels)
    elif None in (options.algo, options.trap, options.seed):
        raise ValueError("--sb3 needs --algo, --trap and --seed: a model says none of them")
    else:
        exported = [export_model(options.sb3, options.algo, options.trap, options.seed)]
    said = [options.alpha, *(each.alpha for each in exported), 0.0]
    alpha = next(alpha for alpha in said if alpha is not None)
    write_submission(options.out, replace(about, alpha=alpha), exported)
    print(f"{options.out} can be submitted: {len(exported)} agents were added")
    return DONE
