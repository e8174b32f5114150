"""Frames and repeated actions, beside Gymnasium's own wrappers and SB3's VecFrameStack."""

import json

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import FrameStackObservation, RepeatAction
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecFrameStack, VecTransposeImage
from torch import nn

import mesa_gym
from mesa_gym.policies import as_policy
from mesa_gym.policies.frames import FramedPolicy
from mesa_gym.scoring import score
from mesa_gym.scoring.record import rollout
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.players import PolicyPlayer
from tests.support.refusals import refusals

TRAP = find_trap("CheeseDish")()
ID = TRAP.id(Split.TEST)
LEVELS = 12


def mix(frames):
    """Choose actions by all numbers of frames (n, k, ...), also by their order."""
    flat = frames.reshape(len(frames), -1).astype(np.int64)
    return (flat * (7 * np.arange(flat.shape[1]) % 31 + 1)).sum(axis=1) % 5


def play_wrapped(stack, repeat, observation="planes"):
    """Return the actions that reach the trap through Gymnasium's wrappers, level by level."""
    log = mesa_gym.LogEpisodes(gymnasium.make(ID, observation=observation), None)
    env, actions = RepeatAction(log, repeat) if repeat > 1 else log, []
    env = FrameStackObservation(env, stack) if stack > 1 else env
    for level in range(LEVELS):
        obs, _ = env.reset(options={"level": level})
        over = False
        while not over:
            obs, _, terminated, truncated, _ = env.step(int(mix(np.asarray(obs)[None])[0]))
            over = terminated or truncated
        actions.append(log.last.actions)
    return actions


def play_framed(policy, **frames):
    """Return the actions of a rollout of all levels together."""
    horizon = TRAP.horizon(Split.TEST)
    starts = TRAP.levels(Split.TEST, np.arange(LEVELS))
    record = rollout(as_policy(policy, TRAP, horizon, **frames), TRAP, starts, horizon)
    return [row[row >= 0].tolist() for row in record.actions]


@pytest.mark.parametrize("stack", [1, 4])
@pytest.mark.parametrize("repeat", [1, 3, 4])
def test_frames_act_as_gymnasium_wrappers(stack, repeat):
    """Episodes end within a repetition, and their frames begin with the first one."""
    actions = play_framed(mix, frame_stack=stack, action_repeat=repeat)
    assert actions == play_wrapped(stack, repeat)
    assert len({len(row) for row in actions}) > 1
    assert any(len(row) % repeat for row in actions) or repeat == 1


def test_frames_of_a_batch_drop_ended_rows():
    """A policy with a memory of its own keeps all rows; the frames are equal."""

    class RememberingFrames:
        observation = "planes"
        memory = None

        def reset(self, mask, rng):
            self.n = len(mask)

        def act(self, frames, state=None):
            assert len(frames) == self.n
            return mix(frames)

    drops = as_policy(mix, TRAP, 9, frame_stack=3)
    keeps = as_policy(RememberingFrames(), TRAP, 9, frame_stack=3)
    assert not hasattr(keeps, "keep_rows")
    function = lambda frames: mix(frames)  # noqa: E731
    function.memory = False
    alone = as_policy(function, TRAP, 9, frame_stack=3)
    assert hasattr(alone, "keep_rows")
    expected = play_framed(mix, frame_stack=3)
    for policy in (drops, keeps, alone):
        inner = policy.policy if isinstance(policy, FramedPolicy) else policy
        assert play_framed(inner, frame_stack=3) == expected


@pytest.mark.parametrize("kind", ["planes", "chw", "flat"])
def test_vec_frame_stack_shows_equal_frames(kind):
    """SB3 fills the frames before the first one with zeros, and joins them along the channels."""
    env = mesa_gym.make_sb3(ID, 2, observation=kind)
    axis = 1 if kind == "chw" else -1
    stacked = VecFrameStack(env, 3, channels_order="first" if kind == "chw" else "last")
    model = PPO("MlpPolicy", stacked, n_steps=8, batch_size=8)
    policy = as_policy(model, TRAP, 9, frame_stack=3)
    inputs = []
    policy.policy._answer = lambda obs, rows: inputs.append(obs) or np.zeros(len(obs), np.int64)
    policy.reset(np.ones(2, bool), np.random.default_rng(0))
    frames = np.asarray(stacked.reset())
    for actions in ([0, 2], [1, 3], [2, 2], [3, 0]):
        newest = np.split(frames, 3, axis)[-1]
        # Frames of planes, joined and with channels first, are those of `chw`.
        policy.act(np.moveaxis(newest, 1, -1) if kind == "chw" else newest)
        np.testing.assert_array_equal(inputs[-1][:2], frames)
        frames, _, done, _ = stacked.step(np.array(actions))
        if done.any():
            policy.reset(done, np.random.default_rng(0))
    assert policy.observation == ("planes" if kind == "chw" else kind)


