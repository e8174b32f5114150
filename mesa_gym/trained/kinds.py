"""The kinds of trained agents, one entry each, by the names that they have in ``policy.json``."""

from mesa_gym.trained.agent import Network
from mesa_gym.trained.gru import GRU
from mesa_gym.trained.mlp import MLP, LocalMLP
from mesa_gym.trained.pixels import PixelMLP
from mesa_gym.trained.planner_maps import PlannerNetwork

KINDS: dict[str, type[Network]] = {
    each.kind: each for each in (MLP, LocalMLP, PixelMLP, PlannerNetwork, GRU)
}
