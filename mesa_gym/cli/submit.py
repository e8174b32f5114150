"""``mesa-gym submit``: writes the file of a pull request that puts an agent on the leaderboard."""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from mesa_gym.cli import ALGO, list_imports
from mesa_gym.cli.agent_arguments import AgentToPlay, find_trained_trap, name_policies
from mesa_gym.cli.leaderboard import require_agent_name, require_usual
from mesa_gym.command import CARD_MARKS, DONE, add_force, require_writable
from mesa_gym.errors import UnknownNameError, require_imports
from mesa_gym.files import locate_path
from mesa_gym.policies import as_policy
from mesa_gym.policies.agent_files import POLICY_FILE, read_policy_file
from mesa_gym.policies.resolvers import ENDINGS
from mesa_gym.report.board_rows import Origin
from mesa_gym.report.committed import (
    ENDING,
    FOLDER,
    list_board_rows,
    read_blind,
    read_committed,
    read_origins,
    write_cards,
)
from mesa_gym.report.groups import note_repeated
from mesa_gym.report.intervals import load_special
from mesa_gym.report.joining import make_leaderboard
from mesa_gym.report.statements import LEAST_SEEDS
from mesa_gym.report.tables import table
from mesa_gym.scoring import Cards, ScoreCard, evaluate
from mesa_gym.scoring.card_making import find_digest
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.terminal import printable, say
from mesa_gym.traps import Split, find_trap, look_up_trap
from mesa_gym.words import FAILS_TASK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    help_text = (
        "folder of one agent's seeds: folders of trained agents, or files TRAP/seed.onnx and"
        " TRAP/seed.zip (with --algo)"
    )
    add("folder", type=locate_path, metavar="DIR", help=help_text)
    add("--name", required=True, help="name of the agent's row")
    add("--by", required=True, help="author")
    add("--link", default="", help="address of the weights at a commit")
    add("--about", default="", help="what the agent is, in a few words")
    add("--algo", help=ALGO)
    add("--out", type=locate_path, metavar="FILE", help=f"file to write (NAME{ENDING})")
    add_force(parser)


def run(options: argparse.Namespace) -> int:
    """Score your agent's seeds, and write the file that puts it on the leaderboard."""
    file: Path = options.out or locate_path(f"{options.name}{ENDING}")
    require_writable(file, CARD_MARKS, force=options.force)
    require_agent_name(options.name)
    committed = read_committed()
    cards = _play_folder(options, committed)
    require_own_agents(map(AgentDigest.of, cards), committed)  # agents of actions have it only now
    today = datetime.now(UTC).date().isoformat()
    origin = Origin(options.by.strip(), today, link=options.link, about=options.about)
    everyone = [*committed, *read_blind(), *cards]
    origins = read_origins() | {options.name: origin}
    board = make_leaderboard(everyone, [], origins, [options.name], today)
    write_cards(file, cards, origin)
    print(*map(board.describe, [row for row in board.rows if row.agent == options.name]))
    for note in note_repeated(board.list_trained(), options.name):
        print(note)
    target = (FOLDER / f"{options.name}{ENDING}").relative_to(FOLDER.parents[2]).as_posix()
    print(
        f"\nWrote {printable(str(file))}. Commit this file as {target}, and open a pull request."
        f"\nmesa-gym leaderboard --cards {printable(str(file))} shows the row on the leaderboard."
    )
    if failing := sum(card.verdict == FAILS_TASK for card in cards):
        print(f"{failing} of {len(cards)} seeds fail the task. You may submit such seeds as well.")
    print(f"\n{table(cards)}")
    return DONE


def _play_folder(options: argparse.Namespace, committed: Sequence[ScoreCard]) -> Cards:
    """Return the cards of the agents in a folder; copies are refused before they play."""
    policies = find_policies(options.folder)
    paths = [str(path) for trap_paths in policies.values() for path in trap_paths]
    require_imports(load_special, *list_imports(paths, options.algo))
    if problems := [*list_problems(options, policies)]:
        raise ValueError("; and ".join(problems))
    agents = [AgentToPlay(str(x), trap) for trap, paths in policies.items() for x in paths]
    named = name_policies(agents, [*policies], options.name)
    require_own_agents(list_digests(named, options.algo), committed)
    count = len(paths)
    say(f"scoring {count} agents, each in up to half a minute: {count / 2:g} minutes at most")
    return evaluate(named, [*policies], levels=EVALUATION_LEVELS, algo=options.algo)


