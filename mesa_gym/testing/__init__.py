"""The conformance battery: checks that a trap, also one of your own, keeps its contract.

In a test, or in a notebook::

    from mesa_gym.testing import check_trap
    check_trap(MyTrap)

It runs every check, except for those in the trap's ``skipped_checks``. A ``ConformanceError``, an
AssertionError, names the check that failed, the trap, split and level, the line of the trap, and a
fix. A failure on which other checks depend (an error, a level that changes) is reported alone;
otherwise all failures are listed.
``CHECKS["visible"](MyTrap)`` runs one check alone. A trap is a name, an id, a class or an instance.
The battery needs Gymnasium and NumPy only; torch, array_api_strict and Stable-Baselines3's own
checker are used if they are installed.
"""

from mesa_gym.errors import unknown
from mesa_gym.testing import drawn, environments, shift, solved, steps, watching
from mesa_gym.testing.check import SAMPLED, Check, ConformanceError, TrapLike, check_name
from mesa_gym.traps import as_trap

__all__ = ["CERTIFICATES", "CHECKS", "ConformanceError", "check_trap"]

# All later checks depend on these: if one of them fails, no further check runs.
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
# A fault may fail later checks too, so the first failure is the likely cause.
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
    solved.check_layout,
    drawn.check_sizes,
    solved.check_oracle,
    solved.check_references,
)
CHECKS: dict[str, Check] = {check_name(run): run for run in (*_FOUNDATIONS, *_IN_ORDER)}
# Names of the checks that use all levels that the caller requests.
CERTIFICATES = ("certificate", "oracle", "references")


def check_trap(trap: TrapLike, levels: int = 100) -> None:
    """Run every check on one trap that is not in the trap's ``skipped_checks``.

    Args:
        trap: a name, an id, a class or a trap.
        levels: the number of levels of each split for certificates and oracles (1,000 for a
            release). The other checks use every state of at most 16 levels.

    Raises:
        ConformanceError: the first failure. An error of the trap's code, or a failure on which
            other checks depend, ends the run; otherwise the message and ``others`` list all
            failures.
        UnknownNameError: a name in ``skipped_checks`` is not a check.
    """
    instance = as_trap(trap)
    for name in instance.skipped_checks:
        if name not in CHECKS:
            raise unknown("check", name, CHECKS)
    failures: list[ConformanceError] = []
    for name, run in CHECKS.items():
        try:
            if name not in instance.skipped_checks:
                run(instance, levels if name in CERTIFICATES else min(levels, SAMPLED))
        except ConformanceError as error:
            failures.append(error)
            if error.__cause__ or run in _FOUNDATIONS:
                break
    if failures:
        failures[0].others = tuple(failures[1:])
        raise failures[0]
