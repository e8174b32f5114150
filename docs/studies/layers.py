"""Layers of linear self-attention that descend on a proxy: ``python -m docs.studies.layers``.

It trains the networks of docs/studies/layers.md and writes their figures to layers.json; then
``python -m docs.results_page`` writes them into the page. Arguments choose some parts.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.optimize import minimize

from docs.studies.layer_networks import (
    MARKS,
    SIGNS,
    TOKENS,
    Array,
    LayerAgent,
    Setting,
    Weights,
    build_layers,
    edit,
    make_key,
    make_stream,
    predict,
    run_layers,
    start_network,
    train,
)
from docs.studies.layers_page import read_figures, write_figures
from mesa_gym.scoring import evaluate
from mesa_gym.traps import find_trap

SEEDS = range(10, 15)  # settings were chosen by the training loss of seeds 0 to 4
TEN_SEEDS = range(10, 20)  # of a row that differs between machines
LIVES, MANY_LIVES = 1000, 16_000  # lives per measurement; more for the loss, with its long tail
STEP = 1 / (1 + (MARKS - 1) / TOKENS)  # the best gradient step, if it is the only one
Figures = dict[str, Any]

FOUR = Setting(flash=4, labels=5)
ENTRIES = ((1, 1), (1, 2), (1, 4), (4, 4), (2, 1))  # of the payment, of the flash
ONE = {f"T {pay}, F {flash}": Setting(told=pay, flash=flash) for pay, flash in ENTRIES}
ONE |= {"flash twice as large": Setting(size=2.0), "flash half as large": Setting(size=0.5)}
ONE |= {"labels shuffled": Setting(flash=4, shuffled=True)}
DEEP = {"T 1, F 4": FOUR, "labels shuffled": FOUR._replace(shuffled=True)}
SHUFFLED = {"labels shuffled": DEEP["labels shuffled"]}
KIND = {"F 4": (1, 4), "T 4": (4, 1), "T 4, F 4": (4, 4)}  # entries
KAPPAS = (0.0, 0.25, 0.31, 0.35, 0.5, 0.65, 0.69, 0.75, 1.0)


# -- the law, exactly ------------------------------------------------------------------------------


@cache
def list_curvatures() -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues (c, 4) of A, the mean of x x' over 8 tokens, and their chances."""
    outer = np.array([np.outer(x, x) for x in SIGNS[:8]])  # A is the same for x and -x
    draws = itertools.combinations_with_replacement(range(8), TOKENS)
    counts = np.array([np.bincount(draw, minlength=8) for draw in draws])
    orders = [math.factorial(TOKENS) / math.prod(map(math.factorial, row)) for row in counts]
    curvatures = np.linalg.eigvalsh(np.tensordot(counts, outer, 1) / TOKENS)
    return curvatures, np.array(orders) / 8**TOKENS


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

    def expand(flat: np.ndarray) -> np.ndarray:
        plan = flat.reshape(depth, -1)
        return np.hstack([plan, plan, 0 * plan]) if plain else plan

    start = np.linspace(0.5, 1.5, depth) if plain else np.tile([0.5, 0.5, 0.4], depth)
    best = minimize(lambda flat: find_loss(expand(flat)), start, method="BFGS")
    return float(best.fun), expand(best.x)


# -- measurements ----------------------------------------------------------------------------------


@cache
def draw_lives(count: int = LIVES) -> tuple[Array, Array, Array, Array]:
    """Draw marks (n, 8, 4), independent weights of payment and flash (n, 4), scales (n, 1)."""
    rng = np.random.default_rng(0)
    marks = rng.choice([-1.0, 1.0], (count, TOKENS, MARKS))
    scale = 3 ** rng.uniform(-1, 1, (count, 1))
    pay, flash = rng.normal(0, MARKS**-0.5, (2, count, MARKS)) * scale
    return marks, pay, flash, scale


def make_life_stream(setting: Setting, pay: Array, flash: Array) -> tuple[Array, Array]:
    """Return tokens and queries of lives, given the weights of payment and flash, (n, 4) each."""
    marks = draw_lives(len(pay))[0]
    return make_stream(marks, marks @ np.stack([pay, flash], -1), SIGNS, setting.entries)


def ask(setting: Setting, weights: Weights, pay: Array, flash: Array) -> Array:
    """Return predictions for all 16 fruits of each life, (n, 16)."""
    return np.asarray(predict(setting.network, weights, *make_life_stream(setting, pay, flash)))


def find_error(predicted: Array, law: Array) -> float:
    """Return the mean squared error of predictions (n, 16), divided by the squared scale."""
    return float((((predicted - law @ SIGNS.T) / draw_lives(len(law))[-1]) ** 2).mean())