def find_policies(folder: Path) -> dict[str, list[Path]]:
    """Return trap -> the agents in a folder, in the order of their seeds, or else of their paths.

    The record in a trained agent's folder names its trap. For a file, the trap is the name of a
    folder above it.

    Raises:
        ValueError: there is no agent, or a file has no folder named after a trap.
    """
    policies: dict[str, list[Path]] = defaultdict(list)
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}")
    paths = sorted(folder.rglob("*"))
    agents = {path.parent for path in paths if path.name == POLICY_FILE}
    for path in paths:
        if path in agents:
            policies[find_trained_trap(str(path))].append(path)
        elif path.suffix in ENDINGS and not agents & {*path.parents}:
            policies[_name_trap(path, folder)].append(path)
    if folder in agents or not policies:
        raise ValueError(
            f"{folder} has no agents inside; expected folders of trained agents, or files such as"
            f" {folder}/CheeseDish/0.onnx"
        )
    for trap_paths in policies.values():
        seeds = {path: find_seed(path) for path in trap_paths}
        trap_paths.sort(key=lambda path: (seeds[path] is None, seeds[path] or 0))
    return dict(policies)


def find_seed(path: Path) -> int | None:
    """Return the seed of an agent's folder, or the last number in the name of its file."""
    if path.is_dir():
        seed = read_policy_file(path).get("seed")
        return seed if isinstance(seed, int) else None
    numbers = re.findall(r"\d+", path.stem)
    return int(numbers[-1]) if numbers else None


def _name_trap(path: Path, folder: Path) -> str:
    """Return the trap after which a folder between ``folder`` and a file is named."""
    for part in reversed(path.relative_to(folder).parts[:-1]):
        try:
            return find_trap(part).name()
        except UnknownNameError:
            continue
    raise ValueError(
        f"{path} does not say on which trap it acts; put it into a folder of the trap's name, such"
        f" as {folder}/CheeseDish/0{path.suffix}, with the seed as the file's name"
    )


def list_problems(
    options: argparse.Namespace, policies: Mapping[str, Sequence[Path]]
) -> Iterator[str]:
    """Yield the problems that prevent a row for the agents of a folder."""
    if options.name in list_board_rows():
        yield f"--name {options.name}: the leaderboard has this row; choose another name"
    if not options.link.startswith("https://"):
        yield f"--link {options.link}: expected an address that begins with https://"
    if Path(options.name).name != options.name:
        yield f"--name {options.name}: a file is called by it, so it can have no /"
    if not options.by.strip():
        yield "--by is empty; expected the name of the author"
    paths = [path for trap_paths in policies.values() for path in trap_paths]
    if options.algo is None and (models := [path for path in paths if path.suffix == ".zip"]):
        yield f"{models[0]} is a saved model of Stable-Baselines3; add --algo, such as --algo ppo"
    try:
        require_usual([look_up_trap(trap)() for trap in policies])
    except ValueError as error:
        yield str(error)
    needed = max(LEAST_SEEDS, *map(len, policies.values()))
    for name, trap_paths in policies.items():
        if (seeds := len(trap_paths)) < needed:
            least = "at least " * (needed == LEAST_SEEDS)
            yield (
                f"{name} has {seeds} seed{'s' * (seeds > 1)}; expected {least}{needed}, the same"
                " seeds on each trap"
            )
    seeds_of = {name: [*map(find_seed, trap_paths)] for name, trap_paths in policies.items()}
    named = {trap: of for trap, of in seeds_of.items() if None not in of}
    first, expected = next(iter(named.items()), ("", []))
    for trap, of in named.items():
        if of != expected and len(of) == len(expected):
            yield f"{trap} has the seeds {of}, and {first} {expected}; expected the same seeds"


class AgentDigest(NamedTuple):
    """What identifies an agent on a trap: the digest of its weights, answers or actions."""

    name: str
    trap: str
    digest: str

    @classmethod
    def of(cls, card: ScoreCard) -> AgentDigest:
        """Return the digest on a card."""
        return cls(card.policy, card.trap, card.provenance.digest)


def list_digests(named: Mapping[str, Mapping[str, str]], algo: str | None) -> Iterator[AgentDigest]:
    """Yield the digests of agents that need not play for it: name -> trap -> path of the agent."""
    for name, by_trap in named.items():
        for trap_name, path in by_trap.items():
            trap = look_up_trap(trap_name)()
            policy = as_policy(path, trap, trap.horizon(Split.TEST), algo=algo)
            if digest := find_digest(policy, trap):
                yield AgentDigest(f"{name} ({path})", trap_name, digest)


def require_own_agents(agents: Iterable[AgentDigest], committed: Iterable[ScoreCard]) -> None:
    """Raise ValueError if one of some agents is on the leaderboard already."""
    owners = {(card.trap, card.provenance.digest): card.policy for card in committed}
    for name, trap, digest in agents:
        if owner := owners.get((trap, digest)):
            raise ValueError(
                f"{name} on {trap} has the weights, answers or actions of {owner}, which is on the"
                " leaderboard; submit an agent of your own, such as one trained with another"
                " setting and other seeds"
            )
