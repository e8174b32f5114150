"""Training with Stable-Baselines3 on its environments."""

import sys
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import KVWriter, Logger
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

import mesa_gym
from agents.sb3_baselines import export_model
from mesa_gym.envs import TrapVectorEnv
from mesa_gym.sb3 import CentredExtractor, ScoreCallback, make_sb3, ppo
from mesa_gym.sb3.env import TrapVecEnv
from mesa_gym.sb3.training import WALL_AT
from mesa_gym.scoring import score
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cue_or_pay import CueOrPay
from tests.support.parameters import TRAPS, few_traps
from tests.support.reference import cut_window, wandered
from tests.support.refusals import refusals

CHEESE = find_trap("CheeseCorner")
ID = CHEESE.id()
SMALL = {"n_envs": 8, "n_steps": 16, "n_epochs": 1}  # 128 steps a rollout


@few_traps
@pytest.mark.parametrize("size", [11, (9, 13)])
def test_extractor_view_equals_a_loop_over_cells(trap, size):
    world = trap(size)
    planes = world.observe(wandered(world, 20))
    extractor = CentredExtractor(make_sb3(trap.id(), 1, size=size).observation_space)
    view = extractor.view(torch.from_numpy(planes).float())
    planes[..., WALL_AT] = 1 - planes[..., WALL_AT]  # open cells, in place of walls
    windows = np.array([cut_window(x, 2 * max(world.size) - 5) for x in planes])[..., WALL_AT:]
    np.testing.assert_array_equal(view, windows.reshape(len(planes), -1))


@few_traps
def test_numpy_network_answers_as_the_model(trap):
    world, model = trap(), ppo(trap.name(), n_envs=2, seed=0)
    model.policy.action_net.weight.data *= 300  # or it acts by chance, whatever it sees
    planes = world.observe(wandered(world, 40))
    agent = export_model(model, world)
    agent.reset(np.ones(40, bool), np.random.default_rng(0))
    obs = model.policy.obs_to_tensor(planes)[0]
    shares = model.policy.get_distribution(obs).distribution.probs.detach().numpy()
    np.testing.assert_allclose(agent.act(planes), shares, atol=1e-5)
    assert np.ptp(shares, axis=0).max() > 0.1


# -- ppo -------------------------------------------------------------------------------------------
def test_ppo_prefers_the_keywords_given():
    policy_kwargs = {"net_arch": [8], "activation_fn": torch.nn.ReLU}
    usual = {"gamma": 0.5, "learning_rate": 1e-3, "batch_size": 4, "policy_kwargs": policy_kwargs}
    model = ppo("CheeseCorner", 2, 3, {"num_levels": 5, "alpha": 0.5}, **usual)
    assert (model.gamma, model.lr_schedule(0.5), model.batch_size) == (0.5, 1e-3, 4)
    assert model.policy.action_net.in_features == 8
    assert isinstance(model.policy.features_extractor, CentredExtractor)
    settings = model.get_env().unwrapped.venv.settings
    assert (settings.num_levels, settings.alpha) == (5, 0.5)
    default = ppo("mesagym/cheesecorner-v0", 2)
    assert (default.gamma, default.lr_schedule(0.5), default.batch_size) == (0.97, 1e-3, 16)
    settings = default.get_env().unwrapped.venv.settings
    assert (settings.num_levels, settings.split) == (30_000, Split.TRAIN)
    assert ppo("TreeFarm", 2, env_kwargs={"reward": "soon"}).gamma == 0.8  # the objective's own


@pytest.mark.parametrize(
    ("trap", "keywords", "pillars"),
    [("CueOrPay", {}, 0.2), ("CueOrPay", {"pillars": 0.5}, 0.5), (CueOrPay(), {}, 0.0)],
)
def test_ppo_follows_a_named_recipe(trap, keywords, pillars):
    model = ppo(trap, 2, env_kwargs=keywords)
    assert model.get_env().get_attr("trap")[0].parameters["pillars"] == pillars


