"""Making of cards: policies and, for comparison, policies without a goal play all levels."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from msgspec import UNSET, UnsetType, structs

from mesa_gym.engine import State
from mesa_gym.envs.checks import integer
from mesa_gym.policies import Policy
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.policies.functions import TextPolicy, warn_of_unread
from mesa_gym.policies.seeds import digest_answers, digest_policy
from mesa_gym.scoring.card import ScoreCard, package_versions, salt_digest
from mesa_gym.scoring.card_fields import Provenance
from mesa_gym.scoring.conclusions import NO_RESULTS, add_results, conclude_all, put_in_order
from mesa_gym.scoring.evidence import AGENT_ROW, OFF, Counts, Evidence, keep_choices
from mesa_gym.scoring.models import AskedModel
from mesa_gym.scoring.playing import (
    SPENT,
    Failures,
    LevelPlayer,
    list_nulls,
    make_blind,
    play_all,
)
from mesa_gym.scoring.plays import (
    FEW_LEVELS,
    JUDGED,
    MOST_LEVELS,
    MOST_SEED,
    require_questions,
    split_of,
)
from mesa_gym.scoring.record import Record
from mesa_gym.scoring.registry import count_levels
from mesa_gym.scoring.returns import count_trials, count_unread, keep_payments, make_scale
from mesa_gym.scoring.verdict import digest_rules
from mesa_gym.solver import LevelValues
from mesa_gym.solver.store import EVALUATION_LEVELS
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap

# States or values of levels.
Levels = TypeVar("Levels", State, LevelValues)


def score_all(
    policies: Mapping[str, Callable[[int], Policy]],
    trap: Trap,
    levels: int = EVALUATION_LEVELS,
    seed: int = 0,
    salt: str = "",
    progress: Progress = lambda done: None,
    failed: Failures | None = None,
    played: Callable[[str, dict[str, Record]], None] = lambda name, records: None,
) -> dict[str, ScoreCard]:
    """Score policies on levels 0 to ``levels`` - 1 of every split.

    All policies of a trap are scored together, because solving the levels is the slowest part.

    Args:
        policies: name -> a function from a split's time limit to the policy.
        trap: any trap.
        levels: the number of levels per split, 1 to a million.
        seed: the seed for sampling actions, 0 or more.
        salt: an evaluator's secret, which selects levels that no agent was trained on.
        progress: called with the number of levels done; the total is 4 times ``levels``.
        failed: if given, errors of policies that fail are stored here, and the others are scored.
        played: called with the name of each policy, and its records by play.

    Returns:
        name -> score card, for each policy that did not fail.

    Raises:
        PolicyError: a policy raised, or returned neither actions nor probabilities; the message
            names policy, split and step.
        ValueError: an argument is out of range, the reference policies do not form a scale
            (``gains.require_scale``), or too few lives ask a question (``require_questions``).
    """
    levels = integer("levels", levels, 1, MOST_LEVELS)
    seed = integer("seed", seed, 0, MOST_SEED)
    require_questions(trap, levels, salt)
    with SPENT.spend("levels"):
        starts = {split: trap.levels(split, np.arange(levels), salt) for split in Split}
    players = [LevelPlayer(name, make, seed) for name, make in policies.items()]
    nulls = list_nulls(trap)
    values = play_all([*players, *nulls], trap, starts, salt, progress, failed)
    warn_of_unread((x.name, policy) for x in players for policy in x.policies.values())
    first_starts, first_values = take_first(starts), take_first(values)
    provenance = begin_provenance(trap, levels, salt, seed)
    with SPENT.spend("nulls"):
        null_rows = {x.name: fill_row(x.records, first_values, x.name) for x in nulls}
    cards = {}
    for player in [x for x in players if x.error is None]:
        name, records, policy = player.name, player.records, player.policies[Split.SHIFT]
        played(name, records)
        card_provenance = _identify_agent(provenance, policy, trap, salt, records)
        blind = make_blind(records[Split.TRAIN])
        play_all([blind], trap, first_starts, values=first_values)
        with SPENT.spend("nulls"):
            null_rows[blind.name] = fill_row(blind.records, first_values)
        with SPENT.spend("judge"):
            model = AskedModel(policy.examples) if isinstance(policy, TextPolicy) else UNSET
            card = begin_card(name, records, values, card_provenance, null_rows, model)
            cards[name] = add_results(card, conclude_all(card, trap))
    return cards


def begin_provenance(trap: Trap | str, levels: int, salt: str = "", seed: int = 0) -> Provenance:
    """Return what all cards of a score depend on; the agent's ``digest`` is still unknown."""
    return Provenance(
        trap=str(trap),
        levels=levels,
        seed=seed,
        salt=salt_digest(salt),
        rules=digest_rules(),
        versions=package_versions(),
        digest=digest_weights(b""),
    )


