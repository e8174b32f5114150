"""Load trained agents from disk: the network of each kind, with the weights of a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mesa_gym.errors import shorten, unknown
from mesa_gym.policies.agent_files import digest_weights, list_settings, read_policy_file
from mesa_gym.trained.agent import Agent, Network, Weights
from mesa_gym.trained.gru import GRU
from mesa_gym.trained.mlp import MLP, LocalMLP
from mesa_gym.trained.planner import Planner
from mesa_gym.trained.planner_maps import PlannerNetwork
from mesa_gym.trained.sb3_mlp import SB3MLP
from mesa_gym.trained.weights_file import decode_weights, read_file
from mesa_gym.traps import Trap

# Keys are the names of kinds in ``policy.json``.
NETWORKS: dict[str, type[Network]] = {
    network.kind: network for network in (MLP, LocalMLP, PlannerNetwork, GRU, SB3MLP)
}


def load(folder: Path, trap: Trap) -> Agent:
    """Return the agent in a directory.

    ``policy.json`` names an entry point that refers to this function; the name is not imported.

    Raises:
        ValueError: the agent is damaged, or was trained on another trap, size or planes.
    """
    entries = read_policy_file(folder)
    net = make_network(entries.get("kind"), trap)
    if misfit := find_misfit(entries, net):
        raise ValueError(
            f"the agent in {folder} was trained with {misfit} {shorten(entries.get(misfit))} and"
            f" cannot act on {trap!r}; train an agent for it"
        )
    file = folder / entries["weights"]
    try:
        agent = restore(net, file, entries.get("weights_digest"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged or belongs to another agent ({error}); train or copy the agent"
            " again"
        ) from None
    agent.training_settings = list_settings(entries)
    return agent


def make_network(kind: object, trap: Trap) -> Network:
    """Return the network of a kind on a trap; UnknownNameError for an unknown kind."""
    if not isinstance(kind, str) or kind not in NETWORKS:
        raise unknown("kind of agent", kind, NETWORKS)
    return NETWORKS[kind](trap)


def make_agent(net: Network, weights: Weights) -> Agent:
    """Return the agent of a network with ``weights``; a ``Planner`` for a planner's network."""
    return (Planner if isinstance(net, PlannerNetwork) else Agent)(net, weights)


def restore(net: Network, file: Path, digest: object) -> Agent:
    """Return the agent of a network with the weights in a file.

    Raises OSError or ValueError if the file cannot be read or has another digest.
    """
    if digest_weights(trained := read_file(file)) != digest:
        raise ValueError(f"its digest is not {shorten(digest)}")
    return make_agent(net, decode_weights(trained))


def find_misfit(record: Mapping[str, object], net: Network) -> str:
    """Return the first entry of a record that does not fit the network's trap; "" if all fit."""
    needs = describe_needs(net.trap).items()
    misfits = (name for name, here in needs if record.get(name) != here)
    return next((name for name in misfits if net.sized or name != "size"), "")


def describe_needs(trap: Trap) -> dict[str, object]:
    """Return the settings that an agent's record must have if the agent acts on a trap."""
    size, planes = list(trap.size), list(trap.channels)
    return {"size": size, "planes": planes, "observation": Agent.observation}
