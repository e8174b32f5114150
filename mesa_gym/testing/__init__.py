"""The conformance battery: every promise that a trap makes, checked; for your own traps too.

In a test, or in a notebook::

    from mesa_gym.testing import check_trap
    check_trap(MyTrap)

It runs every check: a ``ConformanceError``, which is an AssertionError, says which check failed, on
which trap, split and level, in which line of the trap, and how to fix it. What fails first stands
alone where the other checks build on it (an error, a level that is never the same); else all that
fail are listed. ``CHECKS["visible"](MyTrap)`` runs one check alone. A trap is given by its name,
its id, its class, or an instance. The battery needs Gymnasium and NumPy only; torch,
array_api_strict and Stable-Baselines3's own checker are asked where they are installed.
"""

from collections.abc import Collection

from mesa_gym.errors import unknown
from mesa_gym.testing import drawn, environments, shift, solved, steps, watching
from mesa_gym.testing.check import SAMPLED, Check, ConformanceError, TrapLike, check_name
from mesa_gym.traps import as_trap

__all__ = ["CERTIFICATES", "CHECKS", "ConformanceError", "check_trap"]

# What all later checks build on, in order: where one of these fails, nothing else is asked.
_FOUNDATIONS: tuple[Check, ...] = (
    drawn.check_declared,
    watching.check_playable,
    drawn.check_level_identity,
    steps.check_purity,
    steps.check_determinism,
    steps.check_objectives,
    steps.check_shapes,
    drawn.check_start,
    drawn.check_states,
    solved.check_attainable,
)
# What is wrong breaks later checks too, so the first failure is the likely cause.
_IN_ORDER: tuple[Check, ...] = (
    drawn.check_held_out,
    drawn.check_options,
    steps.check_solver,
    watching.check_effects,
    steps.check_visible,
    drawn.check_novelty,
    shift.check_contact,
    solved.check_certificate,
    environments.check_observations,
    environments.check_pictures,
    environments.check_environment,
    environments.check_vector,
    environments.check_moves,
    shift.check_twins,
    shift.check_distances,
    shift.check_directions,
    shift.check_alone,
    drawn.check_sizes,
    solved.check_oracle,
    solved.check_references,
)
CHECKS: dict[str, Check] = {check_name(run): run for run in (*_FOUNDATIONS, *_IN_ORDER)}
# Names of the checks that look at as many levels as they are asked to.
CERTIFICATES = ("certificate", "oracle", "references")


def check_trap(trap: TrapLike, levels: int = 100, skip: Collection[str] = ()) -> None:
    """Run every check on one trap.

    Args:
        trap: a name, an id, a class or a trap.
        levels: of each split, for certificates and oracles (a release is certified on 1,000). The
            other checks look at every state of at most 16 levels.
        skip: names of checks that are left out, such as ``directions`` for a trap whose targets
            lie to one side by design.

    Raises:
        ConformanceError: the first check that fails. After an error of the trap's code, or a
            failure of what other checks build on, no more are run; else the message lists all that
            fail, and ``others`` has them.
        UnknownNameError: there is no check of a name in ``skip``.
    """
    instance = as_trap(trap)
    for name in skip:
        if name not in CHECKS:
            raise unknown("check", name, CHECKS)
    failures: list[ConformanceError] = []
    for name, run in CHECKS.items():
        try:
            if name not in skip:
                run(instance, levels if name in CERTIFICATES else min(levels, SAMPLED))
        except ConformanceError as error:
            failures.append(error)
            if error.__cause__ or run in _FOUNDATIONS:
                break
    if failures:
        failures[0].others = tuple(failures[1:])
        raise failures[0]
