"""``mesa-gym leaderboard``: shows the goals of the committed agents and of the user's agents."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mesa_gym.cli import ALGO, OBSERVATION, POLICIES, list_imports, refuse_unused_algo
from mesa_gym.cli.agent_arguments import (
    CARDS,
    AgentToPlay,
    name_policies,
    read_agents,
    read_cards,
)
from mesa_gym.cli.trap_arguments import add_trap_argument, read_traps
from mesa_gym.command import DONE, FAILED
from mesa_gym.errors import require_imports
from mesa_gym.files import locate_path
from mesa_gym.policies.seeds import agent_and_seed, require_visible
from mesa_gym.report import Leaderboard
from mesa_gym.report.board_page import require_free, write_pages
from mesa_gym.report.board_record import read_board_text
from mesa_gym.report.board_rows import UNTRAINED, is_reference, list_board_traps, name_oracle
from mesa_gym.report.committed import (
    FOLDER,
    check_all,
    join_committed,
    list_board_rows,
    read_committed,
)
from mesa_gym.report.intervals import load_special
from mesa_gym.report.templating import load_jinja
from mesa_gym.scoring import ScoreCard, evaluate
from mesa_gym.terminal import say
from mesa_gym.traps import Trap, look_up_trap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add_trap_argument(parser, "; default: those of your agents, else all", multiple_traps=True)
    help_text = f"score yours too: {POLICIES}; or TRAP=FILE, a file for each trap"
    add("--policy", nargs="+", metavar="P", help=help_text)
    add("--algo", help=ALGO)
    add("--observation", metavar="KIND", help=OBSERVATION)
    add("--name", help="name of the agent of --policy, whose files are its seeds")
    help_text = f"{CARDS}; nothing verifies them"
    add("--cards", nargs="+", metavar="[NAME=]PATH", help=help_text)
    help_text = "print the notes too: what each row is, which seeds may be copies, and so on"
    add("--notes", action="store_true", help=help_text)
    add("--out", type=locate_path, metavar="DIR", help="write a page, and a CSV file of its cells")
    help_text = "compute every result of the leaderboard's cards again, from what was played"
    add("--check", action="store_true", help=help_text)


def run(options: argparse.Namespace) -> int:
    """Show which goals trained agents pursue, and yours among them."""
    if options.check:
        return _check(options)
    if options.out is not None:
        require_free(options.out)
    traps = read_traps(options)
    if not (traps or options.policy or options.cards or options.name or options.out):
        _refuse_unused(options)
        text = read_board_text(FOLDER, options.notes)
        print(text or _write_board(join_committed([]), options.notes))
        return DONE
    pages = [load_jinja] * (options.out is not None)
    policies = list_imports(options.policy or (), options.algo)
    require_imports(load_special, *pages, *policies)
    require_usual(traps)
    if options.name is not None:
        if not options.policy:
            raise ValueError(
                f"--name {options.name} names the agent of --policy; give --policy too"
            )
        require_agent_name(options.name)
    cards = [*read_cards(options.cards or ()), *_score(options, traps)]
    board = join_committed(cards, [trap.name() for trap in traps])
    rows, names = {row.agent for row in board.rows}, ", ".join(board.names)
    for card in cards:
        if card.trap not in board.traps:
            say(f"not shown: {card.policy} played {card.trap}; this is the leaderboard of {names}")
        elif is_reference(card) and name_oracle(card).policy not in rows:
            say(f"not shown: {card.policy} on {card.trap}, a policy without a row")
    print(_write_board(board, options.notes))
    if options.out is not None:
        print(f"\nThe page: {write_pages(board, options.out)}")
    return DONE


def _write_board(board: Leaderboard, with_notes: bool) -> str:
    return board.full() if with_notes else str(board)


def _refuse_unused(options: argparse.Namespace) -> None:
    """Raise ValueError if an option is about agents to score, and there are none."""
    refuse_unused_algo(options.algo)
    if options.observation is not None:
        raise ValueError(
            f"--observation {options.observation} is for a network or function of yours, and none"
            " is scored; leave --observation out"
        )


def _check(options: argparse.Namespace) -> int:
    """Check every committed card and the stored text; return ``FAILED`` if one is wrong.

    Raises:
        ValueError: another option is given.
    """
    agents = (options.policy, options.algo, options.observation, options.cards, options.name)
    if options.words or any(agents) or options.out or options.notes:
        raise ValueError("--check checks the whole leaderboard; leave the other arguments out")
    problems = [*check_all()]
    if not problems:
        board = join_committed([])
        if [read_board_text(FOLDER, x) for x in (False, True)] != [str(board), board.full()]:
            problems.append("the stored text is not of these cards: run `make pages`")
    for problem in problems:
        say(problem)
    if problems:
        return FAILED
    print(f"{len(read_committed())} cards: every result follows from what was played.")
    return DONE


def require_usual(traps: Sequence[Trap]) -> None:
    """Raise ValueError for a trap judged by returns, or with another size or other keywords."""
    for trap in traps:
        if not trap.judging.counts_for_board:
            raise ValueError(f"{trap.name()} is {trap.judging.about} and is not on the leaderboard")
        if repr(trap) != repr(type(trap)()):
            raise ValueError(
                f"the committed agents played {type(trap)()!r}, not {trap!r}; leave the"
                " keywords out, or show your own cards by mesa_gym.report.make_leaderboard"
            )


def require_agent_name(name: str) -> None:
    """Raise ValueError if ``--name`` is not a valid name of an agent."""
    if not name.strip() or agent_and_seed(name)[1] is not None:
        raise ValueError(
            f"--name {name!r}: expected an agent's name without a seed, such as mine; its files are"
            " seeds 0, 1 and so on"
        )
    require_visible(name)
    if name in UNTRAINED:
        raise ValueError(f"--name {name}: an untrained policy has this name; choose another")


def _score(options: argparse.Namespace, traps: Sequence[Trap]) -> list[ScoreCard]:
    """Return cards of the given policies, each on the traps that it acts on."""
    # Policies with a row on the leaderboard are not scored again, unless they are renamed.
    rows = list_board_rows() if options.name is None else []
    policies = [x for x in options.policy or () if x not in rows or locate_path(x).exists()]
    if not policies:
        _refuse_unused(options)
        return []
    agents = read_agents(policies)
    named = name_policies(agents, [x.name() for x in traps] or _find_traps(agents), options.name)
    played = dict.fromkeys(trap for of in named.values() for trap in of)
    keywords = {"observation": options.observation, "algo": options.algo}
    return [*evaluate(named, [look_up_trap(trap)() for trap in played], **keywords)]


def _find_traps(agents: Sequence[AgentToPlay]) -> list[str]:
    """Return the traps of the agents, or else the leaderboard's traps.

    Raises:
        ValueError: a file does not name its trap.
    """
    trap_names = dict.fromkeys(x.trap or x.trained_on for x in agents)
    for policy, *fixed_traps in agents:
        if not any(fixed_traps) and locate_path(policy).is_file():
            raise ValueError(
                f"on which trap does {policy} act? Name it, as mesa-gym leaderboard CheeseDish"
                f" --policy {policy}, or for several traps --policy CheeseDish={policy} CoinRun=..."
            )
    named_traps = [name for name in trap_names if name]
    return named_traps or sorted(list_board_traps(read_committed("random")))
