"""Deployments: what agents that go on learning choose and lose, against episodes really played."""

import csv

import numpy as np
import pytest
from training import CORNER, drawn, lesson

from agents import ppo
from agents.deployment import FILE, DeploymentLog, Judge
from agents.lesson import EpisodeReturns
from agents.ppo_settings import PPOSettings
from agents.run import NUM_LEVELS, Run
from agents.starting import load_start
from agents.train import main, train_many
from mesa_gym.policies import as_policy
from mesa_gym.scoring import rollout
from mesa_gym.scoring.record import sum_returns
from mesa_gym.solver import Solution
from mesa_gym.trained.loading import load
from mesa_gym.traps import LEVELS, Split, find_trap

HORIZON = CORNER.horizon(Split.SHIFT)
COMMAND = ["--trap", "CheeseCorner", "--alpha", "1", "--steps", "8192", "--num-levels", "200"]


def play(judge, policy, episodes):
    """Return which objective is paid first in episodes on the judge's levels, and base's regret."""
    rows = np.arange(episodes) % judge.starts.n
    starts = judge.starts.take(rows)
    record = rollout(policy, judge.trap, starts, HORIZON, np.arange(episodes))
    paid = np.stack([pay > 0 for pay in record.paid.values()])
    when = np.where(paid.any(axis=1), paid.argmax(axis=1), HORIZON)
    first = np.where(when.min(axis=0) < HORIZON, when.argmin(axis=0), len(paid))
    best = Solution(judge.trap, judge.starts, HORIZON).optimum(judge.trap.base)[rows]
    return first, best - sum_returns(record, judge.trap)[judge.trap.base]


@pytest.mark.thorough
def test_judge_agrees_with_ten_thousand_episodes():
    judge, episodes, kept = Judge(CORNER, 50), 10_000, []
    run = Run("CheeseCorner", steps=32_768, alpha=1.0, start="library:0")

    def watch(steps, seed, agent, ended):
        if steps % 16_384 == 0:
            kept.append(agent)

    train_many(run, (3,), watch=watch)
    assert len(kept) == 3
    chosen = set()
    for agent in kept:
        standing, (first, regret) = judge.judge(agent), play(judge, agent, episodes)
        for index, share in enumerate(standing.first.values()):
            error = max(share * (1 - share), 1e-6) ** 0.5 / episodes**0.5
            assert abs((first == index).mean() - share) < 4 * error
        assert abs(regret.mean() - standing.regret) < 4 * regret.std() / episodes**0.5
        chosen.add(round(standing.first["cheese"], 2))
    assert len(chosen) == 3


@pytest.mark.thorough
@pytest.mark.parametrize("start", ["library:1", ""])
def test_summed_regret_equals_regret_of_played_levels(start):
    log = DeploymentLog(Judge(CORNER))
    more = {"num_levels": NUM_LEVELS, "settings": PPOSettings(rate_left=1.0), "watch": log.watch}
    agents = [load_start(start, CORNER)] if start else [drawn(CORNER)]
    asked = lesson(1, steps=65_536, alpha=1.0, start=agents, **more)
    asked.watch_agents(0, agents)
    ppo.train(asked)
    updates = log.read()[1]
    episodes = np.array([update.episodes for update in updates])
    regret = np.array([update.standing.regret for update in updates])
    summed = (np.diff(episodes) * (regret[1:] + regret[:-1]) / 2).sum()
    assert episodes[-1] > 900
    assert summed == pytest.approx(updates[-1].lost, rel=0.05)


def test_episode_returns_discount_and_keep_shift_levels():
    asked = lesson(1, 2)
    returns = EpisodeReturns(asked, 4)
    levels, discount = np.array([LEVELS + 7, 5, 3, LEVELS]), CORNER.discount("base")
    going, ends = np.zeros(4, dtype=bool), np.array([True, True, False, True])
    returns.note(levels, np.array([1.0, 1, 1, 0]), going)
    returns.note(levels, np.array([1.0, 1, 1, 2]), ends)
    returns.note(levels, np.ones(4), ends)
    assert asked.ended[0] == [(7, 1 + discount), (7, 1.0)]
    assert asked.ended[1] == [(0, 2 * discount), (0, 1.0)]


def test_judge_of_unsolvable_trap_is_refused():
    with pytest.raises(ValueError, match="no exact solver"):
        Judge(find_trap("MonsterWorld")())


def test_memory_makes_a_judgement_sampled():
    judge, agent = Judge(CORNER, 40), drawn(CORNER)
    sampled = [judge.judge(as_policy(name, CORNER, HORIZON)) for name in ("sweeper", "random")]
    shares = [share * 40 for share in sampled[0].first.values()]
    assert shares == pytest.approx([round(share) for share in shares])
    assert sum(sampled[0].first.values()) == pytest.approx(1)
    assert sampled[0].regret < sampled[1].regret
    assert sum(judge.judge(agent).first.values()) == pytest.approx(1)
    assert 0 <= judge.meet(agent) <= 1


def test_train_from_an_agent_logs_its_choices(tmp_path):
    assert main([*COMMAND, "--from", "library:0", "--out", str(tmp_path / "on")]) == 0
    with (tmp_path / "on" / FILE).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["steps"] for row in rows] == ["0", "4096", "8192"]
    assert float(rows[0]["corner"]) > 0.9
    assert [float(row["lost"]) for row in rows] == sorted(float(row["lost"]) for row in rows)
    start, after = load_start("library:0", CORNER), load(tmp_path / "on", CORNER)
    assert not np.array_equal(start.weights["policy.weight"], after.weights["policy.weight"])
    # From a directory in turn, whose own algorithm goes on.
    asked = ["--from", str(tmp_path / "on"), "--rate-left", "0"]
    assert main([*COMMAND, *asked, "--out", str(tmp_path / "again")]) == 0
    assert not (tmp_path / "on" / FILE).samefile(tmp_path / "again" / FILE)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--algo ppo-planner --from library:0", "trains agents of the kind 'planner'"),
        ("--from sweeper", "no algorithm goes on from 'sweeper'"),
        ("--from library:0 --stage alpha=0.5 --stage alpha=1", "has one stage"),
    ],
)
def test_train_from_an_unsuitable_start_exits_2(options, told, tmp_path, capsys):
    assert main([*COMMAND, *options.split(), "--out", str(tmp_path / "on")]) == 2
    assert told in capsys.readouterr().err


def test_run_states_its_start_and_rate():
    run = Run("CheeseCorner", alpha=1.0, start="library:0")
    assert (run.settings.rate_left, Run("CheeseCorner").settings.rate_left) == (1, 0)
    assert run.name == "ppo-alpha1-from-library:0-s0"
    assert "--from library:0" in run.command()
    assert "rate-left" not in run.command()
    assert "--rate-left 0.0" in run.change(rate_left=0.0).command()


def test_judge_counts_joint_contact_as_neither():
    judge = Judge(CORNER, 40, Split.TRAIN)
    for name in ("sweeper", "oracle:cheese"):
        first = judge.judge(as_policy(name, CORNER, HORIZON)).first
        assert first == {"cheese": 0, "corner": 0, "neither": 1}


def test_judge_levels_differ_from_played_levels():
    played = CORNER.levels(Split.SHIFT, np.arange(1000)).level.key
    assert not np.isin(Judge(CORNER, 40).starts.level.key, played).any()
