"""Two layers of linear self-attention that act as two steps: ``python -m docs.studies.layers``.

The program trains the two layers of the study with five seeds, and with shuffled
labels. It prints whether the second layer reads the residual of a first step, next to the committed
figures. ``docs.studies.layers.page`` makes the tables of the page and needs neither JAX nor SciPy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.optimize import minimize
from scipy.stats import multinomial

from docs.studies.layers.page import FOUR, NULLS, Row, read_figures, select
from mesa_gym.files import format_csv

MARKS, TOKENS, DEPTH = 4, 8, 2
BATCH, RATE, START, UPDATES = 64, 0.01, 0.02, 1500
SEEDS = range(10, 15)  # settings were chosen by the training loss of seeds 0 to 4
LIVES = 16_000  # many, because the loss has a long tail
SIGNS = np.array([*itertools.product((1.0, -1.0), repeat=MARKS)])  # all fruits
make_key = partial(jax.random.key, impl="rbg")  # compiles faster than the default
as_floats = partial(np.asarray, dtype=float)
Array = Any  # a NumPy or JAX array
Weights = dict[str, Any]


def make_entries(payment: int = 1, flash: int = 4, size: float = 1.0) -> Array:
    """Return what a payment of 1 and a flash of 1 add to a token, float64 (2, width).

    Args:
        payment, flash: the number of a token's entries for its payment, and for its flash.
        size: the flash of a payment of 1.
    """
    return np.repeat([[0.0, 1, 0], [0, 0, size]], (MARKS, payment, flash), axis=1)


# -- the exact law ---------------------------------------------------------------------------------


@cache
def list_curvatures() -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues (c, 4) of A, the mean of x x' over 8 tokens, and their chances."""
    outer = SIGNS[:8, :, None] * SIGNS[:8, None]  # A is the same for x and -x
    draws = itertools.combinations_with_replacement(range(8), TOKENS)
    counts = np.array([np.bincount(draw, minlength=8) for draw in draws])
    curvatures = np.linalg.eigvalsh(np.tensordot(counts, outer, 1) / TOKENS)
    return curvatures, multinomial.pmf(counts, TOKENS, [1 / 8] * 8)


def find_loss(plan: np.ndarray) -> float:
    """Return the exact loss of layers with weights h(A) c, in which c is the mean of y x.

    Args:
        plan: for each layer, the step for the query, the step for the tokens, and the amount that
            it subtracts from the marks along A. A plain gradient step is (s, s, 0).
    """
    curvature, chances = list_curvatures()
    solved, residual, marks = 0 * curvature, 1 + 0 * curvature, 1 + 0 * curvature
    for query_step, token_step, away in plan:
        moment = marks**2 * residual
        solved = solved + query_step * moment
        residual = residual - token_step * curvature * moment
        marks = marks - away * curvature * marks**3
    return float(chances @ ((1 - curvature * solved) ** 2).mean(axis=1))


def find_best_plan(depth: int, plain: bool) -> tuple[float, np.ndarray]:
    """Return the minimal exact loss, and its plan; plain layers do not change marks."""
    basis = np.array([[1, 1, 0]]) if plain else np.eye(3)
    start = np.linspace(0.5, 1.5, depth) if plain else np.tile([0.5, 0.5, 0.4], depth)
    best = minimize(lambda x: find_loss(x.reshape(depth, -1) @ basis), start, method="BFGS")
    return float(best.fun), best.x.reshape(depth, -1) @ basis


# -- layers and their training --------------------------------------------------------------------


def make_stream(marks: Array, labels: Array, fruits: Array, entries: Array) -> tuple[Array, Array]:
    """Return tokens (..., n, D) of tasted fruits, and queries (..., m, D) without labels.

    Tokens have ``marks`` (..., n, d), and ``labels`` (..., n, 2): payments and flashes.
    """
    pad = np.eye(marks.shape[-1], entries.shape[1])
    tokens = marks @ pad + labels @ entries
    return tokens, fruits @ pad + 0 * tokens[..., :1, :]


def run_layers(weights: Weights, tokens: Array, queries: Array) -> list[tuple[Array, Array]]:
    """Return tokens and queries before and after each layer of attention over the tokens."""
    stream = [(tokens, queries)]
    for write, match in zip(weights["write"], weights["match"], strict=True):
        keys, values = tokens.mT / TOKENS, tokens @ write.T
        tokens, queries = (x + x @ match.T @ keys @ values for x in (tokens, queries))
        stream.append((tokens, queries))
    return stream


def build_layers(entries: Array, kappa: float, steps: Sequence[float]) -> Weights:
    """Return hand-built layers that are gradient steps on (1 - kappa) payment + kappa flash."""
    shares = zip((1 - kappa, kappa), entries, strict=True)
    target = sum(share * entry / (entry @ entry) for share, entry in shares)
    match = np.diag(np.arange(len(target)) < MARKS).astype(float)
    write = np.array([-step * np.outer(entries.sum(0), target) for step in steps])
    return {"write": write, "match": np.array([match] * len(steps)), "read": -target}


def start_layers(key: Array, entries: Array) -> Weights:
    """Return small random weights, (layers, D, D) and (D,)."""
    width = entries.shape[1]
    square = (DEPTH, width, width)
    shapes: dict[str, Any] = {"write": square, "match": square, "read": (width,)}
    keys = zip(jax.random.split(key, len(shapes)), shapes.items(), strict=True)
    return {name: jax.random.normal(k, shape) * START for k, (name, shape) in keys}


