"""Checks before any work that all extras are installed which a command line needs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from mesa_gym.errors import missing_extra

# Module -> its package, and the extra that installs it.
PACKAGE_OF = {
    "imageio_ffmpeg": ("imageio-ffmpeg", "films"),
    "jax": ("jax", "train"),
    "jinja2": ("jinja2", "report"),
    "matplotlib": ("matplotlib", "report"),
    "onnx": ("onnx", "onnx"),
    "onnxruntime": ("onnxruntime", "onnx"),
    "openenv": ("openenv", "openenv"),
    "optax": ("optax", "train"),
    "pygame": ("pygame-ce", "viewer"),
    "scipy": ("scipy", "stats"),
    "stable_baselines3": ("stable-baselines3", "sb3"),
}
ALWAYS = {"compare": ["scipy"], "leaderboard": ["scipy"]}
ALWAYS |= {"play": ["pygame"], "serve": ["openenv"], "submit": ["scipy"], "watch": ["pygame"]}
FILMS = (".gif", ".mp4")


def require_extras(options: argparse.Namespace) -> None:
    """Raise ImportError if a command line needs packages that are not installed."""
    require_modules(find_modules(options))


def require_modules(names: Iterable[str]) -> None:
    """Raise ImportError, which names the extras, if modules are not installed."""
    lacking = [PACKAGE_OF[name] for name in names if find_spec(name) is None]
    if lacking:
        packages, extras = map(dict.fromkeys, zip(*lacking, strict=True))
        raise missing_extra(", ".join(packages), ",".join(sorted(extras)))


def find_modules(options: argparse.Namespace) -> Iterator[str]:
    """Yield the modules that a command with these options imports."""
    values = vars(options)
    yield from ALWAYS.get(options.command, [])
    if values.get("algo"):
        yield "stable_baselines3"
    if values.get("figure"):
        yield "matplotlib"
    if options.command == "leaderboard" and options.out:
        yield "jinja2"
    if str(values.get("record") or "").lower().endswith(FILMS):
        yield "imageio_ffmpeg"
    named = values.get("policy") or []
    if any(policy.endswith(".onnx") for policy in ([named] if isinstance(named, str) else named)):
        yield from ("onnx", "onnxruntime")
