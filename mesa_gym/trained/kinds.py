"""The kinds of trained agents, by the names that they have in ``policy.json``.

This module does not import torch, which takes seconds.
"""

from __future__ import annotations

# Kind -> the module, of this package, and the class of its network.
NETWORKS = {
    "network": ("networks", "Network"),
    "local": ("local", "LocalNetwork"),
    "ensemble": ("ensemble", "Ensemble"),
    "pixels": ("pixels", "PixelNetwork"),
    "planner": ("planner", "Planner"),
    "planner-wide": ("planner", "WidePlanner"),
    "vin": ("vin", "ValueIterationNetwork"),
    "drc": ("drc", "TickingNetwork"),
    "gru": ("gru", "RecurrentNetwork"),
}
# Models of Stable-Baselines3 and sb3-contrib, which ``baselines`` makes.
BASELINES = ("sb3-ppo", "sb3-a2c", "sb3-dqn", "sb3-recurrent-ppo")
KINDS = (*NETWORKS, *BASELINES)
# Of a hidden layer of ``networks.Network``; an agent can use fewer.
UNITS = 128