def find_training_loss(weights: Weights, key: Array, entries: Array, shuffled: Array) -> Array:
    """Return the mean squared error on new lives, divided by the square of each life's scale."""
    keys = jax.random.split(key, 4)
    marks = jax.random.rademacher(keys[0], (BATCH, TOKENS, MARKS), float)
    scale = 3.0 ** jax.random.uniform(keys[1], (BATCH, 1), minval=-1, maxval=1)
    law = MARKS**-0.5 * scale * jax.random.normal(keys[2], (BATCH, MARKS))
    pay = (marks @ law[..., None])[..., 0]
    # If shuffled, each token contains another token's payment. The order of tokens has no effect.
    pay = jnp.where(shuffled, jnp.roll(pay, 1, axis=1), pay)
    # Layers are linear in a query: the mean error over signs equals the summed one over unit marks.
    stream = make_stream(marks, jnp.stack([pay, pay], -1), jnp.eye(MARKS), entries)
    error = run_layers(weights, *stream)[-1][1] @ weights["read"] - law
    return ((error**2).sum(-1) / scale[:, 0] ** 2).mean()


def train(shuffled: Sequence[bool], seeds: Sequence[int]) -> list[list[Weights]]:
    """Train layers for each label and seed in one compiled loop; return weights by both."""
    adam = optax.adam(optax.linear_schedule(RATE, 0.0, UPDATES))
    optimiser, entries = optax.chain(optax.clip_by_global_norm(1.0), adam), make_entries()

    def run(shuffle: Array, seed: Array) -> Weights:
        def update(carry: Any, key: Array) -> Any:
            weights, state = carry
            gradient = jax.grad(find_training_loss)(weights, key, entries, shuffle)
            change, state = optimiser.update(gradient, state)
            return (optax.apply_updates(weights, change), state), None

        start, rest = jax.random.split(make_key(seed))
        weights = start_layers(start, entries)
        carry = weights, optimiser.init(weights)
        return jax.lax.scan(update, carry, jax.random.split(rest, UPDATES))[0][0]

    # Draws of these keys depend on the order of the rows.
    index = [jnp.array([*x]) for x in zip(*itertools.product(shuffled, seeds), strict=True)]
    trained = jax.jit(jax.vmap(run))(*index)
    rows = [{name: as_floats(x[i]) for name, x in trained.items()} for i in range(len(index[0]))]
    return [rows[i : i + len(seeds)] for i in range(0, len(rows), len(seeds))]


# -- measurements ---------------------------------------------------------------------------------


@cache
def draw_lives() -> tuple[Array, Array, Array, Array]:
    """Draw marks (n, 8, 4), independent weights of payment and flash (n, 4), scales (n, 1)."""
    rng = np.random.default_rng(0)
    marks = rng.choice([-1.0, 1.0], (LIVES, TOKENS, MARKS))
    scale = 3 ** rng.uniform(-1, 1, (LIVES, 1))
    pay, flash = rng.normal(0, MARKS**-0.5, (2, LIVES, MARKS)) * scale
    return marks, pay, flash, scale


def run_lives(weights: Weights, entries: Array, pay: Array, flash: Array) -> list[Any]:
    """Return tokens and queries of lives by layer, given the weights of payment and flash."""
    marks = draw_lives()[0]
    stream = make_stream(marks, marks @ np.stack([pay, flash], -1), SIGNS, entries)
    return run_layers(weights, *stream)


def find_error(predicted: Array, law: Array) -> float:
    """Return the mean squared error of predictions (n, 16), divided by the squared scale."""
    return float((((predicted - law @ SIGNS.T) / draw_lives()[-1]) ** 2).mean())


def measure_residual(weights: Weights, entries: Array) -> Row:
    """Measure whether the second layer reads the residual of a first step, and uses it."""
    marks, pay, flash, scale = draw_lives()
    stream = run_lives(weights, entries, pay, pay)
    reading = stream[1][0] @ weights["write"][1].T @ weights["read"] / scale
    label = marks @ (pay / scale)[..., None]
    step = marks @ (marks * label).mean(1)[..., None]
    parts = np.stack([label.ravel(), step.ravel()], 1)
    fit, alone = (np.linalg.lstsq(x, reading.ravel(), rcond=None)[0] for x in (parts, parts[:, :1]))
    predicted = stream[-1][1] @ weights["read"]
    row: Row = {"loss": find_error(predicted, pay), "step": float(-fit[1] / fit[0])}
    # The second layer adds the values that it reads, weighted by the match of token and query.
    matched = stream[1][0] @ weights["match"][1] @ stream[1][1].mT / TOKENS
    for name, patch in (("residual", parts @ fit), ("label", parts[:, :1] @ alone)):
        change = patch.reshape(reading.shape) - reading
        row[f"R2 of {name}"] = float(1 - (change**2).sum() / (reading**2).sum())
        patched = predicted + ((change * scale)[:, None] @ matched)[:, 0]
        row[f"loss with {name}"] = find_error(patched, pay)
    shift = run_lives(weights, entries, pay, flash)[1:]
    for name, law in (("flash", flash), ("payment", pay)):
        row[f"losses on {name}"] = [find_error(x @ weights["read"], law) for _, x in shift]
    return row


def main() -> None:
    """Train the layers and print their figures, and the committed figures, as CSV."""
    figures, entries = read_figures(), make_entries()
    untrained = [start_layers(make_key(seed), entries) for seed in SEEDS]
    weights = [*train([False, True], SEEDS), jax.tree.map(as_floats, untrained)]
    rows: list[Row] = []
    for name, networks in zip((FOUR, *NULLS), weights, strict=True):
        committed = select(figures, "two layers", name)
        for seed, network, kept in zip(SEEDS, networks, committed, strict=True):
            row = measure_residual(network, entries)
            rows.append({"name": name, "seed": seed, "run": "now"} | row)
            rows.append(
                {"name": name, "seed": seed, "run": "committed"} | {x: kept[x] for x in row}
            )
    print(format_csv(rows), end="")


if __name__ == "__main__":
    main()
