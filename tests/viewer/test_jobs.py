"""Work of the viewer that takes longer than a frame."""

from __future__ import annotations

from watched import HAND, session


def test_work_is_done_while_time_passes_one_at_a_time() -> None:
    watched = session(HAND)
    done = []

    def job(name: str, steps: int):
        for i in range(steps):
            done.append((name, i))
            yield

    watched.start_job(job("a", 10**9))
    watched.update(0)
    first = len(done)
    assert first > 0
    watched.start_job(job("b", 3))
    watched.settle()
    assert done[first:] == [("b", 0), ("b", 1), ("b", 2)]
    assert not watched.stop_search()
    watched.start_job(job("c", 5))
    assert watched.stop_search()
    watched.settle()
    assert done[-1] == ("b", 2)


def test_a_job_may_begin_another() -> None:
    watched = session(HAND)
    done = []

    def second():
        done.append("second")
        yield

    def first():
        watched.start_job(second())
        return
        yield

    watched.start_job(first())
    watched.settle()
    assert done == ["second"]
