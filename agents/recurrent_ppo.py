"""Recurrent PPO of sb3-contrib: PPO with an LSTM on the network's features."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from agents.actors import MEMORY, Actor, Recurrent
from agents.lesson import Lesson
from agents.networks import FEATURES
from agents.sb3 import HEADS, Features, actor_on, environments, fresh_network, on_network, taught
from mesa_gym.errors import missing_extra

try:
    from sb3_contrib import RecurrentPPO
    from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
except ImportError:
    raise missing_extra("sb3-contrib", "sb3") from None

ENVS = 128
LEARNING_RATE = 2e-3
ENTROPY = 0.01
SETTINGS: dict[str, Any] = {
    "n_steps": 16,
    "batch_size": 1024,
    "n_epochs": 3,
    "gae_lambda": 0.95,
    "ent_coef": ENTROPY,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
}
Memory = tuple[Tensor, Tensor]


class AnnealedRecurrentPPO(RecurrentPPO):
    """Recurrent PPO whose entropy bonus falls to 0 by the end, as PPO's does."""

    def train(self) -> None:
        """One round of updates."""
        self.ent_coef = ENTROPY * self._current_progress_remaining
        super().train()


class Unpadded(Features):
    """Features of observations; zeros for what only pads sequences."""

    def forward(self, seen: Tensor) -> Tensor:
        """The network's features."""
        real = seen.flatten(1).any(dim=1)  # every observation shows walls or open cells
        features = super().forward(seen[real])
        return features.new_zeros(len(seen), FEATURES).index_put((real,), features)


class QuickPolicy(RecurrentActorCriticPolicy):
    """The policy of sb3-contrib, 1.6 times as fast at its updates."""

    @staticmethod
    def _process_sequence(
        features: Tensor, lstm_states: Memory, episode_starts: Tensor, lstm: nn.LSTM
    ) -> tuple[Tensor, Any]:
        """Return what the LSTM makes of sequences, all in one call of it.

        The buffer cuts its sequences where episodes start, so that memories are emptied at the
        first steps only; the original goes step by step.
        """
        n = lstm_states[0].shape[1]
        going_on = 1 - episode_starts.view(n, -1)[:, :1]
        hidden, cell = (going_on * state for state in lstm_states)
        steps = features.view(n, -1, lstm.input_size).transpose(0, 1)
        out, after = lstm(steps, (hidden, cell))
        return out.transpose(0, 1).flatten(end_dim=1), after


def train(lesson: Lesson) -> Actor:
    """Train an agent."""
    return taught(make_model(lesson), lesson, actor_of)


def make_model(lesson: Lesson) -> RecurrentPPO:
    """The model of sb3-contrib, untrained; its value function has no memory."""
    network = fresh_network(lesson)
    return AnnealedRecurrentPPO(
        QuickPolicy,
        environments(lesson, ENVS, network),
        seed=lesson.seed,
        device="cpu",
        policy_kwargs=on_network(
            network,
            features_extractor_class=Unpadded,
            net_arch=HEADS,
            lstm_hidden_size=MEMORY,
            enable_critic_lstm=False,
        ),
        gamma=lesson.discount,
        **SETTINGS,
    )


def actor_of(model: RecurrentPPO) -> Recurrent:
    """Return what acts in a model: network, memory and head, without the value function."""
    policy = model.policy
    assert isinstance(policy, RecurrentActorCriticPolicy)
    head = nn.Sequential(*policy.mlp_extractor.policy_net, policy.action_net)
    actor = actor_on(Recurrent, policy.features_extractor, head)
    actor.lstm = policy.lstm_actor
    return actor
