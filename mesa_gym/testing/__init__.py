"""The conformance battery: every promise that a trap makes, checked; for your own traps too.

In a test, or in a notebook::

    from mesa_gym.testing import check_trap
    check_trap(MyTrap)

Every check is also a function of its own, ``check_<name>(trap, levels)``, and raises
``ConformanceError``, an AssertionError that says which check failed, on which trap, split and
level, and what to do. A trap is given by its name, a registered id, its class, or made. The battery
needs Gymnasium and NumPy only; what Stable-Baselines3's own checker says is asked where that is
installed.
"""

from __future__ import annotations

from mesa_gym.testing.balance import check_directions, check_distances
from mesa_gym.testing.check import (
    SAMPLE,
    Check,
    ConformanceError,
    TrapLike,
    as_trap,
    check_name,
)
from mesa_gym.testing.digests import check_digest, digest, record_digest
from mesa_gym.testing.environments import (
    check_gymnasium,
    check_objectives,
    check_observations,
    check_ownership,
    check_sb3,
    check_symbolic,
    check_vector,
)
from mesa_gym.testing.levels import (
    check_level_identity,
    check_novelty,
    check_start,
    check_states,
)
from mesa_gym.testing.moves import check_moves, random_moves
from mesa_gym.testing.places import check_contact, check_reachable
from mesa_gym.testing.references import check_references
from mesa_gym.testing.solved import (
    check_agreement,
    check_attainability,
    check_oracle,
    check_separation,
    check_size,
    check_solver_key,
    check_visible,
)
from mesa_gym.testing.steps import (
    check_batch_independence,
    check_clock,
    check_determinism,
    check_dynamics,
    check_hidden,
    check_purity,
)

__all__ = [
    "CERTIFICATES",
    "MECHANICS",
    "ConformanceError",
    "check_agreement",
    "check_attainability",
    "check_batch_independence",
    "check_clock",
    "check_contact",
    "check_determinism",
    "check_digest",
    "check_directions",
    "check_distances",
    "check_dynamics",
    "check_gymnasium",
    "check_hidden",
    "check_level_identity",
    "check_moves",
    "check_name",
    "check_novelty",
    "check_objectives",
    "check_observations",
    "check_oracle",
    "check_ownership",
    "check_purity",
    "check_reachable",
    "check_references",
    "check_sb3",
    "check_separation",
    "check_size",
    "check_solver_key",
    "check_start",
    "check_states",
    "check_symbolic",
    "check_trap",
    "check_vector",
    "check_visible",
    "digest",
    "random_moves",
    "record_digest",
]

# What is wrong with a trap breaks later checks too, so the first failure names the cause: levels
# and steps that can be relied on come before what is built from them.
MECHANICS: tuple[Check, ...] = (
    check_determinism,
    check_level_identity,
    check_purity,
    check_batch_independence,
    check_clock,
    check_hidden,
    check_objectives,
    check_dynamics,
    check_states,
    check_start,
    check_size,
    check_solver_key,
    check_visible,
    check_novelty,
    check_symbolic,
    check_observations,
    check_gymnasium,
    check_sb3,
    check_vector,
    check_ownership,
    check_contact,
    check_reachable,
    check_directions,
    check_distances,
    check_moves,
)
CERTIFICATES: tuple[Check, ...] = (
    check_attainability,
    check_agreement,
    check_separation,
    check_oracle,
    check_references,
)


def check_trap(trap: TrapLike, levels: int = 100) -> None:
    """Run every check on one trap.

    A trap of this package has recorded digests besides: ``check_digest``.

    Args:
        trap: a name, a registered id, a class or a trap.
        levels: of each split, for certificates and oracles (a release is certified on 1,000). The
            other checks look at every state of at most 16 levels.

    Raises:
        ConformanceError: the first check that fails.
    """
    made = as_trap(trap)
    for run in MECHANICS:
        run(made, min(levels, SAMPLE))
    for run in CERTIFICATES:
        run(made, levels)
