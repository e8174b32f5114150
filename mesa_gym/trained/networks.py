"""Trained agents as torch modules: what all share, and the network of most of them, an MLP."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import pad

from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.envs.observations import Bytes
from mesa_gym.policies.protocol import in_blocks
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.kinds import UNITS
from mesa_gym.trained.stacks import VALUE, RowSum, Stack, list_shapes
from mesa_gym.traps import Trap


class TorchAgent(nn.Module):
    """An agent that was trained: a module and a policy, ``mesa_gym.policies.Policy``.

    Class attributes:
        kind: its name in ``policy.json``; one of ``mesa_gym.trained.kinds.KINDS``.
        observation: the kind that it acts on.
        memory: False for an agent that remembers nothing.
        sized: False for an agent that acts on grids of any size.
    """

    kind: ClassVar[str]
    observation = "planes"
    memory: Any = False
    sized = True

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin episodes in the rows of a mask; an agent without memory does nothing."""

    def make_room(self, tensors: dict[str, Tensor]) -> None:
        """Get ready for saved tensors, where their number says what this agent has."""

    def require_savable(self) -> None:
        """Raise ValueError where weights alone would not be this agent."""

    def encode_planes(self, planes: Tensor) -> Tensor:
        """Return what scores are computed from, (n, ...): each row alike in any batch."""
        return planes

    def compute_scores(self, encoded: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5), for what ``encode_planes`` returned."""
        raise NotImplementedError

    def forward(self, planes: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5), for planes (n, height, width, channels)."""
        return self.compute_scores(self.encode_planes(planes))

    @torch.inference_mode()
    def act(self, observation: Bytes, state: State | None = None) -> NDArray[np.float64]:
        """Return action probabilities, float64 (n, 5)."""

        def answer(encoded: NDArray[Any], rows: slice) -> NDArray[np.float32]:
            return self.compute_scores(torch.from_numpy(encoded)).numpy()

        scores = in_blocks(answer, self.encode_planes(torch.from_numpy(observation)).numpy())
        return torch.from_numpy(scores).double().softmax(dim=1).numpy()


class StackAgent(TorchAgent):
    """An agent whose parameters are those of a stack of one agent, by the names they have there."""

    def take_parameters(self, stack: Any, agent: int) -> None:
        """Take over an agent of a stack, rounded to half precision, in which it is saved."""
        self._stack_type = type(stack)
        for name, value in stack._asdict().items():
            own = value[agent : agent + 1].detach().half().float()
            self.register_parameter(name, nn.Parameter(own.clone(), requires_grad=False))
        self.eval()

    @property
    def stack(self) -> Any:
        """A copy of its parameters, a stack of one agent."""
        names = self._stack_type._fields
        return self._stack_type(*(getattr(self, name).detach().clone() for name in names))


class ListedLinear(nn.Linear):
    """A linear layer on inputs that are 0 or 1, of which those are listed that are 1."""

    def forward(self, listed: Tensor) -> Tensor:
        """Return float32 (n, units), for lists int64 (n, most), filled up with ``inputs``."""
        table = pad(self.weight.T, (0, 0, 0, 1))
        return cast(Tensor, RowSum.apply(table, listed)) + self.bias


class Network(TorchAgent):
    """An MLP with named layers.

    Attributes:
        first, second: the hidden layers, each followed by a ReLU.
        policy, value: what they feed: scores of the five actions, and the value.
    """

    kind = "network"
    make_view: ClassVar[type[CentredInputs]] = CentredInputs

    def __init__(self, trap: Trap, stack: Stack | None = None, agent: int = 0) -> None:
        super().__init__()
        self.view = type(self).make_view(trap)
        with torch.random.fork_rng(devices=[]):  # its random state is the user's
            self.first = ListedLinear(self.view.count, UNITS)
            self.second = nn.Linear(UNITS, UNITS)
            self.policy, self.value = nn.Linear(UNITS, len(ACTIONS)), nn.Linear(UNITS, 1)
        if stack is not None:
            one = Stack(*(each[agent : agent + 1].detach().cpu() for each in stack))
            for layer, weight, bias in self._layers(one):
                # Half precision, in which it is saved.
                layer.weight.data = weight.T.contiguous().half().float()
                layer.bias.data = bias.half().float()
        self.eval()

    @property
    def stack(self) -> Stack:
        """A copy of its parameters, a stack of one agent."""
        one = Stack(*(torch.zeros(1, *shape) for shape in list_shapes(self.view.count)))
        for layer, weight, bias in self._layers(one):
            weight[:], bias[:] = layer.weight.detach().T, layer.bias.detach()
        return one

    def _layers(self, one: Stack) -> list[tuple[nn.Linear, Tensor, Tensor]]:
        """Return each layer, and views of a stack of one agent: its weights and its bias."""
        scores, value = slice(0, VALUE), slice(VALUE, VALUE + 1)
        return [
            (self.first, one.first[0, :-1], one.first_bias[0, 0]),
            (self.second, one.second[0], one.second_bias[0, 0]),
            (self.policy, one.outputs[0, :, scores], one.outputs_bias[0, 0, scores]),
            (self.value, one.outputs[0, :, value], one.outputs_bias[0, 0, value]),
        ]

    def encode_planes(self, planes: Tensor) -> Tensor:
        """Return what the first layer makes of planes, float32 (n, UNITS)."""
        listed = torch.from_numpy(self.view.list_inputs(planes.numpy()))
        return cast(Tensor, self.first(listed).relu())

    def compute_scores(self, encoded: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5)."""
        return cast(Tensor, self.policy(self.second(encoded).relu()))

    def features(self, planes: Tensor) -> Tensor:
        """Return what the second layer makes of planes, float32 (n, UNITS)."""
        return cast(Tensor, self.second(self.encode_planes(planes)).relu())