@pytest.mark.thorough
def test_transposed_frames_are_found():
    env = VecTransposeImage(VecFrameStack(mesa_gym.make_sb3(ID, 1, observation="rgb"), 4))
    model = PPO("MlpPolicy", env, n_steps=8, batch_size=8)
    card = score(model, "CheeseDish", levels=3, frame_stack=4, action_repeat=4)
    assert card.policy == "PPO"


def test_network_takes_gymnasium_stacks():
    size = 2 * int(np.prod((*TRAP.size, len(TRAP.channels))))
    network = nn.Sequential(nn.Flatten(), nn.Linear(size, 5))
    assert score(network, TRAP, levels=2, frame_stack=2).policy == "Sequential"


def test_viewer_repeats_actions():
    """Also from the middle of an episode on, whose states it replays."""
    player, horizon = PolicyPlayer("unused"), TRAP.horizon(Split.TEST)
    policy = as_policy(mix, TRAP, horizon, frame_stack=2, action_repeat=3)
    player.make = lambda trap, horizon: policy
    states = [TRAP.levels(Split.TEST, [0])]
    expected = play_framed(mix, frame_stack=2, action_repeat=3)[0]
    for action in expected:
        states.append(TRAP.step(states[-1], np.array([action])).state)
    for begin in (1, 3, 5):
        decide = player.begin(TRAP, "test", states[:begin], horizon)
        actions = [decide(states[t], t).action for t in range(begin - 1, len(expected))]
        assert actions == expected[begin - 1 :]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of an agent of another package, whose file names its frames."""
    entries = {"trap": "CheeseDish-v0", "observation": "planes", "loader": "toy", "weights": "w"}
    (tmp_path / "w").touch()

    def write(**more):
        (tmp_path / "policy.json").write_text(json.dumps(entries | more))
        return tmp_path

    class Loader:
        value, name, dist = "toy:load", "toy", None

    monkeypatch.setattr(
        "mesa_gym.policies.resolvers.list_entry_points", lambda group: {"toy": Loader}
    )
    monkeypatch.setattr("mesa_gym.policies.resolvers.describe", lambda entry_point: "toy")
    monkeypatch.setattr(
        "mesa_gym.policies.resolvers._import_name", lambda name, text: lambda folder, trap: mix
    )
    return write


def test_policy_file_names_its_frames(folder):
    horizon = TRAP.horizon(Split.TEST)
    policy = as_policy(folder(schema=2, frame_stack=4, action_repeat=2), TRAP, horizon)
    assert (policy.frame_stack, policy.action_repeat) == (4, 2)
    assert not isinstance(as_policy(folder(schema=1), TRAP, horizon), FramedPolicy)
    same = as_policy(folder(schema=2, frame_stack=4), TRAP, horizon, frame_stack=4)
    assert (same.frame_stack, same.action_repeat) == (4, 1)


@pytest.mark.parametrize(
    ("entries", "frames", "message"),
    [
        (
            {"schema": 2, "frame_stack": 4},
            {"frame_stack": 3},
            "was trained with 4; leave out frame",
        ),
        ({"schema": 2, "action_repeat": "x"}, {}, "action_repeat must be an integer"),
        ({"schema": 3}, {}, "has schema 3; this version reads 1 and 2"),
    ],
)
def test_unfit_policy_file_is_refused(entries, frames, message, folder):
    with pytest.raises(ValueError, match=message):
        as_policy(folder(**entries), TRAP, 9, **frames)


test_unfit_frames_are_refused = refusals("policies", "frames", globals())
