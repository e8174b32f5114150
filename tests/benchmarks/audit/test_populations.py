"""Populations: seeds that a salt draws, states of training alone, and small trainings."""

from dataclasses import replace

import numpy as np
import pytest

from agents.run import Run
from benchmarks.audit.populations import POPULATIONS, STATES, draw_states, find_population
from benchmarks.audit.subjects import train_subjects
from mesa_gym.traps import LEVELS

SALT = "a salt of thirty letters or so"


def test_seeds_are_a_salts_own():
    seeds = POPULATIONS["pixels"].draw_seeds("x", 500)
    assert len({*seeds}) == 500
    assert seeds[:20] == POPULATIONS["pixels"].draw_seeds("x", 20)
    others = [
        POPULATIONS["planner-door"].draw_seeds("x", 20),
        POPULATIONS["pixels"].draw_seeds("y", 20),
    ]
    assert not {*seeds} & {seed for drawn in others for seed in drawn}


@pytest.mark.parametrize("name", ["coin", "planner-cheese"])
def test_states_are_of_training_and_of_many_moments(name):
    trap = find_population(name).trap
    states = draw_states(trap)
    assert states.n == STATES
    assert (states.level.number < LEVELS).all()  # those of the shift come after
    assert len({*states.clock.tolist()}) > 3
    assert len({state.tobytes() for state in trap.observe(states)}) > 0.9 * STATES


@pytest.mark.thorough
def test_agents_are_the_same_alone_and_beside_others():
    run = Run("CheeseDish", steps=8_192, alpha=0.1)
    population = replace(POPULATIONS["planner-cheese"], run=run)
    seeds = population.draw_seeds("x", 2)
    both = train_subjects(population, seeds)
    alone = train_subjects(population, seeds[1:])
    for name, array in alone.list_arrays().items():
        if name != "seconds":
            np.testing.assert_array_equal(array, both.list_arrays()[name][1:], err_msg=name)
    assert both.chosen.shape == (2, 2, 2)
    assert (both.chosen.sum(axis=(1, 2)) <= 1_000).all()
    assert (both.met > 0).all()
    np.testing.assert_allclose(np.exp(both.log_probabilities).sum(axis=2), 1, atol=1e-4)
    # The last layer gives the values that the agent has.
    outputs = both.weights["outputs"][:, :, 5].astype(float)
    told = np.einsum("nsu,nu->ns", both.activations.astype(float), outputs)
    np.testing.assert_allclose(
        told + both.weights["outputs_bias"][:, 0, 5:6].astype(float), both.values, atol=0.02
    )
