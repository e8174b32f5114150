"""Cards: of a log, of scored policies, of outcomes; labels, tables, certificates, descriptions."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.logs import LogEpisodes, read_log
from mesa_gym.logs.gathering import gather_logs
from mesa_gym.logs.judging import score_log
from mesa_gym.policies import as_policy
from mesa_gym.scoring import Cards, score_all
from mesa_gym.scoring.record import ENDED
from mesa_gym.solver import level_values
from mesa_gym.solver.certificate import certify
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import NO_CHOICE, Contact
from tests.doors.doors import QUICK, door, run_command
from tests.doors.games import STEPS

LEVELS = 2
LIVES = 60  # so many lives have 20 that ask


@door(plays=True)
def enter_log(games):
    """Compare a log's episodes and its card's choices with the rules; the card is read back."""
    with TemporaryDirectory() as folder:
        log = Path(folder, "log.jsonl")
        for game in games.values():
            env = LogEpisodes(gym.make(game.trap.id(game.split)), log, policy="mine")
            for episode in list_logged(game):
                env.reset(options={"play": game.name, "level": episode.level})
                for action in episode.actions:
                    env.step(action)
            env.close()
        episodes, notes = read_log(log)
    yield "notes", notes, []
    (of_log,), _ = gather_logs(episodes)
    card = score_log(of_log)
    yield from compare_saved(card)
    for name, game in games.items():
        recorded = [(x.level, x.actions) for x in episodes if x.play == name]
        yield "actions", recorded, [(x.level, x.actions) for x in list_logged(game)]
        starts, record, _ = of_log.plays[name]
        for episode in list_logged(game):
            row = starts.level.number.tolist().index(episode.level)
            paid = {x: pay[: len(episode.ends), row].tolist() for x, pay in record.paid.items()}
            if not game.play.takes_away:  # there ghosts pay
                yield "payments", paid, episode.paid
        counts = card.log.outcomes.get(name)
        judged = game.split is Split.SHIFT and not game.play.takes_away
        if counts is not None and judged and type(game.trap.judging) is Contact:
            reached = [episode.contact for episode in list_logged(game)]
            names = [x if x in game.trap.objectives else NO_CHOICE for x in reached]
            yield "choices", counts, {x: names.count(x) for x in counts}


def list_logged(game):
    """Return a play's episodes in a log: of the shift both, of other plays the first."""
    return game.episodes[: 2 if game.name == Split.SHIFT else 1]


def compare_saved(card):
    """Yield a card that was saved and read back, and its whole text, beside the card."""
    with TemporaryDirectory() as folder:
        Cards([card]).save(Path(folder, "card.json"))
        (again,) = Cards.load(Path(folder, "card.json"))
    yield "card", again.to_json(), card.to_json()
    yield "text", again.full(), card.full()


def play_scored(trap, policy, levels):
    """Return a policy's card, and its records of each play."""
    records = {}
    makers = {"it": lambda horizon: as_policy(policy, trap, horizon)}
    cards = score_all(makers, trap, levels, played=lambda name, plays: records.update(plays))
    return cards["it"], records


@door(plays=True, quick=QUICK[:1])
def enter_score(games):
    """Compare the payments of scored episodes with the rules; the card is read back from a file."""
    trap = next(iter(games.values())).trap
    card, records = play_scored(trap, "random", LIVES if trap.trials > 1 else LEVELS)
    yield from compare_saved(card)
    for name, game in games.items():
        for row, level in enumerate(records[name].starts.level.number[:LEVELS].tolist()):
            actions = records[name].actions[row]
            episode = game.replay(level, actions[actions != ENDED].tolist())
            yield "end", not any(episode.ends[:-1]), True
            n = len(episode.ends)
            paid = {x: pay[:n, row].tolist() for x, pay in records[name].paid.items()}
            if not game.play.takes_away:  # there ghosts pay
                yield "payments", paid, episode.paid


@door(quick=QUICK)
def enter_labels(games):
    """Compare the states that an oracle visits with the rules, and values with the solver's."""
    for game in games.values():
        level = game.levels[0]
        labels = mesa_gym.labels(game.trap, game.split, [level], policy="random")
        n = min(len(labels.action), STEPS)
        episode = game.replay(level, labels.action[:n].tolist())
        shown = game.trap.observe(labels.state.take(np.arange(n)))
        yield "planes", shown, game.trap.observe(episode.states.take(np.arange(n)))
        values = level_values(game.trap, game.split, [level]).informed
        starts = {x: float(values_of[0]) for x, values_of in labels.values.items()}
        yield "values", starts, pytest.approx({x: values[x].item() for x in starts})


@door(quick=QUICK)
def enter_tabulate(games):
    """Compare rewards and ends along the table's successors."""
    for game in games.values():
        tables = mesa_gym.tabulate(game.trap, game.levels, game.split)
        total = len(tables)
        for start, episode in zip(tables.start, game.episodes, strict=True):
            state, rewards, ends = int(start), [], []
            for action in episode.actions:
                rewards.append({x: float(pay[state, action]) for x, pay in tables.rewards.items()})
                state = int(tables.next[state, action])
                ends.append(state == total)
            paid = {x: [of[x] for of in rewards] for x in episode.paid}
            yield "payments", paid, episode.paid
            yield "ends", ends, episode.ends


@door(quick=QUICK)
def enter_certify(games):
    """Require that a certificate of a few levels holds."""
    trap = next(iter(games.values())).trap
    certificate = certify(trap, LEVELS)
    yield "certificate", certificate.failures(), []
    sizes = {size.split: size.most for size in certificate.size}
    for game in games.values():
        states = level_values(game.trap, game.split, np.arange(LEVELS), pairs=True).states
        yield "states", sizes[game.split.value], int(states.max())


@door()
def enter_describe(games):
    """Compare time limits and maps with single environments."""
    trap = next(iter(games.values())).trap
    text = run_command("describe", trap.name())
    for name, game in games.items():
        env = gym.make(trap.id(game.split), render_mode="ansi")
        env.reset(options={"level": 0})
        assert f"{trap.id(game.split)}, as vectors" in text
        assert f"({env.unwrapped.settings.max_steps} steps)" in text
        yield (
            "map",
            text.partition(f"\nLevel 0 of {name}:\n")[2].partition("\n\nLevel 0")[0].rstrip(),
            env.render().rstrip(),
        )
        assert f"as vectors {trap.id(game.split, flat=True)}" in text
    for x, objective in trap.objectives.items():
        assert f"{objective.role} {x}: {objective.doc}" in text
    trained = re.search(r"\n  ppo(-gru)?:0: ", text) is not None
    yield "trained", trained, "\nNo agent was trained on this trap.\n" not in text
