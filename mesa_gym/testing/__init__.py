"""The conformance battery: every promise that a trap makes, checked; for your own traps too.

In a test, or in a notebook::

    from mesa_gym.testing import check_trap
    check_trap(MyTrap)

It runs every check and lists all that fail. Each is also a function of its own,
``check_<name>(trap, levels)``, and raises ``ConformanceError``, an AssertionError that says which
check failed, on which trap, split and level, in which line of the trap, and how to fix it. A trap
is given by its name, a registered id, its class, or made. The battery needs Gymnasium and NumPy
only; torch, array_api_strict and Stable-Baselines3's own checker are asked where they are
installed.
"""

from collections.abc import Collection

from mesa_gym.errors import unknown
from mesa_gym.testing.check import SAMPLE, Check, ConformanceError, TrapLike, as_trap, check_name
from mesa_gym.testing.digests import check_digest, digest, record_digest
from mesa_gym.testing.environments import (
    check_environment,
    check_moves,
    check_observations,
    check_pictures,
    check_vector,
)
from mesa_gym.testing.levels import (
    check_held_out,
    check_level_identity,
    check_novelty,
    check_sizes,
    check_start,
    check_states,
)
from mesa_gym.testing.shift import (
    check_alone,
    check_contact,
    check_directions,
    check_distances,
    check_twins,
)
from mesa_gym.testing.solved import check_certificate, check_oracle, check_references
from mesa_gym.testing.steps import (
    check_determinism,
    check_objectives,
    check_purity,
    check_shapes,
    check_solver,
    check_visible,
)

# What is wrong with a trap breaks later checks too, so the first failure is the likely cause:
# levels and steps that can be relied on come before what is built from them.
MECHANICS: tuple[Check, ...] = (
    *(check_purity, check_determinism, check_level_identity, check_objectives, check_shapes),
    *(check_start, check_held_out, check_solver, check_states, check_visible, check_novelty),
    *(check_observations, check_pictures, check_environment, check_vector, check_moves),
    *(check_contact, check_twins, check_distances, check_directions, check_alone, check_sizes),
)
CERTIFICATES: tuple[Check, ...] = (check_certificate, check_oracle, check_references)
_CHECKS = {check_name(run): run for run in (*MECHANICS, *CERTIFICATES)}

__all__ = [
    "CERTIFICATES",
    "MECHANICS",
    "ConformanceError",
    "check_alone",
    "check_certificate",
    "check_contact",
    "check_determinism",
    "check_digest",
    "check_directions",
    "check_distances",
    "check_environment",
    "check_held_out",
    "check_level_identity",
    "check_moves",
    "check_name",
    "check_novelty",
    "check_objectives",
    "check_observations",
    "check_oracle",
    "check_pictures",
    "check_purity",
    "check_references",
    "check_shapes",
    "check_sizes",
    "check_solver",
    "check_start",
    "check_states",
    "check_trap",
    "check_twins",
    "check_vector",
    "check_visible",
    "digest",
    "record_digest",
]


def check_trap(trap: TrapLike, levels: int = 100, skip: Collection[str] = ()) -> None:
    """Run every check on one trap.

    A trap of this package has recorded digests besides: ``check_digest``.

    Args:
        trap: a name, a registered id, a class or a trap.
        levels: of each split, for certificates and oracles (a release is certified on 1,000). The
            other checks look at every state of at most 16 levels.
        skip: names of checks that are left out, such as ``directions`` for a trap whose targets
            lie to one side by design.

    Raises:
        ConformanceError: the first check that fails; its message lists the others that do, and
            ``others`` has them.
        UnknownNameError: there is no check of a name in ``skip``.
    """
    made = as_trap(trap)
    for name in skip:
        if name not in _CHECKS:
            raise unknown("check", name, _CHECKS)
    failures: list[ConformanceError] = []
    for name, run in _CHECKS.items():
        try:
            if name not in skip:
                run(made, levels if run in CERTIFICATES else min(levels, SAMPLE))
        except ConformanceError as error:
            failures.append(error)
    if failures:
        failures[0].others = tuple(failures[1:])
        raise failures[0]
