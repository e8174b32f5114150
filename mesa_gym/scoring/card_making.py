"""Making of cards: policies and, for comparison, policies without a goal play all levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs

from mesa_gym.engine import ACTIONS, State
from mesa_gym.envs.checks import integer
from mesa_gym.language.question_form import QuestionForm
from mesa_gym.policies import Constant, Policy
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.policies.functions import TextPolicy, warn_of_unread
from mesa_gym.policies.seeds import digest_answers, digest_policy
from mesa_gym.scoring.card import (
    Provenance,
    ScoreCard,
    package_versions,
    salt_digest,
)
from mesa_gym.scoring.conclusions import Played, conclude_all, put_in_order
from mesa_gym.scoring.evidence import BLIND, NULLS, keep_choices
from mesa_gym.scoring.gains import keep_gains
from mesa_gym.scoring.playing import (
    SPENT,
    Failures,
    PolicyMaker,
    SplitPlayer,
)
from mesa_gym.scoring.plays import (
    FEW_LEVELS,
    JUDGED,
    MOST_LEVELS,
    MOST_SEED,
    list_nulls,
    play_changed,
    plays_of,
    watch_plays,
)
from mesa_gym.scoring.question_counts import require_questions
from mesa_gym.scoring.record import ENDED, Record, SplitRecord
from mesa_gym.scoring.registry import count_levels
from mesa_gym.scoring.returns import GAINS, SplitPayments, keep_payments, make_scale
from mesa_gym.scoring.verdict import digest_rules
from mesa_gym.solver import LevelValues
from mesa_gym.solver.standard import EVALUATION_LEVELS
from mesa_gym.solver.values import Progress
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import AGAIN
from mesa_gym.traps.played_episodes import Episodes


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

    All policies of a trap are scored together, because solving the levels is the slowest part.

    Args:
        policies: name -> maker, which is called with a split's time limit.
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
    provenance = begin_provenance(trap, levels, salt, seed)
    cards = {}
    for name in makers:
        played(name, records[name])
        policy = player.acting[name]
        card_provenance = structs.replace(
            provenance,
            digest=identify_agent(policy, trap, salt, records[name]),
            training=getattr(policy, "training_settings", {}),
        )
        with SPENT.spend("judge"):
            of_split = {x: SplitRecord(trap, records[name][x], values[x], starts[x]) for x in Split}
            examples = policy.examples if isinstance(policy, TextPolicy) else None
            cards[name] = make_card(name, records[name], of_split, card_provenance, nulls, examples)
    return cards


def begin_provenance(trap: Trap, levels: int, salt: str, seed: int = 0) -> Provenance:
    """Return what all cards of a score depend on; the agent's ``digest`` is still unknown."""
    return Provenance(
        trap=repr(trap),
        levels=levels,
        seed=seed,
        salt=salt_digest(salt),
        rules=digest_rules(),
        versions=package_versions(),
        digest=digest_weights(b""),
    )


def identify_agent(policy: Policy, trap: Trap, salt: str, records: Mapping[str, Record]) -> str:
    """Return the digest of an agent: of its weights, of its answers, or of its actions."""
    digest = digest_policy(policy)
    if not isinstance(policy, TextPolicy):  # its answers are actions, and cost time
        digest = digest or digest_answers(policy, trap, salt)
    actions = (f"{play} ".encode() + record.actions.tobytes() for play, record in records.items())
    return digest or digest_weights(b"".join(actions))


