"""Seeds of an agent: checks by names and weights that policies are seeds of one agent.

An interval over seeds measures how much training runs differ, so a copy must not count as a seed.
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Hashable, Mapping
from io import BytesIO
from itertools import combinations
from pathlib import Path
from re import DOTALL, compile
from typing import Any
from unicodedata import category

import numpy as np

from mesa_gym.errors import PolicyError, shorten, shorten_text
from mesa_gym.files import read_bytes
from mesa_gym.policies.adapters import is_model
from mesa_gym.policies.agent_files import digest_weights, read_policy_file
from mesa_gym.policies.asking import PolicySampler
from mesa_gym.policies.protocol import BLOCK, Policy
from mesa_gym.traps import Split, Trap

# An agent's seeds differ in the last part of their names: ppo-s0, ppo-s1.
_SEED = compile(r"(?P<agent>.+)-s(?P<seed>\d{1,9})", DOTALL)
# The fields of policy.json that are equal for all seeds of an agent.
_TRAINING = (
    "algo", "kind", "steps", "alpha", "reward", "num_levels", "settings", "parameters",
)  # fmt: skip
# The weights in a saved model of Stable-Baselines3. The archive contains dates, which differ
# between copies, so only this file is compared.
HIDDEN_CATEGORIES = ("Cc", "Cf", "Zl", "Zp")  # categories of Unicode
_MODEL_WEIGHTS = "policy.pth"


def agent_and_seed(policy: str) -> tuple[str, int | None]:
    """Return the agent's name and its training seed: ("ppo", 3) for "ppo-s3".

    The seed is None if the name has no seed, such as the name of a reference policy.
    """
    trained = _SEED.fullmatch(policy)
    return (trained["agent"], int(trained["seed"])) if trained else (policy, None)


def require_visible(name: str) -> None:
    """Raise ValueError if a name is blank, or has characters that other text is hidden by.

    These are control characters, marks of direction, and characters without a width.
    """
    hidden = [sign for sign in name if category(sign) in HIDDEN_CATEGORIES]
    if hidden or not name.strip():
        reason = f"it contains {shorten(hidden[0])}" if hidden else "it is blank"
        raise ValueError(
            f"an agent is called {shorten_text(name)!a}: {reason}; rename it:"
            " cards.rename('mine', 'plain'), --cards plain=FILE"
        )


def write_name(policy: str) -> str:
    """Return a policy's name for people to read: ``ppo:3`` for the file name ``ppo-s3``."""
    agent, seed = agent_and_seed(policy)
    return policy if seed is None else f"{agent}:{seed}"


def change_agent(policy: str, agent: str, name: str) -> str:
    """Return a policy's name with the agent ``agent`` renamed to ``name``; the seed stays."""
    current, seed = agent_and_seed(policy)
    return policy if current != agent else name if seed is None else f"{name}-s{seed}"


def require_seeds(policies: Mapping[str, Any]) -> None:
    """Raise ValueError if two policies named as seeds of one agent are not two of its seeds.

    Two policies are copies if they are the same object or name, or two folders, files, networks or
    models with equal weights. They belong to different agents if one is a folder and the other a
    file, or if their folders record different training settings. Whether two files or objects come
    from one training method cannot be checked here; the answers of callables are compared after
    they have played (``mesa_gym.scoring.copies``). ``policies``: name -> policy, for one trap.
    """
    agents: dict[str, list[str]] = defaultdict(list)
    for name in policies:
        agent, seed = agent_and_seed(name)
        if seed is not None:
            agents[agent].append(name)
    for agent, names in agents.items():
        kept = {name: _identify(policies[name]) for name in names} if len(names) > 1 else {}
        for one, other in combinations(kept, 2):
            if kept[one] == kept[other]:
                raise ValueError(
                    f"{one} and {other} are one agent, {_show(policies[one])} and"
                    f" {_show(policies[other])}; a copy is not another seed of {agent}: leave it"
                    " out, or train another"
                )
            if differs := _compare_training(policies[one], policies[other]):
                raise ValueError(
                    f"{one} and {other} are not seeds of one agent: {_show(policies[one])} and"
                    f" {_show(policies[other])} differ in {differs}; give them two names"
                )


