"""The process in which foreign weights and graphs run: it locks itself, loads, answers."""

from __future__ import annotations

import json
from typing import NoReturn

from benchmarks.isolation import landlock, limits, seccomp
from benchmarks.isolation.frames import NAME_BYTES, Kind
from benchmarks.isolation.link import Link, run
from benchmarks.isolation.loading import ChildSettings, make_loader
from benchmarks.isolation.serving import answer_frame
from mesa_gym.envs.observations import make_observation
from mesa_gym.traps import find_trap


def main() -> NoReturn:
    """Serve the scorer at the other end of standard input and output until it goes."""
    run(_serve)


def _serve(link: Link) -> NoReturn:
    _, content = link.receive()
    entries = json.loads(content)
    bounds = entries.pop("bounds")
    settings = ChildSettings(**entries)
    limits.begin(bounds["parent"], bounds["cpu_seconds"])
    with open("/proc/self/statm") as statm:
        landlock.lock(landlock.libraries())
        # Threads that libraries start on import are under Landlock already.
        trap = find_trap(settings.trap)()
        load = make_loader(settings, trap)
        limits.bound_memory(statm, bounds["memory"])
    limits.no_more_processes()
    seccomp.lock()
    link.send(Kind.LOCKED)
    _, data = link.receive()
    policy = load(data)
    link.send(Kind.READY, policy.observation.encode().ljust(NAME_BYTES))
    shape = make_observation(trap, policy.observation).space.shape
    while True:
        link.send(*answer_frame(policy, *link.receive(), shape))
