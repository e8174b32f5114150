"""Agents on the command line: parses words for policies and score cards, and names agents.

A word is POLICY or TRAP=POLICY if the agent is to be played, and PATH or NAME=PATH for cards. What
is on the disk is a path: a look at the disk comes before ``,``, ``=`` and ``:`` mean anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mesa_gym.files import find_paths, locate_path
from mesa_gym.policies import read_policy_file
from mesa_gym.policies.names import name_policy
from mesa_gym.policies.seeds import agent_and_seed, require_visible
from mesa_gym.scoring import Cards, ScoreCard
from mesa_gym.scoring.evaluation import names_trap
from mesa_gym.traps import find_trap

CARDS = "score cards: files of --json or submit, or a folder of them; NAME=PATH renames its agent"


def read_cards(words: Iterable[str]) -> Cards:
    """Return the cards of some files or folders, each given as PATH or NAME=PATH.

    Raises:
        ValueError: a file is damaged or missing, or NAME is not one of several agents in PATH.
    """
    all_cards = list[ScoreCard]()
    for word in words:
        name, path = split_name(word)
        cards = Cards.load(path)
        if not cards:
            raise ValueError(f"{path} has no score card; expected one or a list of them")
        all_cards += take_agent(word, cards) if name else cards
    for agent in dict.fromkeys(card.policy for card in all_cards):
        require_visible(agent)
    return Cards(all_cards)


def take_agent(word: str, cards: Cards) -> Cards:
    """Return the cards of one agent for WHAT or NAME=WHAT: the agent NAME, or the only one renamed.

    Raises:
        ValueError: there are cards of several agents, and the name is not one of them.
    """
    name, path = split_name(word)
    agents = list(dict.fromkeys(agent_and_seed(card.policy)[0] for card in cards))
    if len(agents) > 1 and name not in agents:
        raise ValueError(
            f"{word}: these are cards of the agents {', '.join(agents)}; name one of them, such as"
            f" {agents[0]}={path}"
        )
    agent = name if name in agents else agents[0]
    agent_cards = Cards(card for card in cards if agent_and_seed(card.policy)[0] == agent)
    return agent_cards.rename(agent, name or agent)


def list_paths(word: str) -> list[str]:
    """Return a word's path, its ``FILE.py:NAME``, or the files of its pattern; [] for other words.

    Paths are absolute.
    """
    if paths := find_paths(word):
        return [*map(str, paths)]
    file, _, name = word.rpartition(":")
    return [f"{path}:{name}" for path in find_paths(file)] if file.endswith(".py") else []


def split_list(source: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each item of a list with commas, and its paths.

    The longest beginning that is on the disk is one item, so paths may have commas.
    """
    parts = source.split(",")
    while parts:
        items = {end: ",".join(parts[:end]) for end in range(len(parts), 0, -1)}
        on_disk = (end for end, item in items.items() if item and list_paths(item))
        end = next(on_disk, 1)
        if items[end]:
            yield items[end], list_paths(items[end])
        parts = parts[end:]


def split_name(word: str) -> tuple[str, str]:
    """Split NAME=REST into its parts; the first is "" for a path alone, even if it contains =."""
    name, equals, rest = word.partition("=")
    _, paths = next(split_list(word), ("", []))
    return (name, rest) if equals and rest and not paths else ("", word)


# -- policies ------------------------------------------------------------------------------------


class AgentToPlay(NamedTuple):
    """An agent that a word names.

    Attributes:
        policy: as for ``as_policy``.
        trap: the trap of TRAP=POLICY, a name with version; "" for POLICY.
        trained_on: for POLICY, the trap on which the agent of a folder was trained, else "".
    """

    policy: str
    trap: str = ""
    trained_on: str = ""


def read_agents(words: Iterable[str]) -> list[AgentToPlay]:
    """Return the agents to play for the words POLICY and TRAP=POLICY."""
    return [
        AgentToPlay(policy, find_trap(trap).name())
        if trap
        else AgentToPlay(policy, trained_on=find_trained_trap(policy))
        for trap, policy in map(split_trap, words)
    ]


def name_policies(
    agents: Iterable[AgentToPlay], traps: Sequence[str], agent: str | None = None
) -> dict[str, dict[str, str]]:
    """Return name -> trap -> policy; a trained agent plays only the trap that it was trained on.

    Args:
        agents: the agents, of ``read_agents``.
        traps: names with version.
        agent: the name of the agent whose seeds the policies are; None to name each policy.

    Raises:
        ValueError: two policies would have equal names on a trap.
    """
    named: dict[str, dict[str, str]] = {}
    for policy, fixed_trap, trained_on in agents:
        fixed_trap = fixed_trap or trained_on * (trained_on in traps)
        # An agent of another trap gets all traps, so that loading it raises a helpful error.
        for trap in [fixed_trap] if fixed_trap else traps:
            seeds = sum(trap in played for played in named.values())
            name = name_policy(policy) if agent is None else f"{agent}-s{seeds}"
            by_trap = named.setdefault(name, {})
            if trap in by_trap:
                raise ValueError(
                    f"{by_trap[trap]} and {policy} are both called {name} on {trap}; score one of"
                    " them, or rename one in Python: mesa_gym.evaluate({'NAME': policy}, traps)"
                )
            by_trap[trap] = policy
    return named


def find_trained_trap(policy: str) -> str:
    """Return the trap on which the agent of a folder was trained; "" for other policies."""
    folder = locate_path(policy)
    return str(read_policy_file(folder)["trap"]) if folder.is_dir() else ""


def split_trap(policy: str) -> tuple[str, str]:
    """Split TRAP=POLICY; the first part is "" for a policy alone, even if its path contains =."""
    word, _, rest = policy.partition("=")
    is_trap = rest and names_trap(word) and not list_paths(policy)
    return (word, rest) if is_trap else ("", policy)