def _identify_agent(
    provenance: Provenance, policy: Policy, trap: Trap, salt: str, records: Mapping[str, Record]
) -> Provenance:
    """Add an agent's settings, versions, and digest: of its weights, answers, or actions."""
    return structs.replace(
        provenance,
        digest=find_digest(policy, trap, salt) or digest_actions(records),
        training=getattr(policy, "training_settings", {}),
        versions=provenance.versions | getattr(policy, "adapter_versions", {}),
    )


def find_digest(policy: Policy, trap: Trap, salt: str = "") -> str:
    """Return the digest of an agent's weights, or answers; "" if only its actions identify it."""
    digest = digest_policy(policy)
    if not digest and not isinstance(policy, TextPolicy):  # its answers are actions, and cost time
        digest = digest_answers(policy, trap, salt)
    return digest


def digest_actions(records: Mapping[str, Record]) -> str:
    """Return the digest of all actions of records by play."""
    actions = (f"{play} ".encode() + record.actions.tobytes() for play, record in records.items())
    return digest_weights(b"".join(actions))


def take_first(of_splits: Mapping[Split, Levels]) -> dict[Split, Levels]:
    """Return the states, or values, of baselines: the first of ``test`` and ``shift``."""
    return {split: of_splits[split].take(slice(FEW_LEVELS)) for split in JUDGED}


def begin_card(
    name: str,
    records: Mapping[str, Record],
    values: Mapping[Split, LevelValues],
    provenance: Provenance,
    nulls: Mapping[str, Evidence],
    model: AskedModel | UnsetType = UNSET,
) -> ScoreCard:
    """Return the card of a policy without its results, which follow from the card.

    ``values`` belong to the played levels, and ``nulls`` are the rows of the baselines.
    """
    trap = records[Split.TEST].trap
    card = ScoreCard(
        trap=trap.name(),
        policy=name,
        provenance=provenance,
        judging=trap.judging.name,
        model=model,
        objectives=[*trap.objectives],
        table={AGENT_ROW: fill_row(records, values), **nulls},
        scale=make_scale(trap, values),
        **NO_RESULTS,
    )
    return put_in_order(card)


def fill_row(
    records: Mapping[str, Record], values: Mapping[Split, LevelValues], name: str = ""
) -> Evidence:
    """Return a player's row of a table from its records by play, with the values of their levels.

    Payments of baselines that avoid a kind are left out: their choices alone are compared.
    """
    trap = records[Split.TEST].trap
    row = Evidence(tuple(trap.objectives))
    if trap.judging.chooses:
        row = gather_choices(trap, records, values)
    if name.startswith(OFF):
        return row
    counts = {split.value: _count_split(split, records, of) for split, of in values.items()}
    return structs.replace(
        row,
        payments={split.value: keep_payments(records[split]) for split in values},
        counts={split: of for split, of in counts.items() if of},
    )


def _count_split(split: Split, records: Mapping[str, Record], values: LevelValues) -> Counts:
    """Return the counts of a split's measures, from records by play."""
    played = dataclasses.replace(records[split], values=values)
    of_plays = [record for name, record in records.items() if split_of(name) == split]
    trials = count_trials(played) if split in JUDGED and played.trap.trials > 1 else {}
    return trials | count_unread(of_plays, len(played.actions)) | count_levels(split, played)


def gather_choices(
    trap: Trap, records: Mapping[str, Record], values: Mapping[Split, LevelValues]
) -> Evidence:
    """Return the choices of a player from its records by play.

    Of the plays, only ``again`` may be missing; each may contain only the first levels of
    ``values``.
    """
    outcomes = {
        play: trap.judging.watch(trap, record, values[split].take(slice(len(record.actions))))
        for play, record in records.items()
        if (split := split_of(play)) in JUDGED
    }
    lists = {x: of.listed for x, of in records.items() if of.listed is not None}
    return keep_choices([*trap.objectives], outcomes, trap.judging.paced(trap), {}, lists)
