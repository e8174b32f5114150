"""A torch network as a policy: maps observations to scores of the five actions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Floats, State
from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.policies.frames import stack_first
from mesa_gym.policies.protocol import Memoryless, in_blocks, soften_scores
from mesa_gym.traps import Split, Trap

OTHERWISE = """give the observation='...' that it was trained on, or pass a function:

    def policy(observations):  # planes, uint8 (n, height, width, channels)
        with torch.no_grad():  # channels first: .permute(0, 3, 1, 2); of (logits, value) the first
            return network(torch.from_numpy(observations).float()).softmax(dim=1)
"""


class NetworkPolicy(Memoryless):
    """A policy from a ``torch.nn.Module`` that maps observations to five scores per row.

    Observations are converted to the dtype of its parameters; without parameters, to torch's
    default dtype. Scores that are not probabilities are taken as logits, and actions are sampled
    from their softmax. The module runs in evaluation mode and without gradients.

    Args:
        network: the module.
        trap: the trap; its first level is used to check the module.
        observation: the kind of observation that the module takes, "planes" by default.
        frame_stack: the number of frames that the module takes, (n, frame_stack, ...) if above 1.

    Raises:
        ValueError: the module cannot take these observations, or its outputs are not five scores.
    """

    def __init__(
        self, network: Any, trap: Trap, observation: str | None = None, frame_stack: int = 1
    ) -> None:
        self.network, self.observation = network, observation or "planes"
        self._stack = frame_stack
        self.__wrapped__ = network
        self._require_forward()
        error = self._find_misfit(trap, self.observation)
        if error is None:
            return
        fitting = [repr(kind) for kind in OBSERVATIONS if self._find_misfit(trap, kind) is None]
        hint = f"it fits observation={' or '.join(fitting)}, in a command --observation"
        hint = hint if fitting else OTHERWISE
        raise ValueError(
            f"the network {type(network).__name__} does not return five scores per row of the"
            f" observation {self.observation!r} ({error!s:.200}); {hint}"
        )

    def _require_forward(self) -> None:
        """Raise ValueError if the module has no ``forward``, such as an agent of CleanRL."""
        import torch

        if type(self.network).forward is torch.nn.Module.forward:
            raise ValueError(
                f"the network {type(self.network).__name__} has no `forward`; pass its part that"
                " maps observations to five scores, such as agent.actor, or a function"
            )

    def _find_misfit(self, trap: Trap, kind: str) -> Exception | None:
        """Return the network's error on observations of a kind; None if the kind fits."""
        obs = make_observation(trap, kind).encode(trap.levels(Split.TEST, [0]))
        if self._stack > 1:
            obs = stack_first(obs, self._stack)
        try:
            self.act(obs)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            return error
        return None

    def act(self, observation: NDArray[np.generic], state: State | None = None) -> Floats:
        """Return action probabilities, float64 (n, 5)."""
        training = [module for module in self.network.modules() if module.training]
        self.network.eval()
        try:
            return in_blocks(self._answer, observation)
        finally:  # restore each module: some layers may have been in evaluation mode
            for module in training:
                module.training = True

    def _answer(self, obs: NDArray[np.generic], rows: slice) -> Floats:
        import torch

        floats = (x for x in self.network.parameters() if x.is_floating_point())
        like = next(floats, torch.empty(0))
        with torch.no_grad():
            scores = self.network(torch.as_tensor(obs, dtype=like.dtype, device=like.device))
        if not isinstance(scores, torch.Tensor):
            raise ValueError(f"its output is a {type(scores).__name__}, not a tensor")
        probs: Floats = scores.double().cpu().numpy()
        if probs.shape != (len(obs), len(ACTIONS)):
            raise ValueError(f"its output has shape (n, {', '.join(map(str, probs.shape[1:]))})")
        # Probabilities of low precision, such as bfloat16, sum to 1 less exactly.
        rough = scores.is_floating_point() and torch.finfo(scores.dtype).bits < 32
        sums = probs.sum(axis=1, keepdims=True)
        if (probs >= 0).all() and np.allclose(sums, 1, atol=0.02 if rough else 1e-3):
            return probs / sums if rough else probs
        return soften_scores(probs)
