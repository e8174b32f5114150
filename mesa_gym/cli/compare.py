"""``mesa-gym compare``: two agents on the same levels, as a table and a sentence."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mesa_gym.cli import ALGO, list_imports, refuse_unused_algo
from mesa_gym.cli.agent_arguments import (
    name_policies,
    read_agents,
    split_list,
    split_name,
    split_trap,
    take_agent,
)
from mesa_gym.command import (
    CARD_MARKS,
    DONE,
    EPISODE_MARKS,
    add_force,
    has_marks,
    locate_output,
    require_different,
    require_writable,
)
from mesa_gym.errors import find_nearest, require_imports, unknown
from mesa_gym.files import locate_path
from mesa_gym.logs.episode_rows import pair_logs
from mesa_gym.logs.gathering import Log, gather_logs
from mesa_gym.logs.judging import say_repeated, score_log
from mesa_gym.logs.readers import read_logs
from mesa_gym.policies import POLICY_FILE, references
from mesa_gym.policies.names import PLAYABLE, is_variant, list_agents, name_policy
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import compare, plot
from mesa_gym.report.board_rows import strip_version
from mesa_gym.report.committed import list_board_rows, read_committed
from mesa_gym.report.comparison import BARRED, Comparison, find_shared, require_levels
from mesa_gym.report.figure import load_figure
from mesa_gym.report.intervals import load_special
from mesa_gym.scoring import Cards, ScoreCard, evaluate
from mesa_gym.scoring.evaluation import names_trap
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.terminal import printable
from mesa_gym.traps import find_trap, look_up_trap

FIGURE_ENDINGS = (".svg", ".pdf", ".png")


class Side(NamedTuple):
    """One of the two agents: its name, and its cards or the policies to score."""

    name: str
    cards: Sequence[ScoreCard] = ()
    policies: Sequence[str] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    help_text = (
        "[NAME=]WHAT: a folder of trained agents, its seeds; files such as 'runs/a-s*.zip' (in"
        " quotes) or a,b,c; a file or folder of score cards; a log; or a row of the board, such as"
        " ppo; two of them, then traps to compare on (default: those of the agents)"
    )
    add("words", nargs="*", metavar="AGENT AGENT [TRAP]", help=help_text)
    add("--algo", help=ALGO)
    help_text = f"levels of each split (default: those of given cards, else {EVALUATION_LEVELS})"
    add("--levels", type=int, help=help_text)
    add("--figure", type=locate_path, metavar="FILE", help="draw the shares, as .svg, .pdf or .png")
    help_text = "write the score cards of both; - for standard output"
    add("--json", type=locate_output, metavar="FILE", help=help_text)
    add_force(parser)


def run(options: argparse.Namespace) -> int:
    """Compare two agents on the same levels: a table, and a sentence for a paper."""
    imports = [load_special, *list_imports(options.words[:2], options.algo)]
    require_imports(*imports, *[load_figure] * (options.figure is not None))
    words, traps = _split_words(options.words)
    if options.figure is not None and options.figure.suffix not in FIGURE_ENDINGS:
        raise ValueError(
            f"--figure {options.figure}: expected a name that ends with one of"
            f" {', '.join(FIGURE_ENDINGS)}"
        )
    require_different(options.figure, options.json)
    require_writable(options.figure)
    require_writable(options.json, CARD_MARKS, force=options.force)
    logs = [log for word in words if (log := _read_log(word, traps))]
    if len(logs) == 2:
        return _compare_logs(logs, options)
    if logs:
        raise ValueError(
            f"{' and '.join(words)} are a log and no log; compare two logs, or score it"
        )
    sides = [_read_side(word, traps) for word in words]
    _require_two_names(sides, words)
    one, other = (side.name for side in sides)
    cards = _score_sides(sides, traps, options)
    comparison = compare(cards, one, other)
    print(comparison)
    if options.figure is not None:
        print(f"\n{_draw(comparison, cards, options.figure)}")
    if options.json is not None:
        Cards(cards).save(options.json)
    return DONE


def _score_sides(
    sides: Sequence[Side], traps: list[str], options: argparse.Namespace
) -> list[ScoreCard]:
    """Return the cards of both agents; policies are scored.

    Raises:
        ValueError: the agents cannot be compared; this is found before any policy is scored.
    """
    cards = [card for side in sides for card in side.cards if card.trap in traps or not traps]
    levels = _find_levels(options.levels, cards)
    named: dict[str, dict[str, str]] = {}
    for side in sides:
        if side.policies:
            named |= _name_seeds(side, traps)
    compared = [(card.trap, agent_and_seed(card.policy)[0]) for card in cards]
    compared += [(trap, agent_and_seed(seed)[0]) for seed, of in named.items() for trap in of]
    find_shared(compared, *(side.name for side in sides))
    require_levels(levels, " and ".join(dict.fromkeys(strip_version(trap) for trap, _ in compared)))
    if not named:
        refuse_unused_algo(options.algo)
        return cards
    played = dict.fromkeys(trap for of in named.values() for trap in of)
    worlds = [look_up_trap(trap)() for trap in played]
    return [*cards, *evaluate(named, worlds, levels, algo=options.algo)]


def _draw(comparison: Comparison, cards: Sequence[ScoreCard], figure: Path) -> str:
    """Draw the shares on the compared traps, and return what was written."""
    if all(row.what == BARRED for row in comparison.rows):
        return f"nothing was compared, so {figure} is not drawn"
    drawn = [row.trap for row in comparison.rows]
    figure.parent.mkdir(parents=True, exist_ok=True)
    plot(card for card in cards if card.trap in drawn).savefig(figure)
    return f"wrote {figure}"


def _split_words(words: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """Return the words for the two agents, and the names of the traps after them."""
    agents = words[:2]
    if len(agents) < 2 or any(map(names_trap, agents)):
        raise ValueError(
            "compare takes two agents, then traps, such as"
            " mesa-gym compare ppo mine=runs/mine CheeseDish"
        )
    return agents, [find_trap(word).name() for word in words[2:]]


def _require_two_names(sides: Sequence[Side], words: Sequence[str]) -> None:
    """Raise ValueError if both words mean one agent, or both agents have equal names."""
    (one, *source), (other, *other_source) = sides
    if one != other and source != other_source:
        return
    first, second = (split_name(word)[1] for word in words)
    if first == second:
        raise ValueError(f"both agents are {first}; compare needs two: name another")
    raise ValueError(
        f"both agents are called {one}; name them, such as plain={first} mine={second}"
    )


def _read_side(word: str, traps: list[str]) -> Side:
    """Return the agent that a word names, with its cards or its policies.

    Raises:
        ValueError: there are no score cards, cards of several agents, or no such agent.
    """
    name, source = split_name(word)
    items = [paths or [item] for item, paths in split_list(source)]
    paths = [path for item in items for path in item]
    folder = Path(paths[0]) if len(paths) == 1 else Path(source)
    inside = sorted(str(file.parent) for file in folder.rglob(POLICY_FILE))
    # A policy that can play any trap is played on the named traps.
    if source in list_board_rows() and not folder.exists() and not (traps and source in PLAYABLE):
        cards = Cards(read_committed(source))
    elif folder.is_dir() and inside and str(folder) not in inside:
        return Side(name or folder.name, policies=inside)
    elif (folder.is_dir() and not inside) or _holds_cards(paths):
        cards = Cards(card for path in paths for card in Cards.load(path))
    else:
        named = [x for trap in traps or ["CheeseCorner"] for x in references(find_trap(trap))]
        named = [name for name in named if traps or ":" not in name]
        names = dict.fromkeys([*list_board_rows(), *named, *list_agents()])
        for _, policy in map(split_trap, paths):
            if not Path(policy).exists() and ":" not in policy and policy not in names:
                agents = [name for name in names if not is_variant(name)]
                more = f"and {len(names) - len(agents)} variants"
                near = find_nearest(policy, names)
                raise unknown("agent, policy or file", policy, [*agents, more], near)
        return Side(name or agent_and_seed(name_policy(paths[0]))[0], policies=paths)
    agent_cards = take_agent(word, cards)
    return Side(agent_and_seed(agent_cards[0].policy)[0], agent_cards)


def _read_log(word: str, traps: list[str]) -> tuple[Log, list[str]] | None:
    """Return the log of one agent on one trap that a word names, and notes on what it lacks.

    It is None if the word names no log.

    Raises:
        ValueError: it has several agents or traps, or most levels more than once.
    """
    name, source = split_name(word)
    paths = [path for _, of_item in split_list(source) for path in of_item]
    if not paths or not all(_is_log(Path(path)) for path in paths):
        return None
    episodes, notes = read_logs(paths)
    logs, more = gather_logs(x for x in episodes if x.trap in traps or not traps)
    agents = {log.policy for log in logs}
    logs = [log for log in logs if log.policy == name or name not in agents]
    if len(logs) != 1:
        has = ", ".join(f"{log.policy} on {log.trap.name()}" for log in logs) or "none"
        raise ValueError(
            f"{word}: expected the episodes of one agent on one trap, and the log has {has}; name"
            " the agent as NAME=LOG, and the trap behind both logs"
        )
    log = replace(logs[0], policy=name or logs[0].policy)
    if repeated := say_repeated(log):
        raise ValueError(f"{word}: {repeated}")
    return log, [*log.doubts, *log.notes, *notes, *more]


def _is_log(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0 and has_marks(path, EPISODE_MARKS)


def _compare_logs(logs: Sequence[tuple[Log, list[str]]], options: argparse.Namespace) -> int:
    """Compare two logs level by level, and say what they lack."""
    one, other = (log for log, _ in logs)
    if one.policy == other.policy:
        raise ValueError(
            f"both logs are of {one.policy}; name them, such as plain=A.jsonl mine=B.jsonl"
        )
    unused = {"algo": None, "levels": None, "figure": None}
    for name, default in unused.items():
        if getattr(options, name) != default:
            raise ValueError(f"--{name} does not go with logs; leave it out")
    print(pair_logs(one, other))
    for log, notes in logs:
        for note in notes:
            print(f"\n{printable(log.policy)}: {printable(note)}")
    if options.json is not None:
        Cards(map(score_log, (one, other))).save(options.json)
    return DONE


def _holds_cards(paths: Sequence[str]) -> bool:
    """Return whether the first of the files contains score cards."""
    file = Path(next(iter(paths), ""))
    return file.suffix == ".json" or (file.is_file() and has_marks(file, CARD_MARKS))


def _find_levels(levels: int | None, cards: Sequence[ScoreCard]) -> int:
    """Return the number of levels to play: the option's, or the number in the given cards.

    Raises:
        ValueError: the cards have another number of levels than the option.
    """
    if not cards:
        return EVALUATION_LEVELS if levels is None else levels
    has = cards[0].provenance.levels
    if levels not in (None, has):
        raise ValueError(
            f"--levels {levels}: the cards of {cards[0].policy} have {has:,} levels, and cannot be"
            f" cut; leave --levels out, or score both on {levels}"
        )
    return has


def _name_seeds(side: Side, traps: list[str]) -> dict[str, dict[str, str]]:
    """Return seed name -> trap -> policy, for the policies of one agent."""
    agents = read_agents(side.policies)
    fixed_traps = dict.fromkeys(x.trap or x.trained_on for x in agents)
    if not traps and "" in fixed_traps:
        raise ValueError("on which traps? Name them: mesa-gym compare A B CheeseDish ...")
    return name_policies(agents, traps or [*fixed_traps], side.name)