def make_card(
    name: str,
    records: Mapping[str, Record],
    of_split: Mapping[Split, SplitRecord],
    provenance: Provenance,
    nulls: Nulls,
    examples: int | None = None,
    trained: bool | None = None,
    form: QuestionForm | None = None,
) -> ScoreCard:
    """Return the score card of one policy, a pure function of its records by play.

    ``of_split`` contains the records of the splits, with their levels and values.

    Raises:
        ValueError: the reference policies do not form a scale.
    """
    trap = nulls.trap
    with SPENT.spend("nulls"):
        null_by_name = nulls.beside(records[Split.TRAIN])
    choices = None
    if trap.judging.evidence != GAINS:
        values = {split: play.values for split, play in of_split.items()}
        choices = gather_evidence(trap, watch_plays(trap, records, values), null_by_name)
    played = put_in_order(
        Played(
            [*trap.objectives],
            choices,
            {split.value: store_payments(split, play) for split, play in of_split.items()},
            {x: null.payments for x, null in null_by_name.items() if null.payments},
            nulls.scale,
        )
    )
    return ScoreCard(
        trap=trap.name(),
        policy=name,
        provenance=provenance,
        judging=trap.judging.name,
        examples=examples,
        trained=trained,
        form=form.write() if form else "",
        names=form.names if form else {},
        **structs.asdict(played),
        **conclude_all(played, trap),
    )


def store_payments(split: str, play: SplitRecord) -> SplitPayments:
    """Return the payments of a record, with the counts of all measures."""
    stored = keep_payments(split, play)
    return structs.replace(stored, counts=stored.counts | count_levels(split, play))


# Field of a card -> the function that computes its evidence from episodes.
FORMS: dict[str, Callable[..., Any]] = {"choices": keep_choices, "gains": keep_gains}


def gather_evidence(
    trap: Trap, episodes: Episodes, nulls: Mapping[str, NullPlay] | None = None
) -> Any:
    """Return the evidence of a policy and its nulls, in the form that the trap's judging needs.

    ``episodes`` contains all plays; only ``again`` may be missing.
    """
    null_evidence = {x: null.evidence for x, null in (nulls or {}).items()}
    keep, names = FORMS[trap.judging.evidence], [*trap.objectives]
    return keep(trap.judging, names, episodes, trap.judging.paced(trap), null_evidence)


# -- policies without a goal -----------------------------------------------------------------------


class NullPlay(NamedTuple):
    """The plays of a policy without a goal.

    Attributes:
        evidence: its evidence.
        payments: split -> its payments; {} if the null is not shown on cards.
    """

    evidence: Any
    payments: dict[str, SplitPayments]


class Nulls:
    """The plays of policies without a goal on the first levels of a trap, in ``known`` by name.

    All policies that are scored on these levels share these nulls, except for the blind script.
    Nulls that are not shown on cards have only evidence. ``starts`` and ``values`` contain at least
    the splits ``test`` and ``shift``; a card also needs the others, for ``scale``.
    """

    def __init__(
        self, trap: Trap, starts: Mapping[Split, State], values: Mapping[Split, LevelValues]
    ) -> None:
        self.trap = trap
        self.scale = make_scale(trap, values)
        first_levels = slice(FEW_LEVELS)
        self._starts = {split: starts[split].take(first_levels) for split in JUDGED}
        self._values = {split: values[split].take(first_levels) for split in JUDGED}
        self.known = self._play(list_nulls(trap))

    def beside(self, training: Record) -> dict[str, NullPlay]:
        """Return all nulls of a policy, also the blind script; ``training`` is the ``train`` play.

        The blind script ignores observations and takes each action as often as the policy did in
        training.
        """
        done = training.actions[training.actions != ENDED]
        often = np.bincount(done, minlength=len(ACTIONS)) / len(done)
        return self.known | self._play({BLIND: Constant(often.tolist())})

    def _play(self, policies: Mapping[str, Policy]) -> dict[str, NullPlay]:
        trap, starts, values = self.trap, self._starts, self._values
        plays = [x for x in plays_of(trap).values() if x.split in JUDGED and x.name != AGAIN]
        nulls = {}
        for name, policy in policies.items():
            records = {x.name: play_changed(x, policy, starts[x.split]) for x in plays}
            evidence = gather_evidence(trap, watch_plays(trap, records, values))
            splits = JUDGED if name in NULLS else ()
            played = {x: SplitRecord(trap, records[x], values[x], starts[x]) for x in splits}
            stored = {x.value: store_payments(x, of) for x, of in played.items()}
            nulls[name] = NullPlay(evidence, stored)
        return nulls