def digest_policy(policy: Any) -> str:
    """Return 32 hex digits that are equal for equal weights; "" without weights."""
    weights = _identify_weights(getattr(policy, "__wrapped__", policy))
    return digest_weights(repr([weights]).encode()) if weights else ""


def digest_answers(policy: Policy, trap: Trap, salt: str = "") -> str:
    """Return 32 hex digits that are equal for equal answers in the first states of test levels.

    They do not depend on the sampling of actions or on the last digits of the probabilities. ""
    if all answers are actions (different competent agents may choose equal ones), if the policy
    fails, or if it needs no observation.
    """
    if getattr(policy, "solves", False) or not getattr(policy, "needs_observation", True):
        return ""
    starts = trap.levels(Split.TEST, np.arange(BLOCK), salt)
    try:
        sampler = PolicySampler(policy, trap, starts.level.key, play=Split.TEST)
        shares = sampler.probabilities(starts, 0)
    except PolicyError:
        return ""
    if np.isin(shares, (0, 1)).all():
        return ""
    return digest_weights(" ".join(f"{share:.2e}" for share in shares.flat).encode())


def _show(policy: Any) -> str:
    return shorten_text(f"{policy}") if isinstance(policy, str | Path) else type(policy).__name__


def _identify(policy: Any) -> Hashable:
    """Return a key that is equal for equal agents; the key of an unreadable file is its name."""
    if not isinstance(policy, str | Path):
        return _identify_weights(policy) or id(policy)
    path = Path(policy)
    try:
        if path.is_dir():
            return digest_weights(read_bytes(path / read_policy_file(path)["weights"]))
        return digest_weights(_read_file(path)) if path.is_file() else str(policy)
    except (OSError, ValueError):
        return str(policy)


def _read_file(path: Path) -> bytes:
    data = read_bytes(path)
    try:
        with zipfile.ZipFile(BytesIO(data)) as saved:
            return saved.read(_MODEL_WEIGHTS)
    except (zipfile.BadZipFile, KeyError):
        return data


def _identify_weights(policy: Any) -> tuple[Hashable, ...]:
    """Return a key that is equal for equal weights; () if no weights can be read."""
    try:
        network = getattr(policy, "policy", policy) if is_model(policy) else policy
        weights = getattr(network, "weights", None)
        if not isinstance(weights, dict) or not weights:  # not a trained agent of this project
            if not callable(getattr(network, "state_dict", None)):
                return ()
            weights = {x: tensor.detach().cpu() for x, tensor in network.state_dict().items()}
        held = [(x, digest_weights(np.asarray(tensor).tobytes())) for x, tensor in weights.items()]
    except Exception:  # third-party code: its state does not consist of tensors
        return ()
    return (type(network).__qualname__, *held) if held else ()


def _compare_training(one: Any, other: Any) -> str:
    """Return why two files or folders cannot hold two seeds of one agent; "" if they can."""
    if not isinstance(one, str | Path) or not isinstance(other, str | Path):
        return ""
    paths = Path(one), Path(other)
    sorts = [path.suffix if path.is_file() else "folder" * path.is_dir() for path in paths]
    if all(sorts) and sorts[0] != sorts[1]:
        return f"what they are, {' and '.join(sorts)}"
    if sorts != ["folder", "folder"]:
        return ""
    try:
        entries, other_entries = map(read_policy_file, paths)
    except (OSError, ValueError):
        return ""
    for name in _TRAINING:
        if entries.get(name) != other_entries.get(name):
            return f"{name}, {shorten(entries.get(name))} and {shorten(other_entries.get(name))}"
    return ""