def measure_loss(setting: Setting, weights: Weights) -> float:
    """Return the loss on training lives, on which payment and flash are equal."""
    pay = draw_lives(MANY_LIVES)[1]
    return find_error(ask(setting, weights, pay, pay), pay)


def measure_flash(setting: Setting, weights: Weights) -> float:
    """Return how often, under shift, the fruit with most flash is preferred to the best fruit."""
    _, pay, flash, _ = draw_lives()
    best, lit = (np.argmax(law @ SIGNS.T, 1)[:, None] for law in (pay, flash))
    worth = ask(setting, weights, pay, flash)
    prefers = np.take_along_axis(worth, lit, 1) > np.take_along_axis(worth, best, 1)
    return float(prefers[best != lit].mean())


def measure(setting: Setting, weights: Weights) -> Figures:
    """Return the figures of any network: loss, cosine to a gradient step, kappa and choices."""
    marks, pay, flash, scale = draw_lives()
    labels = ((pay, pay), (flash, flash), (pay, flash), (3 * pay, 3 * pay), (10 * pay, 10 * pay))
    predicted, lit, shift, *larger = (ask(setting, weights, *x) for x in labels)
    parts = np.stack([predicted / scale, lit / scale], -1).reshape(-1, 2)
    share = np.linalg.lstsq(parts, (shift / scale).ravel(), rcond=None)[0]
    slopes, gradient = predicted @ SIGNS, (marks * (marks @ pay[..., None])).mean(1)
    norms = np.linalg.norm(slopes, axis=1) * np.linalg.norm(gradient, axis=1)
    times = [float((x * predicted).sum() / (predicted**2).sum()) for x in larger]
    return {
        "loss": measure_loss(setting, weights),
        "cosine": float(((slopes * gradient).sum(1) / norms).mean()),
        "kappa": float(share[1] / share.sum()),
        "flash": measure_flash(setting, weights),
        "times 3": times[0],
        "times 10": times[1],
    }


def read_kappa(setting: Setting, weights: Weights) -> float:
    """Return kappa, computed from the value weights of the last layer."""
    pay, flash = setting.entries @ weights["write"][-1].T @ weights["read"]
    return float(flash / (pay + flash))


def measure_step(setting: Setting, weights: Weights) -> Figures:
    """Return the step and kappa of one layer's weights, and the choices that they predict."""
    match = np.trace(weights["match"][0][:MARKS, :MARKS]) / MARKS
    kappa = read_kappa(setting, weights)
    built, right = (build_layers(setting, x, [STEP]) for x in (kappa, 0.0))
    return {
        "step": float(match * setting.entries.sum(0) @ weights["write"][0].T @ weights["read"]),
        "kappa in weights": kappa,
        "predicted flash": measure_flash(setting, built),
        "built flash": measure_flash(setting, right),
    }


def measure_residual(setting: Setting, weights: Weights) -> Figures:
    """Measure whether the second layer reads the residual of a first step, and uses it."""
    marks, pay, flash, scale = draw_lives(MANY_LIVES)
    stream = run_layers(weights, *make_life_stream(setting, pay, pay))
    reading = stream[1][0] @ weights["write"][1].T @ weights["read"] / scale
    label = marks @ (pay / scale)[..., None]
    step = marks @ (marks * label).mean(1)[..., None]
    parts = np.stack([label.ravel(), step.ravel()], 1)
    fit, alone = (np.linalg.lstsq(x, reading.ravel(), rcond=None)[0] for x in (parts, parts[:, :1]))
    figures = {"step": float(-fit[1] / fit[0])}
    # The second layer adds the values that it reads, weighted by the match of token and query.
    matched = stream[1][0] @ weights["match"][1] @ stream[1][1].mT / TOKENS
    predicted = stream[-1][1] @ weights["read"]
    for name, patch in (("residual", parts @ fit), ("label", parts[:, :1] @ alone)):
        change = patch.reshape(reading.shape) - reading
        figures[f"R2 of {name}"] = float(1 - (change**2).sum() / (reading**2).sum())
        if setting.depth == 2:
            patched = predicted + ((change * scale)[:, None] @ matched)[:, 0]
            figures[f"loss with {name}"] = find_error(patched, pay)
    shift = run_layers(weights, *make_life_stream(setting, pay, flash))[1:]
    for name, law in (("flash", flash), ("payment", pay)):
        losses = [find_error(queries @ weights["read"], law) for _, queries in shift]
        figures[f"losses on {name}"] = losses
    return figures


# -- the runs --------------------------------------------------------------------------------------


