"""The display and recording of episodes for ``watch`` and ``play``."""

from __future__ import annotations

import argparse

from mesa_gym.cli.trap_arguments import read_traps
from mesa_gym.command import require_writable
from mesa_gym.engine import State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import unknown
from mesa_gym.logs import read_log
from mesa_gym.logs.episodes import require_played
from mesa_gym.policies import name_pursuer
from mesa_gym.scoring.plays import MOST_SEED, split_of
from mesa_gym.terminal import printable, say
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.clock import SPEEDS
from mesa_gym.viewer.mapfile import can_reach_target, load_map
from mesa_gym.viewer.overlays import parse_overlays
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import Human, Player, PolicyPlayer, RecordedPlayer
from mesa_gym.viewer.recording import require_kind
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.seats import list_plays, seats_for


def require_files(options: argparse.Namespace) -> None:
    """Refuse options for files that contradict each other, and files that cannot be written.

    Raises:
        ValueError: a file's kind, or the options for it, are invalid.
        ImportError: a required extra is not installed.
    """
    kind = None if options.record is None else require_kind(options.record)
    require_writable(options.record)
    if options.headless and options.record is None:
        raise ValueError("--headless shows nothing: add --record FILE")
    if options.step is not None and not (options.headless and kind == ".png"):
        raise ValueError("--step chooses the step of a picture: add --headless --record FILE.png")


def make_screen(options: argparse.Namespace, trap: Trap | None) -> WatchScreen:
    """Return the screen for the options of the command line; without ``trap``, a log names it.

    Raises:
        ValueError: an option, a map or an episode is invalid, or a player cannot play the level.
        ImportError: a required extra is not installed.
    """
    integer("seed", options.seed, 0, MOST_SEED)
    if options.speed not in SPEEDS:
        valid = ", ".join(f"{speed:g}" for speed in SPEEDS)
        raise ValueError(f"speed {options.speed:g}: expected one of {valid}")
    by_hand = options.command == "play"
    player: Player
    if trap is None:
        trap, player, play, level = _replay(options)
    else:
        policy = None if by_hand else options.policy or name_pursuer(trap, "base")
        player = PolicyPlayer(policy, options.seed, options.algo) if policy else Human()
        play, level = _play_of(options.split), options.level or 0
    state = None if options.map is None else _from_map(options, trap, play)
    if state is not None:
        level = int(state.level.number[0])
    elif by_hand and options.split is None:
        play = Split.TRAIN.value
    if list_plays(trap, options.beside) and options.split is not None:
        raise ValueError(f"--beside {options.beside} selects the levels; leave out --split")
    seats = seats_for(player, trap, play, options.beside, options.seed)
    session = Session(trap, seats, level, options.salt, state)
    session.shown = parse_overlays(trap, options.overlays or "", session.overlays)
    session.clock.speed = options.speed
    return WatchScreen(session, not options.no_panel)


def _replay(options: argparse.Namespace) -> tuple[Trap, RecordedPlayer, str, int]:
    """Return the trap, player, play and level of a log, as the options choose.

    The default play is the shift if it was recorded, and the default level is the first one.
    """
    if options.map is not None:
        raise ValueError("--episodes and --map both say what is shown: leave one of them out")
    if options.algo is not None:
        raise ValueError("--algo does not go with --episodes; leave one of them out")
    episodes, notes = read_log(options.episodes)
    if (names := [trap.name() for trap in read_traps(options)]) and not any(
        episode.trap in names for episode in episodes
    ):
        raise unknown(f"trap in {options.episodes}", names[0], {x.trap for x in episodes})
    episodes = [episode for episode in episodes if not names or episode.trap in names]
    for note in notes:
        say(printable(note))
    agents = {episode.policy: episode.trap for episode in reversed(episodes)}
    agent = options.policy or episodes[0].policy
    if agent not in agents:
        raise unknown(f"policy in {options.episodes}", agent, agents)
    selected = [
        episode for episode in episodes if (episode.policy, episode.trap) == (agent, agents[agent])
    ]
    trap = require_played(selected[0], options.salt)
    player, play, level = RecordedPlayer(selected), options.split, options.level
    if play is None and not list_plays(trap, options.beside):
        play = min((x.play for x in selected), key=lambda name: name != Split.SHIFT)
    play = _play_of(play)
    if level is None:
        # If the play was not recorded, the player later raises for level 0.
        level = next(iter(player.levels(play).tolist()), 0)
    for episode in selected:
        if episode.level == level:
            require_played(episode, options.salt)
    return trap, player, play, level


def _play_of(split: str | None) -> str:
    """Return the play named by ``--split``, by default shift; UnknownNameError if unknown."""
    play = split or Split.SHIFT.value
    split_of(play)
    return play


def _from_map(options: argparse.Namespace, trap: Trap, play: str) -> State:
    """Return the state of ``--map``, and print a warning if no target can be reached from it."""
    if options.level is not None:
        raise ValueError("a map says its level itself: leave out --level")
    if list_plays(trap, options.beside):
        raise ValueError(f"a map is of one split: leave out --beside {options.beside}")
    horizon = trap.horizon(split_of(play))
    state = load_map(options.map, trap, horizon)
    if not can_reach_target(trap, state, horizon):
        say(f"{options.map}: no target can be reached here")
    return state
