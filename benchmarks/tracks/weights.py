"""Networks as bytes: the weights of the fixed network, and nothing else.

They are checked by loading them, so that no code of a method's is run where it is scored.
"""

from __future__ import annotations

from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from mesa_gym.trained.networks import Network


def pack_network(policy: Any) -> bytes:
    """Return a network's weights, float32.

    Raises:
        ValueError: the policy is something else.
    """
    if type(policy) is not Network:
        raise ValueError(
            f"a policy is a mesa_gym.trained.networks.Network, got"
            f" {type(policy).__name__}; for other policies say policies = 'any'"
        )
    return save({name: value.contiguous() for name, value in policy.state_dict().items()})


def load_network(trap: Any, data: bytes) -> Network:
    """Return the network of a trap with these weights.

    Raises:
        ValueError: they are not of that network, or not finite.
    """
    network = Network(trap)
    own = {name: (value.shape, value.dtype) for name, value in network.state_dict().items()}
    try:
        found = load(data)
    except SafetensorError as error:
        raise ValueError(f"weights cannot be read: {error}") from None
    given = {name: (value.shape, value.dtype) for name, value in found.items()}
    if given != own:
        raise ValueError(f"weights are not those of the fixed network: {given}, expected {own}")
    if not all(bool(torch.isfinite(value).all()) for value in found.values()):
        raise ValueError("weights are not finite")
    network.load_state_dict(found)
    return network