def run_built() -> list[Figures]:
    """Return the errors of hand-built layers to gradient steps, and the losses of the law."""
    rows = []
    marks, pay, flash, _ = draw_lives()
    for depth in (1, 2, 3):
        loss, plan = find_best_plan(depth, plain=True)
        steps, setting = sorted(plan[:, 0].tolist()), FOUR._replace(depth=depth)
        weights, target = 0 * pay[..., None], (0.2 * pay + 0.8 * flash)[..., None]
        for step in steps:
            weights = weights + step * marks.mT @ (marks @ (target - weights)) / TOKENS
        predicted = ask(setting, build_layers(setting, 0.8, steps), pay, flash)
        figures = {"depth": depth, "loss": loss, "steps": steps}
        figures["free loss"] = find_best_plan(depth, plain=False)[0]
        rows.append(figures | {"error": float(abs(predicted - weights[..., 0] @ SIGNS.T).max())})
    return rows


def run_trained(
    depth: int, named: dict[str, Setting], seeds: Sequence[int] = SEEDS
) -> list[Figures]:
    """Train networks on lives of signs; return a row per setting, and one for untrained layers."""
    settings = [x._replace(depth=depth) for x in named.values()]
    weights, names, start = train(settings, seeds), [*named], FOUR._replace(depth=depth)
    if depth:
        drawn = [start_network(make_key(seed), start, start.entries) for seed in seeds]
        weights.append([{name: np.asarray(v, float) for name, v in x.items()} for x in drawn])
        names, settings = [*names, "untrained"], [*settings, start]
    rows = []
    for name, setting, networks in zip(names, settings, weights, strict=True):
        figures = [measure(setting, x) for x in networks]
        for row, x in zip(figures, networks if depth else (), strict=bool(depth)):
            edited, look = edit(setting, x), measure_step if depth == 1 else measure_residual
            row |= look(setting, x) | {"edited loss": measure_loss(setting, edited)}
            row["edited flash"] = measure_flash(setting, edited)
        law = setting.flash * setting.size / (setting.flash * setting.size + setting.told)
        rows.append({"name": name, "depth": depth, "law": law, "seeds": figures})
    return rows


def score_layers(name: str, setting: Setting, networks: Sequence[Weights]) -> list[Figures]:
    """Return a row per network from the score card of its agent on 50 levels."""
    trap, rows = find_trap("FlashOrPay")(told_planes=setting.told, flash_planes=setting.flash), []
    agents = {f"layers {i}": LayerAgent(trap, setting, x) for i, x in enumerate(networks)}
    for card, network in zip(evaluate(agents, trap, levels=50), networks, strict=True):
        splits = ("train", "test", "control")
        unshifted = [card.read_each(x, "normalized_return")[card.base] for x in splits]
        row = {"name": name, "depth": setting.depth, "kappa": read_kappa(setting, network)}
        choices = {x: card.read_each("shift", "choice")[x] for x in ("paid", "flash")}
        rows.append(row | choices | {"verdict": card.verdict, "unshifted": unshifted})
    return rows


def run_built_cards() -> list[Figures]:
    """Return the cards of hand-built layers, one row per kappa."""
    setting = Setting(kinds=True)
    return score_layers("built", setting, [build_layers(setting, x, [1.0]) for x in KAPPAS])


def run_cards(depth: int) -> list[Figures]:
    """Train layers on kinds; return a row per network with its agent's card on FlashOrPay."""
    rows, settings = [], [Setting(depth, *x, kinds=True) for x in KIND.values()]
    for name, setting, seeds in zip(KIND, settings, train(settings, SEEDS), strict=True):
        rows += score_layers(name, setting, seeds)
        if (depth, name) == (1, "F 4"):
            rows += score_layers(f"{name}, edited", setting, [edit(setting, x) for x in seeds])
    return rows


PARTS: dict[str, Callable[[], list[Figures]]] = {
    "built": run_built,
    "one layer": partial(run_trained, 1, ONE),
    "two layers": partial(run_trained, 2, DEEP),
    "two layers, ten seeds": partial(run_trained, 2, SHUFFLED, TEN_SEEDS),
    "three layers": partial(run_trained, 3, {"T 1, F 4": FOUR}),
    "gru": partial(run_trained, 0, {"gru": FOUR._replace(network="gru")}),
    "mlp": partial(run_trained, 0, {"mlp": FOUR._replace(network="mlp")}),
    "cards, built": run_built_cards,
    "cards, one layer": partial(run_cards, 1),
    "cards, two layers": partial(run_cards, 2),
}


def main() -> None:
    """Make all figures, or the parts named by the arguments."""
    figures = read_figures()
    for part in sys.argv[1:] or PARTS:
        figures[part] = PARTS[part]()
        write_figures({name: figures[name] for name in PARTS})


if __name__ == "__main__":
    main()