def test_ppo_entropy_bonus_falls_to_nothing(monkeypatch):
    bonuses = []
    monkeypatch.setattr(PPO, "train", lambda model: bonuses.append(model.ent_coef))
    model = ppo("CheeseCorner", ent_coef=0.4, **SMALL)
    for _ in range(2):
        model.learn(512)
    assert bonuses == pytest.approx([0.3, 0.2, 0.1, 0] * 2)
    assert model.ent_coef == 0.4


# -- the callback ----------------------------------------------------------------------------------
class EpisodeCallback(BaseCallback):
    """Keeps the episodes' returns since the log's last line, by SB3's own count."""

    def _on_training_start(self):
        self.returns = []

    def _on_step(self):
        self.returns += [info["episode"]["r"] for info in self.locals["infos"] if "episode" in info]
        return True


class LogLines(KVWriter):
    """The lines of a log, each with the mean return of its episodes."""

    def __init__(self, episodes):
        self.episodes, self.lines = episodes, []
        episodes.returns = []

    def write(self, key_values, key_excluded, step=0):
        self.lines.append((step, dict(key_values), self.episodes.returns))
        self.episodes.returns = []


@pytest.mark.thorough
@pytest.mark.parametrize("reward", ["cheese", "corner"])
@pytest.mark.parametrize("make", [make_sb3, make_vec_env])
def test_callback_returns_equal_sb3_counts(make, reward):
    """The counts agree in both kinds of environments, and over several calls of learn."""
    keywords = {"reward": reward, "max_steps": 60, "size": 7}
    more = keywords if make is make_sb3 else {"env_kwargs": keywords}
    model = PPO("MlpPolicy", make(ID, 4, **more), n_steps=50, batch_size=50, n_epochs=1, seed=0)
    episodes, callback = EpisodeCallback(), ScoreCallback(levels=2)
    log = LogLines(episodes)
    model.set_logger(Logger(None, [log]))
    for first in (True, False):
        model.learn(600, callback=[episodes, callback], reset_num_timesteps=first)
    counted = [(line, returns) for _, line, returns in log.lines if returns]
    assert len(counted) >= 5
    for line, returns in counted:
        assert line[f"rollout/{reward}"] == pytest.approx(np.mean(returns), abs=1e-6)
    assert max(np.mean(returns) for _, returns in counted) > 0


def test_callback_scores_after_as_many_steps(monkeypatch):
    callback, scored = ScoreCallback("CheeseCorner", every=100), []
    monkeypatch.setattr(callback, "_score", lambda: scored.append(callback.num_timesteps))
    callback._due = 100
    for callback.num_timesteps in range(0, 321, 64):
        callback._on_rollout_start()
    assert scored == [128, 256]


@pytest.mark.thorough
def test_callback_logs_scores_without_changing_training(monkeypatch):
    logged = []
    run = SimpleNamespace(log=lambda values, step: logged.append((step, values)))
    weights = []
    for callback in (None, ScoreCallback(every=200, levels=6)):
        model = ppo("CheeseCorner", seed=2, **SMALL)
        log = LogLines(EpisodeCallback())
        model.set_logger(Logger(None, [log]))
        monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(run=run))
        model.learn(512, callback=callback)
        weights.append(model.policy.state_dict())
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[1][name]), name
    assert [*callback.cards] == [256, 512]
    assert callback.cards[512] == score(model, CHEESE(), levels=6)
    scored = [(step, line) for step, line, _ in log.lines if "score/verdict" in line]
    assert [step for step, _ in scored] == [step for step, _ in logged] == [256, 512]
    for (step, line), (_, values) in zip(scored, logged, strict=True):
        card = callback.cards[step]
        expected = {"score/verdict": card.verdict}
        # Beside every figure stand those of policies without a goal.
        names = {"score": card.splits} | {f"score/{null}": card.nulls[null] for null in card.nulls}
        for under, splits in names.items():
            expected[f"{under}/competence"] = splits["test"]["success_rate"]
            returns = splits["test"]["normalized_return"]
            expected |= {f"{under}/test/{name}": returns[name] for name in ("cheese", "corner")}
        assert values == expected == {key: line[key] for key in expected}


