"""Policies: map a batch of observations to actions or action probabilities."""

from mesa_gym.policies.agent_files import POLICY_FILE, SCHEMA, read_policy_file
from mesa_gym.policies.asking import PolicySampler
from mesa_gym.policies.names import name_pursuer, references
from mesa_gym.policies.oracle import Oracle
from mesa_gym.policies.protocol import Memoryless, Policy
from mesa_gym.policies.resolvers import as_policy
from mesa_gym.policies.scripted import Constant, Reference, Sweeper, constant, uniform
from mesa_gym.policies.views import cut_window

__all__ = [
    "POLICY_FILE",
    "SCHEMA",
    "Constant",
    "Memoryless",
    "Oracle",
    "Policy",
    "PolicySampler",
    "Reference",
    "Sweeper",
    "as_policy",
    "constant",
    "cut_window",
    "name_pursuer",
    "read_policy_file",
    "references",
    "uniform",
]
