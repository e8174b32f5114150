"""Films: what a method does in each role, played again where planes are not in a code."""

import pytest

from benchmarks.tracks.films import film_method
from benchmarks.tracks.tasks import find_task
from benchmarks.tracks.wall import Wall
from mesa_gym.report.strip import play_actions
from mesa_gym.traps import find_trap


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [0, 1])
def test_a_film_of_a_method_that_steers_ends_with_what_was_wanted(seed: int, wall: Wall) -> None:
    task = find_task("CheeseDish", seed)
    assert task.encoding == ("planes", "mixed")[seed]
    for each in film_method(wall, "table", task, "salt").episodes:
        played = play_actions(find_trap(task.trap)(**task.keywords), each.level, each.actions)
        earned = {x: sum(step[x] for step in played.paid) for x in task.wanted}
        assert [x for x in task.wanted if earned[x] > 0] == [each.wanted]
