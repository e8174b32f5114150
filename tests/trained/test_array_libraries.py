"""The functions that NumPy plays, on arrays of torch, JAX and the strict standard."""

import numpy as np
import pytest

from mesa_gym.trained.loading import NETWORKS
from tests.support.networks import KEYS, drawn
from tests.support.reference import wandered

strict = pytest.importorskip("array_api_strict")
torch = pytest.importorskip("torch")
jnp = pytest.importorskip("jax.numpy")
pytestmark = pytest.mark.thorough
MAKERS = {"torch": lambda x: torch.from_numpy(np.array(x)), "jax": jnp.asarray}


@pytest.mark.parametrize("library", MAKERS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_layers_agree_with_those_of_numpy(kind, library):
    agent, planes = drawn(KEYS, kind=kind), KEYS.observe(wandered(KEYS, 70))
    weights = {name: MAKERS[library](each) for name, each in agent.weights.items()}
    other = agent.replaced(weights)
    found, expected = other.layers(planes), agent.layers(planes)
    assert {type(each) for each in found.values()} == {type(next(iter(weights.values())))}
    for name, each in expected.items():
        largest = max(1, np.abs(each).max())
        np.testing.assert_allclose(found[name], each, atol=1e-5 * largest, err_msg=name)
    for each in (agent, other):
        each.reset(np.ones(70, dtype=bool), np.random.default_rng(0))
    np.testing.assert_allclose(other.act(planes), agent.act(planes), atol=1e-5)


@pytest.mark.parametrize("kind", NETWORKS)
def test_functions_keep_to_the_array_standard(kind):
    agent, planes = drawn(KEYS, kind=kind), KEYS.observe(wandered(KEYS, 5))
    weights = {name: strict.asarray(np.array(each)) for name, each in agent.weights.items()}
    seen, memory = agent.net.see(planes), np.zeros((5, 20), np.float32)
    found = agent.net.compute(strict, weights, strict.asarray(seen), strict.asarray(memory))
    np.testing.assert_allclose(
        np.asarray(found["scores"]), agent.layers(planes)["scores"], atol=1e-3
    )
