"""What is kept on disk: by several processes, by killed ones; damaged and foreign files."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from kept import HOUR, age, bits, file_of, solve

import mesa_gym.files
from mesa_gym.solver.cache import kept_files, read, write
from mesa_gym.solver.values import SolvedValues
from mesa_gym.traps.cheese_corner import CheeseCorner

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def folder(monkeypatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    return tmp_path


# -- several processes -----------------------------------------------------------------------------


def solve_at_once(barrier, answers) -> None:
    barrier.wait()
    answers.put(bits(solve(60)))


def test_processes_that_solve_the_same_get_the_same_bits(folder: Path) -> None:
    barrier, answers = SPAWN.Barrier(3), SPAWN.Queue()
    workers = [SPAWN.Process(target=solve_at_once, args=(barrier, answers)) for _ in range(3)]
    for worker in workers:
        worker.start()
    found = {answers.get(timeout=60) for _ in workers}
    for worker in workers:
        worker.join()
    (file,) = folder.iterdir()  # one file, and nothing that is not whole
    kept = read(file, SolvedValues.of)
    assert found == {bits(kept)}
    file.unlink()
    assert found == {bits(solve(60))}


def shown_and_hidden(turn: int) -> dict[str, np.ndarray]:
    return {"one": np.full(5000, turn), "other": np.full(5000, -turn)}


def write_and_read_at_random(seed: int, answers) -> None:
    """Files come and go as the bound wants; what is read must be what somebody wrote."""
    draw = random.Random(seed)
    wrong = found = 0
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        which = draw.randrange(4)
        path = file_of(f"file {which}")
        if draw.random() < 0.5:
            write(path, shown_and_hidden(draw.randrange(1000) * 4 + which))
        elif (arrays := read(path, dict)) is not None:
            turn = arrays["one"][0]
            right = turn % 4 == which and np.array_equal(arrays["other"], -arrays["one"])
            found += 1
            wrong += not (right and arrays.keys() == {"one", "other"})
    answers.put((found, wrong))


def test_processes_that_write_read_and_delete_never_see_half_a_file(folder, monkeypatch) -> None:
    monkeypatch.setenv("MESA_GYM_CACHE_SIZE", "250K")  # three of the four files
    answers = SPAWN.Queue()
    workers = [
        SPAWN.Process(target=write_and_read_at_random, args=(seed, answers)) for seed in range(3)
    ]
    for worker in workers:
        worker.start()
    told = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert [wrong for _, wrong in told] == [0, 0, 0]
    assert min(found for found, _ in told) > 10
    assert {file.path for file in kept_files()} == set(folder.iterdir())
    assert all(file.whole for file in kept_files())


# -- kill -9 ---------------------------------------------------------------------------------------


class DiesHalfway(io.FileIO):
    def write(self, data) -> int:
        super().write(data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def solve_and_die(where: str) -> None:
    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if where == "half is written":
        mesa_gym.files.os.fdopen = DiesHalfway
    else:
        mesa_gym.files.os.replace = die
    solve()


@pytest.mark.parametrize("where", ["half is written", "before it gets its name"])
@pytest.mark.parametrize("before", ["nothing", "a damaged file"])
def test_a_writer_that_is_killed_leaves_no_wrong_numbers(where, before, folder) -> None:
    right = solve()
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.unlink()
    if before == "a damaged file":
        file.write_bytes(whole[:-500])
    worker = SPAWN.Process(target=solve_and_die, args=(where,))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    (left,) = (f for f in kept_files() if not f.whole)
    assert left.size == (len(whole) // 2 if where == "half is written" else len(whole))
    assert bits(solve()) == bits(right)
    assert read(file, SolvedValues.of) is not None
    # What it left may belong to a writer that is alive, until it is an hour old.
    age(left.path, HOUR - 60)
    solve(4)
    assert left.path.exists()
    age(left.path, HOUR + 60)
    solve(5)
    assert not left.path.exists()


def write_until_killed(ready) -> None:
    path = file_of("overwritten")
    for turn in itertools.count(1):
        write(path, shown_and_hidden(turn))
        if turn == 1:
            ready.set()


def test_writers_that_are_killed_at_any_time(folder: Path) -> None:
    path, turns = file_of("overwritten"), []
    for delay in (0.002, 0.007, 0.02):
        ready = SPAWN.Event()
        worker = SPAWN.Process(target=write_until_killed, args=(ready,))
        worker.start()
        assert ready.wait(timeout=60)
        time.sleep(delay)
        worker.kill()
        worker.join()
        arrays = read(path, dict)
        assert arrays["one"].shape == arrays["other"].shape == (5000,)
        assert (arrays["one"] == arrays["one"][0]).all()
        assert (arrays["other"] == -arrays["one"]).all()
        turns.append(arrays["one"][0])
    assert max(turns) > 1


# -- damaged and foreign files ---------------------------------------------------------------------


def test_no_damage_gives_wrong_numbers(folder: Path) -> None:
    """Many bytes changed, and many lengths: what can still be read is right."""
    right = solve(2)
    (path,) = folder.iterdir()
    data = path.read_bytes()
    damaged = [data[:length] for length in range(0, len(data), 41)]
    damaged += [data[:i] + bytes([data[i] ^ 0xFF]) + data[i + 1 :] for i in range(0, len(data), 7)]
    trap, numbers = CheeseCorner(), np.arange(2)
    lost = 0
    for content in damaged:
        path.write_bytes(content)
        kept = SolvedValues.kept(path, trap, numbers)
        lost += kept is None
        assert kept is None or bits(kept) == bits(right)
    assert lost > len(damaged) / 2


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", None, "directory"])
def test_what_cannot_be_read_is_computed_anew_and_mended(content, folder, monkeypatch) -> None:
    right = solve()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.unlink()
    if content == "directory":
        path.mkdir()
    else:
        path.write_bytes(whole[:100] if content is None else content)
    assert bits(solve()) == bits(right)
    if content != "directory":  # which is not ours to delete
        monkeypatch.setattr("mesa_gym.solver.values.solutions", None)
        assert bits(solve()) == bits(right)


def test_a_file_of_something_else_that_was_renamed_is_not_read(folder: Path) -> None:
    """It has the same names and lengths; other levels' values are in it."""
    right = solve()
    (path,) = folder.iterdir()
    other = solve(salt="s")
    (source,) = set(folder.iterdir()) - {path}
    assert bits(other) != bits(right)
    assert other.arrays().keys() == right.arrays().keys()
    path.write_bytes(source.read_bytes())
    assert bits(solve()) == bits(right)
    assert read(path, SolvedValues.of) is not None


def changed(change: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if change == "shorter":
        return {key: array[:2] for key, array in arrays.items()}
    if change == "one is shorter":
        return arrays | {"states": arrays["states"][:2]}
    if change == "other numbers":
        return arrays | {"numbers": arrays["numbers"] + 1}
    if change == "lacking":
        return {key: array for key, array in arrays.items() if key != "floor|corner"}
    if change == "other names":
        return {key.replace("corner", "dish"): array for key, array in arrays.items()}
    if change == "too much":
        return arrays | {"other": arrays["numbers"]}
    return arrays | {"optimum|cheese": arrays["optimum|cheese"].astype(str)}


@pytest.mark.parametrize(
    "change",
    ["shorter", "one is shorter", "other numbers", "lacking", "other names", "too much", "text"],
)
def test_arrays_that_do_not_fit_are_computed_anew(change: str, folder: Path) -> None:
    right = solve()
    (path,) = folder.iterdir()
    write(path, changed(change, right.arrays()))
    assert bits(solve()) == bits(right)