def learn_cart_pole(**settings):
    """Train a model of another environment with the callback, which must fail before a step."""
    model = PPO("MlpPolicy", "CartPole-v1", n_steps=64, device="cpu")
    try:
        model.learn(64, callback=ScoreCallback(**settings))
    finally:
        assert model.num_timesteps == 0


test_sb3_training_refuses_bad_requests = refusals(
    "sb3", "training", globals(), TrapVectorEnv=TrapVectorEnv, TrapVecEnv=TrapVecEnv
)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "command",
    ["watch --headless --record x.png", "export --out x.html", "score --levels 4 --json x.json"],
)
def test_saved_model_is_taken_by_each_command(command, run, tmp_path):
    """A model of ``ppo`` is saved as one of SB3, which needs no code of ours."""
    ppo("CheeseCorner", **SMALL).save("mine.zip")
    assert type(PPO.load("mine.zip")) is PPO
    name, *options = command.split()
    file = tmp_path / options[-1]
    command = " ".join([name, "CheeseCorner --policy mine.zip", *options[:-1], str(file)])
    code, stderr = run(command)
    assert (code, "add --algo" in stderr) == (2, True)
    assert run(f"{command} --algo ppo")[0] == 0
    assert file.stat().st_size > 1_000


# -- env -------------------------------------------------------------------------------------------
N = 4


def test_sb3_environments_seed_and_reset_alike():
    env_id, mode = TRAPS[1].id(), {"render_mode": "rgb_array"}
    ours = mesa_gym.make_sb3(env_id, N, **mode)
    dummy = DummyVecEnv([lambda: gym.make(env_id, **mode)] * N)
    by_row = [{"level": 4}, {"minari_autoseed": False}, {"level": 9}, {}]
    for options in ({"level": 4}, by_row, None):
        ours.seed([6, 7, 8, 9])
        dummy.seed(6)
        for env in (ours, dummy):
            env.set_options(options)
        for _ in range(2):
            np.testing.assert_array_equal(ours.reset(), dummy.reset())
            assert ours.unwrapped.reset_infos == dummy.reset_infos
    for name in ("render_mode", "np_random_seed", "action_space", "observation_space"):
        assert ours.get_attr(name) == dummy.get_attr(name)
        assert ours.get_attr(name, [1, 3]) == dummy.get_attr(name, [1, 3])
    for method in ("render", "action_masks"):
        results = [env.env_method(method, indices=2) for env in (ours, dummy)]
        np.testing.assert_array_equal(*results)
    np.testing.assert_array_equal(ours.render(), dummy.render())
    assert ours.env_is_wrapped(Monitor) == dummy.env_is_wrapped(Monitor) == [False] * N
    assert ours.has_attr("nothing") is dummy.has_attr("nothing") is False
    for env in (ours, dummy):
        env.set_attr("mark", 3, indices=[0, 2])
        assert env.get_attr("mark", indices=[0, 2]) == [3, 3]


@pytest.mark.parametrize("objective", ["cheese", "dish"])
def test_sums_of_each_episode_are_its_own(objective):
    """Those of an objective are the return where it is the reward."""
    env = make_sb3("CheeseDish", 4, reward=objective, seed=0, max_steps=12)
    env.reset()
    rng, pairs = np.random.default_rng(0), []
    for _ in range(150):
        infos = env.step(rng.integers(0, 5, 4))[3]
        ended = [info for info in infos if "episode" in info]
        pairs += [(info[f"reward_{objective}"], info["episode"]["r"]) for info in ended]
    sums, returns = zip(*pairs, strict=True)
    assert sums == returns
    assert {*sums} == {0.0, 1.0}
