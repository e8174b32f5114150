"""Readers of files that may come from others: a maker of a good file, and what reading it is."""

import csv
import io
import os
from functools import cache

import gymnasium
import numpy as np
from msgspec.structs import replace

import mesa_gym
from mesa_gym.logs import read_log, score_logs
from mesa_gym.policies import as_policy
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.report import make_leaderboard, read_committed
from mesa_gym.report.board_page import write_pages
from mesa_gym.scoring import Cards
from mesa_gym.scoring.record import rollout
from mesa_gym.solver import level_values
from mesa_gym.solver.cache import cache_folder
from mesa_gym.trained import library
from mesa_gym.trained.loading import make_network, restore
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.mapfile import load_map, save_map
from tests.support.networks import write_agent

TRAP = find_trap("CheeseCorner")()
LEVELS = np.arange(3)
STARTS = TRAP.levels(Split.TEST, LEVELS)


def copy(source, name):
    """Return a maker that copies a file."""

    def make(folder):
        (folder / name).write_bytes(source.read_bytes())
        return folder / name

    return make


WEIGHTS = library.WEIGHTS / "CheeseCorner-v0" / "ppo-s0.safetensors"


def act(policy):
    rollout(policy, TRAP, STARTS, 2)


def read_weights(path):
    act(restore(make_network("mlp", TRAP), path, digest_weights(path.read_bytes())))


def make_agent(folder):
    return write_agent(folder / "agent", library.load(TRAP), TRAP) / "policy.json"


def read_agent(path):
    act(as_policy(path.parent, TRAP, 8))


def make_cards(folder):
    one, other = [card for card in read_committed("ppo") if card.trap == TRAP.name()][:2]
    named = replace(one, policy="<img src=x>-s0"), replace(other, policy="=1+1-s0")
    Cards(named).save(folder / "cards.json")
    return folder / "cards.json"


def read_cards(path):
    """Show cards in each form; nothing of theirs is markup on a page, or a formula in a table."""
    cards = Cards.load(path)
    assert all(line.isprintable() for line in str(cards[0]).splitlines())
    untrained = read_committed("random", "sweeper", "nearest", "oracle")
    board = make_leaderboard([*cards, *untrained], [TRAP.name()])
    page = write_pages(board, path.parent / "board").read_text()
    assert "<img src=x" not in page
    (table,) = (path.parent / "board").glob("*.csv")
    for row in csv.reader(io.StringIO(table.read_text())):
        assert not any(cell.startswith(("=", "@", "\t")) for cell in row), row


def make_log(folder):
    env = mesa_gym.LogEpisodes(gymnasium.make(TRAP.id()), folder / "log.jsonl")
    for options in env.plan(levels=2):
        env.reset(options=options)
        env.say("I go <img src=x> up.")
        env.step(2)
    env.close()
    return folder / "log.jsonl"


def read_episodes(path):
    episodes, notes = read_log(path)
    scores, more = score_logs(episodes)
    assert all(len(note) < 4000 for note in [*notes, *more])
    assert all(map(str, scores))


def make_map(folder):
    save_map(folder / "x.map", TRAP, STARTS.take(np.array([0])))
    return folder / "x.map"


def make_model():
    from stable_baselines3 import PPO

    return PPO("MlpPolicy", mesa_gym.make_sb3("MesaGym/CheeseCorner-Flat-v0", 1), seed=0)


def make_onnx(folder):
    from mesa_gym.sb3 import export

    export(make_model(), TRAP, folder / "x.onnx")
    return folder / "x.onnx"


def make_zip(folder):
    make_model().save(folder / "x.zip")
    return folder / "x.zip"


@cache
def known_values():
    return level_values(TRAP, Split.TEST, LEVELS, salt="s").optimum["cheese"]


def make_values(folder):
    os.environ["MESA_GYM_CACHE"] = str(folder)
    known_values()
    (kept,) = cache_folder().glob("*.npz")
    return kept


def read_values(path):
    """Damage costs time alone: the values are those of before, and the file is whole again."""
    values = level_values(TRAP, Split.TEST, LEVELS, salt="s")
    assert (values.optimum["cheese"] == known_values()).all()
    np.load(path)


READERS = {  # name: (make(folder) -> path, read(path))
    "weights": (copy(WEIGHTS, "w.safetensors"), read_weights),
    "policy.json": (make_agent, read_agent),
    "cards and pages": (make_cards, read_cards),
    "episodes": (make_log, read_episodes),
    "map": (make_map, lambda path: load_map(path, TRAP, TRAP.horizon(Split.TEST))),
    "ONNX": (make_onnx, lambda path: act(as_policy(path, TRAP, 8))),
    "zip of SB3": (make_zip, lambda path: act(as_policy(path, TRAP, 8, algo="ppo"))),
    "solver's cache": (make_values, read_values),
}
