"""Agents with drawn weights, and their directories, without training."""

import numpy as np

from mesa_gym.policies import POLICY_FILE
from mesa_gym.policies.agent_files import WEIGHTS_FILE, AgentRecord, digest_weights
from mesa_gym.trained.loading import NETWORKS, describe_needs, make_agent
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import find_trap

CORNER, DOORS, KEYS = (find_trap(name)() for name in ("CheeseCorner", "RedBlueDoors", "KeysChests"))
UNITS = 20  # of a network whose width is free


def drawn(trap, seed=5, kind="mlp", opinion=3.0):
    """An agent with clear preferences, in half precision; initial weights have hardly any."""
    net, rng = NETWORKS[kind](trap), np.random.default_rng(seed)
    weights = {}
    for name, shape in net.list_shapes({"recalls.weight": (3 * UNITS, UNITS)}).items():
        sums = shape[-1] if name.endswith(".weight") else shape[-2] if len(shape) > 2 else 100
        size = 0.3 if name.startswith("first") else opinion * sums**-0.5
        weights[name] = (rng.normal(size=shape) * size).astype(np.float16).astype(np.float32)
    if "head" in weights:  # costs are above 0 and walls dear, so that there are ways
        weights |= {"head": np.array([[[1.0, 0.2, 0.1, 0.5, -1]]], np.float32)}
        weights["pays"][0, :, 0], weights["pays_bias"][:] = 0, -0.05
        weights["pays"][0, net.names.index("wall"), 0] = 5
        weights["wants"] *= np.float32(0.25)
    return make_agent(net, weights)


def write_agent(folder, agent, trap, **facts):
    folder.mkdir(parents=True)
    data = encode_weights(agent.weights)
    (folder / WEIGHTS_FILE).write_bytes(data)
    entries = {"trap": trap.name(), "name": "drawn-s5", "seed": 5, "kind": agent.kind}
    entries |= {"parameters": trap.parameters, "weights_digest": digest_weights(data)}
    AgentRecord(**entries, **describe_needs(trap), **facts).save(folder / POLICY_FILE)
    return folder
