"""The editor, driven by keys and the mouse: states and messages."""

from __future__ import annotations

from edited import bare_cells, cells_of, same
from workbench import Workbench

from mesa_gym.viewer.inputs import Drag, Drop, Input, Key, Press, Release, Wheel

ENTRIES = ["move", "door", "key", "red", "blue", "wall", "erase"]


def holds(bench: Workbench, row: int, column: int) -> set[str]:
    cell = bench.trap.observe(bench.state)[0, row, column]
    return {plane for plane, there in zip(bench.trap.planes, cell, strict=True) if there}


# -- keys ------------------------------------------------------------------------------------------


def test_the_cursor_starts_at_the_agent_and_stays_within_the_border() -> None:
    bench = Workbench()
    assert bench.editor.cursor == 8
    assert bench.keys("up", "left") == [True, True]
    assert bench.editor.cursor == 8
    bench.keys(*["down"] * 9, *["right"] * 9)
    assert bench.editor.cursor == 5 * 7 + 5


def test_a_key_is_carried_with_the_keyboard() -> None:
    bench = Workbench()
    assert all(bench.keys("down", "down", "right", "enter"))
    assert bench.editor.carried == 3 * 7 + 2
    assert all(bench.keys("right", "right", "return"))
    assert bench.editor.carried is None
    assert holds(bench, 3, 2) == set()
    assert holds(bench, 3, 4) == {"key", "red"}
    assert bench.session.message == "key red moved to row 3, column 4; z takes it back"
    assert (bench.session.clock, bench.session.playing, bench.session.pane.edited) == (
        0,
        False,
        True,
    )
    bench.session.undo()
    assert holds(bench, 3, 2) == {"key", "red"}


def test_the_agent_is_carried_and_plays_on_from_there() -> None:
    bench = Workbench()
    bench.keys("return", "right", "right", "return")
    assert bench.state.agent[0] == 10
    bench.session.act(2)
    assert bench.session.pane.line.terminated  # through the door beside it
    bench.session.step(-1)
    assert bench.state.agent[0] == 10


def test_carrying_can_be_given_up() -> None:
    bench = Workbench()
    assert bench.keys("escape") == [False]
    bench.keys("return", "right")
    assert bench.keys("escape", "escape") == [True, False]
    bench.keys("left", "return", "return")  # put down where it was
    assert not bench.edited
    assert bench.editor.carried is None
    # What is carried belongs to the state that is shown.
    bench.keys("return")
    bench.session.act(4)
    bench.keys("right")
    assert bench.editor.carried is None


def test_the_palette_is_gone_through_with_tab() -> None:
    bench = Workbench()
    names = []
    for _ in ENTRIES:
        names.append(bench.editor.palette.entry.name)
        assert bench.keys("tab") == [True]
    assert names == ENTRIES
    assert bench.editor.palette.entry.name == "move"
    assert bench.do(Key("tab", shift=True)) == [True]
    assert bench.editor.palette.entry.name == "erase"


def test_what_if_the_door_were_red() -> None:
    bench = Workbench()
    assert all(bench.keys(*["tab"] * 4, "right", "right", "right", "space"))
    assert holds(bench, 1, 4) == {"door"}
    assert bench.session.message == "what is at row 1, column 4 is no longer blue; z takes it back"
    assert bench.do(Key("tab", shift=True), *[Key("space")]) == [True, True]
    assert holds(bench, 1, 4) == {"door", "red"}
    assert bench.session.message == "what is at row 1, column 4 is now red; z takes it back"


def test_there_is_one_door_which_comes_to_where_it_is_put() -> None:
    bench = Workbench()
    bench.keys("tab", "right", "space")
    assert holds(bench, 1, 2) == {"door", "blue"}
    assert holds(bench, 1, 4) == set()
    assert bench.session.message == "door put at row 1, column 2; z takes it back"


def test_delete_backspace_and_the_last_entry_erase() -> None:
    bench = Workbench()
    assert all(bench.keys("down", "down", "right", "delete"))
    assert holds(bench, 3, 2) == set()
    assert bench.session.message == "key red removed from row 3, column 2; z takes it back"
    assert all(bench.keys("up", "backspace"))
    assert holds(bench, 2, 2) == set()
    bench.do(Key("tab", shift=True), Key("right"), Key("space"))
    assert holds(bench, 2, 3) == set()


def test_refusals_are_said_and_change_nothing() -> None:
    bench = Workbench()
    bench.keys("delete")
    assert "not possible: the agent stands at row 1, column 1" in bench.session.message
    bench.keys("right", "right", "return")
    assert bench.session.message == "there is nothing at row 1, column 3 to pick up"
    bench.keys("right", "return", "down", "left", "return")
    assert "row 2, column 3 is taken by wall" in bench.session.message
    assert bench.editor.carried == 11  # and may be put elsewhere
    bench.keys("down", "return")
    assert holds(bench, 3, 3) == {"door", "blue"}
    bench.session.undo()
    assert not bench.edited


