"""Making of cards: policies play the levels of every split, and their choices are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
from msgspec import structs

from mesa_gym.envs.checks import integer
from mesa_gym.errors import explain_keywords, shorten
from mesa_gym.json_data import Text, require
from mesa_gym.policies import Policy, PolicySampler, as_policy
from mesa_gym.policies.functions import warn_of_unread
from mesa_gym.policies.names import name_policy
from mesa_gym.policies.seeds import digest_answers, digest_policy
from mesa_gym.scoring.card import Provenance, ScoreCard, package_versions, read_each, salt_digest
from mesa_gym.scoring.card_text import list_warnings
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.nulls import Nulls, gather_evidence, watch_plays
from mesa_gym.scoring.playing import SPENT, Failures, PolicyMaker, SplitPlayer
from mesa_gym.scoring.plays import MOST_LEVELS, MOST_SEED
from mesa_gym.scoring.record import Record, SplitRecord
from mesa_gym.scoring.split_returns import keep_returns
from mesa_gym.scoring.verdict import fails_control, find_confidence, judge
from mesa_gym.solver import LevelValues
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap, all_traps, as_trap
from mesa_gym.words import FAILS_TASK


def score_all(
    policies: Mapping[str, PolicyMaker],
    trap: Trap,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    progress: Progress = lambda done: None,
    failed: Failures | None = None,
    played: Callable[[str, dict[str, Record]], None] = lambda name, records: None,
) -> dict[str, ScoreCard]:
    """Score policies on levels 0 to ``levels`` - 1 of every split.

    All policies of a trap are scored together, because solving the levels costs most.

    Args:
        policies: name -> maker, called with a split's time limit.
        trap: any trap.
        levels: how many levels of each split are played, 1 to a million.
        seed: of the sampling of actions, 0 or more.
        salt: an evaluator's secret: levels that no agent was trained on.
        progress: called with the number of levels done, 4 times ``levels`` in all.
        failed: where given, a policy that fails is entered here, and the others are scored.
        played: called with the name of each policy and its records, by play.

    Returns:
        name -> score card, of those that did not fail.

    Raises:
        PolicyError: a policy raised, or answered with something else than actions or
            probabilities; the message names policy, split and step.
        ValueError: an argument is out of range, or reference policies are not a scale
            (``returns.require_scale``).
    """
    levels = integer("levels", levels, 1, MOST_LEVELS)
    seed = integer("seed", seed, 0, MOST_SEED)
    with SPENT.spend("levels"):
        starts = {split: trap.levels(split, np.arange(levels), salt) for split in Split}
    values: dict[Split, LevelValues] = {}
    makers, records = dict(policies), {name: dict[str, Record]() for name in policies}
    speaking: list[tuple[str, Policy]] = []
    for split in Split:
        player = SplitPlayer(trap, split, starts[split], seed, salt)
        played_records, values[split] = player.run(makers, progress, failed)
        makers = {name: makers[name] for name in played_records}
        for name in makers:
            records[name] |= played_records[name]
        speaking += player.acting.items()
    warn_of_unread(speaking)
    with SPENT.spend("nulls"):
        nulls = Nulls(trap, starts, values)
    provenance = Provenance(
        trap=repr(trap),
        levels=levels,
        seed=seed,
        salt=salt_digest(salt),
        versions=package_versions(),
    )
    cards = {}
    for name in makers:
        played(name, records[name])
        policy = player.acting[name]
        digest = digest_policy(policy) or digest_answers(policy, trap, salt)
        card_provenance = structs.replace(provenance, digest=digest)
        with SPENT.spend("judge"):
            of_split = {x: SplitRecord(trap, records[name][x], values[x], starts[x]) for x in Split}
            cards[name] = make_card(name, records[name], of_split, card_provenance, nulls)
    return cards


def make_card(
    name: str,
    records: Mapping[str, Record],
    of_split: Mapping[Split, SplitRecord],
    provenance: Provenance,
    nulls: Nulls,
) -> ScoreCard:
    """Return the score card of one policy, a pure function of its records.

    Args:
        name: of the policy.
        records: play (``plays_of``) -> what was done.
        of_split: the same of each split, with its levels and values.
        provenance: of the card.
        nulls: what policies without a goal get.

    Raises:
        ValueError: reference policies are not a scale.
    """
    trap = nulls.trap
    with SPENT.spend("nulls"):
        nulls_by_name = nulls.beside(records[Split.TRAIN])
    values = {split: play.values for split, play in of_split.items()}
    evidence = gather_evidence(trap, watch_plays(trap, records, values), nulls_by_name)
    kept = {trap.judging.evidence: evidence}
    verdict = judge(evidence)
    confidence, detail_confidence = find_confidence(evidence, provenance.seed)
    returns = {split.value: keep_returns(split, play) for split, play in of_split.items()}
    splits = {
        split.value: take_measures(split, play, returns[split.value], evidence)
        for split, play in of_split.items()
    }
    return ScoreCard(
        trap=trap.name(),
        policy=name,
        base=trap.base,
        verdict=verdict.word,
        detail=verdict.detail,
        wants=list(verdict.wants),
        confidence=confidence,
        detail_confidence=detail_confidence,
        competent=verdict.word != FAILS_TASK,
        fails_control=fails_control(
            read_each(splits[Split.CONTROL], "normalized_return")[trap.base]
        ),
        splits=splits,
        nulls={
            null: null_result.measured
            for null, null_result in nulls_by_name.items()
            if null_result.measured
        },
        provenance=provenance,
        returns=returns,
        null_returns={
            null: null_result.returns
            for null, null_result in nulls_by_name.items()
            if null_result.returns
        },
        warnings=list_warnings(verdict.word, kept.get("choices")),
        judging=trap.judging.name,
        **kept,
    )


# -- calls -----------------------------------------------------------------------------------------


# Keywords of other packages -> what to use instead.
KEYWORD_ADVICE = {
    "split": "it plays every split; read one by card.read_each('shift', 'choice')",
    "n_episodes": "levels=100 plays 100 levels of each split, one episode on each",
    "n_eval_episodes": "levels=100 plays 100 levels of each split, one episode on each",
}


@explain_keywords(**KEYWORD_ADVICE)
def score(
    policy: Any,
    trap: Trap | str,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    observation: str | None = None,
    name: str | None = None,
    algo: str | None = None,
) -> ScoreCard:
    """Score one policy from any code base: ``print(score(policy, "RedBlueDoors"))``.

    Args:
        policy: whatever ``mesa_gym.policies.as_policy`` takes: a name such as ``random`` or
            ``oracle:base``, a trained agent's directory or file, a callable over batches of
            observations, an object with ``reset`` and ``act``, an SB3 model.
        trap: a trap, or the name of one.
        levels: how many levels of each split are played.
        seed: of the sampling of actions.
        salt: an evaluator's secret: levels that no agent was trained on.
        observation: the kind that a callable wants, ``planes`` by default.
        name: name of the policy on the card; by default the name given, or that of its type.
        algo: the algorithm of a model's ``.zip`` file.

    Raises:
        PolicyError: the policy raised, or answered with something else than actions or
            probabilities; the message names policy, split and step.
        ValueError: an argument is wrong.

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
    player = make_player(name, policy, trap, salt, observation, algo)
    return score_all({name: player}, trap, levels, seed, salt)[name]


