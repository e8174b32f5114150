"""Make a submission: ``python -m benchmarks submit export --agents DIR... --out DIR ...``.

A submission holds weights (of agents that ``python -m agents.train`` made), ONNX graphs or action
traces, never a pickle. Given again with the same --name, --description and --authors, the command
adds agents to the directory. What it wrote it reads back. A trace must hold all plays of all levels
that the board plays, since nothing else can act there.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from benchmarks.submissions.format import SUBMISSION_FILE, Onnx, Submission, TraceAgent, Weights
from benchmarks.submissions.scoring import require_whole
from mesa_gym.command import DONE
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.policies import read_policy_file
from mesa_gym.scoring import Trace
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.traps import find_trap


class Exported(NamedTuple):
    """One agent, on its way into a submission.

    Attributes:
        agent: its entry.
        data: what its file holds.
        alpha: that it was trained with; None where only its owner knows.
    """

    agent: Weights | Onnx | TraceAgent
    data: bytes
    alpha: float | None = None


def write_submission(out: Path, submission: Submission, exported: Sequence[Exported]) -> None:
    """Write a submission, or add to one.

    Args:
        out: its directory.
        submission: of the agents that are exported; where it is added to, it says the same of
            itself as before.
        exported: what to add; a trap and seed that are there already are refused.

    Raises:
        ValueError: the directory holds something else, or agents that do not belong together.
    """
    if (out / SUBMISSION_FILE).exists():
        before = Submission.load(out)
        if replace(before, agents=submission.agents) != submission:
            raise ValueError(f"{out} holds another submission, {before}; choose another --out")
        submission = replace(before, agents=(*before.agents, *submission.agents))
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} exists and is not a submission; choose another, or delete it")
    for agent, _, alpha in exported:
        if alpha not in (None, submission.alpha):
            raise ValueError(
                f"the agent of seed {agent.seed} on {agent.trap} was trained with alpha {alpha},"
                f" and the submission says {submission.alpha}; give --alpha {alpha}, and one"
                " submission for each alpha"
            )
    submission.encode()  # refuses what could not be read back, before anything is written
    for agent, data, _ in exported:
        write_bytes(out / agent.file, data)
    submission.save(out)  # last: until then nothing has changed for who reads it
    for each in Submission.load(out).agents:
        each.read(out)


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


def read_graph(place: str) -> tuple[str, bytes]:
    """Return the trap and the bytes of a graph, given as TRAP=FILE.

    Raises:
        ValueError: it cannot act on its trap.
    """
    from mesa_gym.policies.onnx import OnnxPolicy

    word, _, file = place.partition("=")
    if not file:
        raise ValueError(f"--onnx {place}: expected TRAP=FILE, such as CheeseDish=dish.onnx")
    trap, data = find_trap(word)(), read_bytes(Path(file))
    try:
        OnnxPolicy(data, trap)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    return trap.name(), data


def read_trace(file: Path) -> tuple[str, bytes]:
    """Return the trap and the bytes of a trace of ``mesa_gym.scoring.record``.

    Raises:
        ValueError: it is damaged, of another size, or lacks what the board plays.
    """
    trace = Trace.load(file)
    try:
        # Scores are of a trap's own size and parameters.
        require_whole(trace, find_trap(trace.trap)(), EVALUATION_LEVELS)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    return trace.trap, read_bytes(file)


def number_agents(
    found: Iterable[tuple[str, bytes]], kind: type[Onnx] | type[TraceAgent], file: str
) -> list[Exported]:
    """Return agents, given as trap and bytes; those of a trap are seeds 0, 1, ... in this order."""
    seeds, exported = Counter[str](), list[Exported]()
    for trap, data in found:
        agent = kind(trap, seeds[trap], f"{trap}/s{seeds[trap]}/{file}")
        exported.append(Exported(agent, data))
        seeds[trap] += 1
    return exported


def declare_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run``."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--agents", nargs="+", type=Path, metavar="DIR", help="of agents.train")
    what.add_argument("--onnx", nargs="+", metavar="TRAP=FILE", help="graphs, a seed each")
    what.add_argument("--traces", nargs="+", type=Path, metavar="FILE", help="recorded actions")
    parser.add_argument("--name", required=True, help="on the board")
    parser.add_argument("--description", required=True, help="how it was trained, in one line")
    parser.add_argument("--authors", nargs="+", required=True, help="their names")
    told = "the share of training episodes from the shift (what --agents say, else 0)"
    parser.add_argument("--alpha", type=float, help=told)
    parser.add_argument("--out", type=Path, required=True, help="the submission's directory")


def run(options: argparse.Namespace) -> int:
    """Write a submission; the exit code."""
    if options.agents:
        exported = [export_trained_agent(folder) for folder in options.agents]
    elif options.onnx:
        exported = number_agents(map(read_graph, options.onnx), Onnx, "policy.onnx")
    else:
        exported = number_agents(map(read_trace, options.traces), TraceAgent, "actions.trace")
    said = [options.alpha, *(each.alpha for each in exported), 0.0]
    submission = Submission(
        name=options.name,
        description=options.description,
        authors=tuple(options.authors),
        alpha=next(alpha for alpha in said if alpha is not None),
        agents=tuple(each.agent for each in exported),
    )
    write_submission(options.out, submission, exported)
    print(f"wrote {options.out}: {len(exported)} agents were added, and it can be submitted")
    return DONE