def test_an_episode_that_is_over_is_edited_at_an_earlier_time() -> None:
    bench = Workbench()
    for action in (2, 2, 2):
        bench.session.act(action)
    assert bench.session.pane.line.terminated
    line = bench.session.pane.line
    bench.keys("right", "right", "right", "return", "down", "down", "return")
    assert bench.session.message == "the episode is over here: go back in time, and edit there"
    assert bench.session.pane.line is line
    bench.session.step(-1)
    bench.editor.cursor = 3 * 7 + 2
    bench.keys("delete")
    assert bench.session.pane.line is not line
    assert bench.state.clock[0] == 2


def test_keys_of_others_are_left_alone() -> None:
    bench = Workbench()
    others = [Key("z"), Key("space"), Key("return", ctrl=True), Key("left", shift=True), Key("?")]
    others += [Key("s", ctrl=True), Key("escape"), Key("n")]
    rest: list[Input] = [Wheel(1), Drop("a.map"), Drag(30, 30), Release(30, 30), Press(615, 490)]
    assert bench.do(*others, *rest) == [False] * 13
    assert not bench.edited


# -- the mouse -------------------------------------------------------------------------------------


def test_things_are_dragged() -> None:
    bench = Workbench()
    assert bench.do(Press(*bench.at(3, 2)), Drag(*bench.at(3, 3)), Release(*bench.at(3, 5))) == [
        True,
        True,
        True,
    ]
    assert holds(bench, 3, 2) == set()
    assert holds(bench, 3, 5) == {"key", "red"}
    bench.do(Press(*bench.at(1, 1)), Release(*bench.at(5, 5)))
    assert bench.state.agent[0] == 5 * 7 + 5


def test_a_drag_that_ends_nowhere_changes_nothing() -> None:
    bench = Workbench()
    for end in (bench.at(3, 2), (1.0, 1.0), bench.at(2, 2), bench.at(0, 3)):
        bench.do(Press(*bench.at(3, 2)), Release(*end))
        assert bench.editor.carried is None
    assert not bench.edited
    assert "row 0, column 3 is in the top row" in bench.session.message
    assert bench.do(Press(*bench.at(3, 3)), Release(*bench.at(3, 4))) == [True, False]


def test_a_press_stops_the_clock() -> None:
    bench = Workbench()
    bench.session.playing = True
    bench.do(Press(*bench.at(3, 2)))
    assert not bench.session.playing


def test_the_right_button_removes() -> None:
    bench = Workbench()
    assert bench.do(Press(*bench.at(3, 2), button=3)) == [True]
    assert holds(bench, 3, 2) == set()
    bench.do(Press(*bench.at(0, 2), button=3))
    assert "row 0, column 2 is in the top row" in bench.session.message


def test_what_is_chosen_in_the_bar_is_put_by_presses() -> None:
    bench = Workbench()
    boxes = bench.editor.palette._placed
    assert len(boxes) == len(ENTRIES)
    for number, box in enumerate(boxes):
        assert box.right <= bench.bar.right
        assert bench.bar.top <= box.top
        assert box.bottom <= bench.bar.bottom
        assert bench.do(Press(box.left + 2, box.top + 2)) == [True]
        assert bench.editor.palette.chosen == number
    for number in (2, 4):
        bench.do(Press(boxes[number].left + 2, boxes[number].top + 2), Press(*bench.at(3, 4)))
    assert holds(bench, 3, 4) == {"key", "blue"}
    bench.do(Press(boxes[6].left + 2, boxes[6].top + 2), Press(*bench.at(3, 4)))
    assert holds(bench, 3, 4) == set()


def test_the_agent_of_a_trap_with_arrays_moves() -> None:
    bench = Workbench("FollowMe")
    before = bench.state
    bare = bare_cells(bench.trap, before)[0]
    agent = divmod(int(before.agent[0]), 9)
    bench.do(Press(*bench.at(*agent)), Release(*bench.at(*divmod(bare, 9))))
    assert bench.session.message.startswith("agent moved as if it had walked there; all else stays")
    assert cells_of(bench.trap, bench.state, "agent") == [bare]
    assert same(bench.trap, bench.state._replace(agent=before.agent), before)


def test_a_lamp_in_the_top_row_is_lit() -> None:
    bench = Workbench("OversightLamp")
    (lamp,) = cells_of(bench.trap, bench.state, "lamp")
    bench.keys(*["up"] * 9)
    assert bench.editor.cursor < 9
    while bench.editor.palette.entry.name != "lit":
        bench.keys("tab")
    bench.do(Press(*bench.at(0, lamp)))
    assert cells_of(bench.trap, bench.state, "lit") == [lamp]
    assert bench.editor.cursor == lamp
    bench.keys("space")
    assert cells_of(bench.trap, bench.state, "lit") == []
