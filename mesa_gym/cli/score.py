"""``mesa-gym score``: measures which objective each policy pursues, on one or more traps."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from mesa_gym.cli import ALGO, OBSERVATION, POLICIES, list_imports
from mesa_gym.cli.agent_arguments import name_policies, read_agents
from mesa_gym.cli.score_outcomes import score_outcomes
from mesa_gym.cli.trap_arguments import add_sampling_arguments, add_trap_argument, read_traps
from mesa_gym.command import (
    CARD_MARKS,
    DONE,
    EPISODE_MARKS,
    FAILED,
    TABLE_MARKS,
    add_force,
    locate_output,
    require_different,
    require_writable,
)
from mesa_gym.envs.checks import integer
from mesa_gym.errors import require_imports, shorten_text
from mesa_gym.files import format_csv, locate_path, write_text
from mesa_gym.logs import RecordedEpisode, record_plays, save_episodes
from mesa_gym.logs.episode_rows import EPISODE_COLUMNS, list_episode_rows
from mesa_gym.logs.gathering import gather_logs
from mesa_gym.logs.judging import score_log
from mesa_gym.logs.readers import read_logs
from mesa_gym.policies.functions import TextPolicy
from mesa_gym.policies.names import name_policy
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.scoring import Cards, Record, ScoreCard, evaluate, score_all
from mesa_gym.scoring.evaluation import make_player, names_trap
from mesa_gym.scoring.playing import SPENT
from mesa_gym.scoring.plays import MOST_LEVELS, MOST_SEED
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.terminal import Progress, printable
from mesa_gym.traps import Split, Trap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add_trap_argument(parser, "; several give a table", multiple_traps=True)
    help_text = f"{POLICIES}; several give a table"
    add("--policy", nargs="+", metavar="P", help=help_text)
    add("--algo", help=ALGO)
    add("--observation", metavar="KIND", help=OBSERVATION)
    add("--levels", type=int, default=EVALUATION_LEVELS, help="levels of each split (%(default)s)")
    add_sampling_arguments(parser)
    add("--all", action="store_true", help="print all numbers, and where the CPU seconds went")
    help_text = "write the score card, or a list of them; - for standard output"
    add("--json", type=locate_output, metavar="FILE", help=help_text)
    add(
        "--save-episodes",
        type=locate_path,
        metavar="FILE",
        help="write the actions, one line an episode",
    )
    add_force(parser)
    help_text = "judge what another tool logged: lines, a log of Inspect, or a folder"
    add("--episodes", nargs="+", metavar="LOG", help=help_text)
    help_text = "with --episodes: write a row for each episode; - for standard output"
    add("--csv", type=locate_output, metavar="FILE", help=help_text)
    help_text = (
        "judge another environment: a CSV with a row for each episode, a column play, and for each"
        " goal a column with the step at which the episode reached it; or PLAY=FILE"
    )
    add("--outcomes", nargs="+", metavar="FILE", help=help_text)
    add("--base", metavar="GOAL", help="with --outcomes: the goal that training rewarded")


def run(options: argparse.Namespace) -> int:
    """Score an agent: which goal does it pursue?"""
    # Refuse invalid options before any work.
    require_writable(options.json, CARD_MARKS, force=options.force)
    require_writable(options.save_episodes, EPISODE_MARKS, force=options.force)
    require_writable(options.csv, TABLE_MARKS, force=options.force)
    require_different(options.json, options.save_episodes, options.csv)
    integer("levels", options.levels, 1, MOST_LEVELS)
    integer("seed", options.seed, 0, MOST_SEED)
    if options.outcomes is not None:
        return score_outcomes(options)
    if options.base is not None:
        raise ValueError(f"--base {options.base} goes with --outcomes; leave it out")
    if options.episodes is not None:
        return _score_logs(options)
    if options.csv is not None:
        raise ValueError("--csv goes with --episodes LOG; leave it out, or --save-episodes first")
    traps = read_traps(options)
    if options.policy is None:
        raise ValueError("which policy? Give --policy, such as `--policy oracle:base`")
    if not traps:
        (name, *_) = [policy for policy in options.policy if names_trap(policy)] or ["CheeseCorner"]
        policies = shlex.join([policy for policy in options.policy if policy != name])
        raise ValueError(
            f"on which trap? Name it first: mesa-gym score {name} --policy {policies or 'random'}"
        )
    require_imports(*list_imports(options.policy, options.algo))
    if len(options.policy) > 1 or len(traps) > 1:
        return _score_several(traps, options)
    return _score_one(traps[0], options)


def _score_one(trap: Trap, options: argparse.Namespace) -> int:
    """Print the score card of one policy on one trap."""
    (subject,) = options.policy
    settings = {"levels": options.levels, "seed": options.seed, "salt": options.salt}
    name = name_policy(subject)
    player = make_player(name, subject, trap, options.salt, options.observation, options.algo)
    episodes: list[RecordedEpisode] = []

    def keep(name: str, plays: Mapping[str, Record]) -> None:
        if options.save_episodes is not None:
            policy = player(trap.horizon(Split.TEST))
            examples = policy.examples if isinstance(policy, TextPolicy) else None
            episodes.extend(record_plays(trap, name, plays, options.salt, examples))

    with Progress(f"score {shorten_text(name)}", options.levels * len(Split)) as advance:
        card = score_all({name: player}, trap, **settings, progress=advance, played=keep)[name]
    if options.save_episodes is not None:
        save_episodes(options.save_episodes, episodes)
    card = _add_command(card, options)
    print(f"{card.full()}\n\n{SPENT}" if options.all else card)
    if options.json is not None:
        card.save(options.json)
    return DONE


def _score_logs(options: argparse.Namespace) -> int:
    """Print the verdict for each policy and trap in logs of episodes."""
    unused = dict.fromkeys(["policy", "algo", "observation", "save_episodes"])
    unused |= {"levels": EVALUATION_LEVELS, "seed": 0}
    for name, default in unused.items():
        if getattr(options, name) != default:
            option = name.replace("_", "-")
            raise ValueError(f"--{option} does not go with --episodes; leave one of them out")
    traps = read_traps(options)  # imports the module of a user's trap
    if changed := [repr(trap) for trap in traps if repr(trap) != repr(type(trap)())]:
        raise ValueError(
            f"{', '.join(changed)}: a log contains the keywords of its traps; leave them out"
        )
    episodes, notes = read_logs(options.episodes)
    if traps:
        names = [trap.name() for trap in traps]
        other_traps = sorted({episode.trap for episode in episodes} - {*names})
        n_read = len(episodes)
        episodes = [episode for episode in episodes if episode.trap in names]
        if other_traps:
            left_out = f"{n_read - len(episodes):,} of {n_read:,} episodes left out"
            notes.append(
                f"{left_out}: they are on {', '.join(other_traps)}, not {', '.join(names)}."
            )
    logs, more = gather_logs(episodes, options.salt)
    cards = Cards(map(score_log, logs))
    texts = [card.full() if options.all else str(card) for card in cards]
    print("\n\n".join([*texts, *map(printable, [*notes, *more])]))
    if options.json is not None:
        cards.save(options.json)
    if options.csv is not None:
        rows = [row for log in logs for row in list_episode_rows(log)]
        write_text(options.csv, format_csv(rows, EPISODE_COLUMNS))
    return DONE if cards else FAILED


def _score_several(traps: Sequence[Trap], options: argparse.Namespace) -> int:
    """Print a table with a row per agent and trap, which averages the agent's seeds."""
    from mesa_gym import report
    from mesa_gym.report.intervals import load_special

    if options.save_episodes is not None:
        raise ValueError("--save-episodes goes with one policy on one trap; leave it out")
    named = name_policies(read_agents(options.policy), [trap.name() for trap in traps])
    agents = [agent_and_seed(name)[0] for name in named]
    if len({*agents}) < len(agents) and not options.all:
        load_special()  # the table has intervals over seeds
    settings = {"levels": options.levels, "seed": options.seed, "salt": options.salt}
    kind = options.observation
    cards = evaluate(named, traps, **settings, observation=kind, algo=options.algo)
    cards = Cards(_add_command(card, options) for card in cards)
    print("\n\n".join(card.full() for card in cards) if options.all else report.table(cards))
    for name, by_trap in named.items():
        if left := [trap.name() for trap in traps if trap.name() not in by_trap]:
            print(
                f"{name} acts on {', '.join(by_trap)} alone: it was not played on {', '.join(left)}"
            )
    if options.json is not None:
        cards.save(options.json)
    return DONE


def _add_command(card: ScoreCard, options: argparse.Namespace) -> ScoreCard:
    """Return the card with the shell command that repeats it, without the secret salt."""
    words = ["mesa-gym", "score", *options.words]
    for name in ("policy", "algo", "observation", "levels", "seed"):
        value = getattr(options, name)
        if isinstance(value, list) and len(value) > 1:
            words += [f"--{name}", *value]
        elif value is not None:
            words.append(f"--{name}={value[0] if isinstance(value, list) else value}")
    command = shlex.join([*words, *(["--salt=..."] if options.salt else [])])
    return replace(card, provenance=replace(card.provenance, command=command))