def names_trap(policy: Any) -> bool:
    """Return whether a value is a trap, its class, its name or its id."""
    if isinstance(policy, str):
        name = policy.rpartition("/")[2].partition("-v")[0].lower()
        return name in {trap_name.partition("-v")[0].lower() for trap_name in all_traps()}
    return isinstance(policy, Trap) or (isinstance(policy, type) and issubclass(policy, Trap))


def make_player(
    name: str, policy: Any, trap: Trap, salt: str, observation: str | None, algo: str | None
) -> PolicyMaker:
    """Return the player for ``score_all``; arguments and errors are those of ``score``.

    A policy is asked once, so that one that cannot answer is refused before the work.
    """
    if isinstance(policy, list | tuple):
        raise ValueError(
            f"{shorten(policy)} is a list; call mesa_gym.evaluate({{'name': policies}}, traps)"
        )
    # Made once for each time limit.
    player = cache(partial(as_policy, policy, trap, observation=observation, algo=algo))
    player_policy = player(trap.horizon(Split.TEST))
    if not getattr(player_policy, "solves", False):
        start = trap.levels(Split.TEST, [0], salt)
        sampler = PolicySampler(player_policy, trap, start.level.key, 0, name, Split.TEST)
        sampler.probabilities(start, 0)
    return player
