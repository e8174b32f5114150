"""Scoring of one policy from any code base, or of agents with several seeds on several traps."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from mesa_gym.envs.checks import integer
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import PolicyError, explain_keywords, shorten, shorten_text
from mesa_gym.json_data import Text, require
from mesa_gym.policies import Policy, PolicySampler, as_policy
from mesa_gym.policies.adapters import takes_text
from mesa_gym.policies.functions import FunctionPolicy
from mesa_gym.policies.names import locate_policy, name_policy
from mesa_gym.policies.resolvers import is_model_file, names_object
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_files import Cards
from mesa_gym.scoring.card_making import score_all
from mesa_gym.scoring.copies import require_different_seeds
from mesa_gym.scoring.plays import MOST_LEVELS, require_questions
from mesa_gym.scoring.prices import price_steps, say_price
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.terminal import Progress as Counter
from mesa_gym.traps import Split, Trap, all_traps, as_trap

# Keyword of another package -> advice.
KEYWORD_ADVICE = {
    "split": "it plays every split; read one by card.read_each('shift', 'choice')",
    "n_episodes": "levels=100 plays 100 levels of each split, one episode on each",
    "n_eval_episodes": "levels=100 plays 100 levels of each split, one episode on each",
}


@explain_keywords(**KEYWORD_ADVICE)
def score(
    policy: object,
    trap: Trap | str,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    observation: str | None = None,
    name: str | None = None,
    algo: str | None = None,
    frame_stack: int | None = None,
    action_repeat: int | None = None,
) -> ScoreCard:
    """Score one policy from any code base: ``print(score(policy, "RedBlueDoors"))``.

    Before a language model is asked, a line on standard error gives the number of questions, their
    characters, and about how many tokens they have.

    Args:
        policy: anything that ``mesa_gym.policies.as_policy`` accepts: a name such as ``random`` or
            ``oracle:base``, a trained agent's directory or file, a function of batches of
            observations, an object with ``reset`` and ``act``, or an SB3 model.
        trap: a trap, or its name.
        levels: the number of levels per split.
        seed: the seed for sampling actions.
        salt: an evaluator's secret, which selects levels that no agent was trained on.
        observation: the kind of observation for a callable, ``planes`` by default.
        name: the policy's name on the card; by default the name in ``policy``, or its type.
        algo: the algorithm of a model's ``.zip`` file.
        frame_stack: the number of last observations that the model takes, as for ``as_policy``.
        action_repeat: the number of steps for which each action is repeated, as for ``as_policy``.

    Raises:
        PolicyError: the policy raised, or returned neither actions nor probabilities; the message
            names policy, split and step.
        ValueError: an argument is invalid.

    Example:
        >>> import mesa_gym
        >>> card = mesa_gym.score("oracle:corner", "CheeseCorner", levels=100)
        >>> card.verdict
        'proxy:corner'
    """
    if names_trap(policy):
        raise ValueError(
            f"{shorten(policy)} is a trap; the policy comes first: score(policy, 'CheeseCorner')"
        )
    trap = as_trap(trap)
    name = name_policy(policy) if name is None else name
    require("the policy's name", name, Text)
    if takes_text(policy, observation):
        say_price(name, trap, price_steps(trap, levels), more="up to ")
    keywords = observation, algo, frame_stack, action_repeat
    player = make_player(name, policy, trap, salt, *keywords)
    return score_all({name: player}, trap, levels, seed, salt)[name]


def names_trap(policy: object) -> bool:
    """Return whether a value is a trap, a trap's class, or a trap's name or id."""
    if isinstance(policy, str):
        name = policy.rpartition("/")[2].partition("-v")[0].lower()
        return name in {trap_name.partition("-v")[0].lower() for trap_name in all_traps()}
    return isinstance(policy, Trap) or (isinstance(policy, type) and issubclass(policy, Trap))


def make_player(
    name: str,
    policy: object,
    trap: Trap,
    salt: str,
    observation: str | None,
    algo: str | None,
    frame_stack: int | None = None,
    action_repeat: int | None = None,
) -> Callable[[int], Policy]:
    """Return the policy maker for ``score_all``; arguments and errors are as in ``score``.

    The policy is called once here, so that a policy without valid answers fails before any scoring.
    """
    if isinstance(policy, list | tuple):
        raise ValueError(
            f"{shorten(policy)} is a list; call mesa_gym.evaluate({{'name': policies}}, traps)"
        )
    if isinstance(policy, str | Path):
        policy = locate_policy(policy)
    keywords: dict[str, Any] = {"observation": observation, "algo": algo}
    keywords |= {"frame_stack": frame_stack, "action_repeat": action_repeat}
    # The cache makes one policy for each time limit.
    player = cache(partial(as_policy, policy, trap, **keywords))
    player_policy = player(trap.horizon(Split.TEST))
    if not getattr(player_policy, "solves", False):
        start = trap.levels(Split.TEST, [0], salt)
        sampler = PolicySampler(player_policy, trap, start.level.key, 0, name, Split.TEST)
        try:
            sampler.probabilities(start, 0)
        except PolicyError as error:
            if not isinstance(player_policy, FunctionPolicy):
                raise
            kind = player_policy.observation
            shape = ", ".join(map(str, make_observation(trap, kind).space.shape or ()))
            raise PolicyError(
                f"{error} (it was given the observation {kind!r}, shape (n, {shape}); name another"
                " by observation=, in a command by --observation)"
            ) from error.__cause__
    return player


@explain_keywords(**KEYWORD_ADVICE)
def evaluate(
    agents: Mapping[str, object],
    traps: Sequence[Trap | str] | Trap | str,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    observation: str | None = None,
    algo: str | None = None,
) -> Cards:
    """Score agents with their seeds on several traps; a terminal shows a progress counter.

    ``evaluate({"mine": [first, second], "random": "random"}, ["CheeseCorner", "RedBlueDoors"])``
    returns six cards: ``mine-s0``, ``mine-s1`` and ``random`` on each trap.

    Args:
        agents: name -> a list with one policy for each training seed, called ``name-s0``,
            ``name-s1`` and so on; or a single policy, called ``name``. Policies are as in
            ``score``. For policies that differ by trap, give a mapping from trap names to a list
            or a policy; the agent is left out on traps that are missing in the mapping.
        traps: traps, or their names.
        levels: the number of levels per split, 1 to a million.
        seed: the seed for sampling actions.
        salt: an evaluator's secret, which selects levels that no agent was trained on.
        observation: the kind of observation for callables, ``planes`` by default, also for those
            that ``FILE.py:name`` names. It is ignored for other names, and for objects with an
            attribute ``observation``, but one agent must use it.
        algo: the algorithm of models' ``.zip`` files, at least one of which is among the agents.

    Returns:
        A card for each trap, agent and seed, in this order.

    Raises:
        PolicyError: a policy raised, or returned neither actions nor probabilities; the message
            names policy, split and step.
        ValueError: an argument is invalid; an agent has no policy for any of the traps; two
            policies of a trap would have the same name; two seeds of an agent have one digest
            (``mesa_gym.scoring.copies``); or too few lives of a trap ask a question.

    Example:
        >>> import mesa_gym
        >>> agents = {"goal": "oracle:base", "none": "random"}
        >>> cards = mesa_gym.evaluate(agents, ["CoinRun"], levels=100)
        >>> [(card.policy, card.verdict) for card in cards]
        [('goal', 'base'), ('none', 'fails_task')]
    """
    levels = integer("levels", levels, 1, MOST_LEVELS)
    worlds = [as_trap(x) for x in (traps if isinstance(traps, list | tuple) else [traps])]
    players_of_traps = _make_players(agents, worlds, salt, observation, algo)
    for trap in worlds:
        require_questions(trap, levels, salt)
    title, total = f"score {shorten_text(', '.join(agents))}", levels * len(Split) * len(worlds)
    telling = Counter(title, total) if sys.stderr.isatty() else nullcontext(lambda done: None)
    cards: list[ScoreCard] = []
    with telling as advance:
        for trap, players in zip(worlds, players_of_traps, strict=True):
            if players:
                of_trap = [*score_all(players, trap, levels, seed, salt, advance).values()]
                require_different_seeds(of_trap)  # before the next trap
                cards += of_trap
    require_different_seeds(cards)
    return Cards(cards)


def _make_players(
    agents: Mapping[str, object],
    traps: Sequence[Trap],
    salt: str,
    observation: str | None,
    algo: str | None,
) -> list[dict[str, Callable[[int], Policy]]]:
    """Return for each trap the makers of the policies on it, by the names of their cards.

    All policies are made before the first one is scored.
    """
    names = [trap.name() for trap in traps]
    if not names or len({*names}) < len(names):
        raise ValueError(f"traps are {shorten(names)}; expected at least one, and each once")
    if not isinstance(agents, Mapping) or not agents:
        raise ValueError(f"agents are {shorten(agents)}; expected a mapping, name -> policies")
    entries = [*_list_entries(agents, names)]
    _require_used(entries, observation, algo)
    places = [(entry.trap, entry.card) for entry in entries]
    if twice := [card for trap, card in places if places.count((trap, card)) > 1]:
        raise ValueError(f"two policies are called {twice[0]!r}; rename an agent")
    players: list[dict[str, Callable[[int], Policy]]] = [{} for _ in traps]
    for name, card, policy in entries:
        keywords = _choose_keywords(policy, observation, algo)
        at = names.index(name)
        players[at][card] = make_player(card, policy, traps[at], salt, *keywords)
    return players


class Entry(NamedTuple):
    """A card that is to be made: the name of its trap, its own name, and its policy."""

    trap: str
    card: str
    policy: object


def _list_entries(agents: Mapping[str, object], traps: Sequence[str]) -> Iterator[Entry]:
    """Yield the cards of agents on some traps."""
    for agent, policies in agents.items():
        require("an agent's name", agent, Text)
        by_trap = [(trap, policies) for trap in traps]
        if isinstance(policies, Mapping):
            by_trap = [(as_trap(trap).name(), policy) for trap, policy in policies.items()]
        by_trap = [(trap, policy) for trap, policy in by_trap if trap in traps]
        if not by_trap:
            raise ValueError(f"{agent!r} has no policy for the traps {', '.join(traps)}")
        for trap, policy in by_trap:
            if not isinstance(policy, list | tuple):
                yield Entry(trap, agent, policy)
                continue
            if not policy:
                raise ValueError(f"the agent {agent!r} has no policies; expected one for each seed")
            for number, of_seed in enumerate(policy):
                yield Entry(trap, f"{agent}-s{number}", of_seed)


def _require_used(entries: Sequence[Entry], observation: str | None, algo: str | None) -> None:
    """Raise ValueError if no policy uses ``observation``, or ``algo``."""
    used = [_choose_keywords(entry.policy, observation, algo) for entry in entries]
    kinds = ("a function, network or graph without its own observation", "a saved model, a .zip")
    for at, (name, argument) in enumerate({"observation": observation, "algo": algo}.items()):
        if argument is not None and all(keywords[at] is None for keywords in used):
            raise ValueError(
                f"{name} is {shorten(argument)}, but no agent is {kinds[at]}; leave out {name}"
            )


def _choose_keywords(
    policy: object, observation: str | None, algo: str | None
) -> tuple[str | None, str | None]:
    """Return ``observation`` and ``algo`` for ``as_policy``; None if the policy ignores it."""
    if isinstance(policy, str | Path):
        return (
            observation if names_object(policy) else None,
            algo if is_model_file(policy) else None,
        )
    return None if hasattr(policy, "observation") else observation, None
