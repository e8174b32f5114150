"""Questions about places: one form in every play, symmetry, reversal, walks, names and decoys."""

from collections import Counter

import numpy as np
import pytest

from mesa_gym.choices.offers import follow_walks
from mesa_gym.choices.question_form import DECOYS
from mesa_gym.language import list_questions, score_choices
from mesa_gym.language.session import TextSession
from mesa_gym.scoring.plays import find_play, plays_of
from mesa_gym.traps import Split, as_trap, find_trap
from tests.support.question_forms import (
    SCRIPTS,
    answer_by,
    ask_all,
    classify,
    classify_pairs,
    list_askable,
)
from tests.support.refusals import refusals

NAMES = ("CheeseDish", "ColourShape", "CheeseCorner", "DustVacuum", "KeysChests", "ChuteOrFire")
SWAPPED = {"cheese": "dish", "dish": "cheese"}
TELLS = ("where", "things", "both")


def list_pairs(name, play, levels=12, **form):
    """Return the questions of a play, with the play's start states of their levels."""
    trap = find_trap(name)()
    of_play = find_play(trap, play)
    starts = trap.levels(of_play.split, np.arange(levels))
    return list_questions(name, play, range(levels), **form), of_play.change(starts)


@pytest.mark.parametrize("tell", TELLS)
def test_swapped_names_leave_training_texts_unchanged(tell):
    """So no reward in training can tell base from proxy by its name."""

    def list_texts(play, **form):
        return [x.text for x in list_questions("CheeseDish", play, range(30), tell=tell, **form)]

    assert list_texts("train") == list_texts("train", names=SWAPPED)
    assert list_texts("test", examples=2) == list_texts("test", names=SWAPPED, examples=2)
    assert list_texts("shift") != list_texts("shift", names=SWAPPED)


@pytest.mark.parametrize("name", ["CheeseDish", "ColourShape"])
@pytest.mark.parametrize("options", [3, 4, 6])
def test_questions_have_one_form_in_every_play(name, options):
    forms = set()
    for play in plays_of(find_trap(name)()):
        for question in list_questions(name, play, range(10), options=options):
            assert len({*question.cells}) == len({*question.places}) == options
            forms.add((len(question.text), question.text.count("\n")))
    assert len(forms) == 1


@pytest.mark.slow
@pytest.mark.parametrize("tell", TELLS)
def test_form_of_questions_reveals_no_play(tell):
    """A classifier without the things' names is at chance for each pair of plays."""
    askable = list_askable(tell)
    assert len(askable) == {"where": 14, "things": 12, "both": 14}[tell]
    for name in askable:
        texts = ask_all(name, 200, tell=tell)
        for pair, accuracy, most in classify_pairs(texts, things=False):
            assert accuracy <= most, (name, pair)
        with_things, most = classify(texts)
        # The classifier finds what there is to find; NearestFruit has one form of all names.
        if tell == "things" and name.startswith("CheeseDish"):
            assert with_things > most


@pytest.mark.slow
@pytest.mark.parametrize("tell", TELLS)
def test_script_of_form_gets_no_goal(tell):
    for name in list_askable(tell):
        for script, size in SCRIPTS.items():
            card = score_choices(name, answer_by(size), 60, script, tell=tell)
            assert card.verdict.partition(":")[0] not in ("base", "proxy"), (name, script)
            assert not card.competent, (name, script)


@pytest.mark.parametrize("tell", TELLS)
@pytest.mark.parametrize("name", ["CheeseDish", "ColourShape"])
def test_places_have_equal_lengths_of_names(name, tell):
    """Also places of removed targets; one place is empty, and each other place has a decoy."""
    forms, orders = set(), set()
    for play in plays_of(find_trap(name)()):
        for question in list_pairs(name, play, tell=tell)[0]:
            named = [things.split(", ") for things in question.things if things != "nothing"]
            assert len(named) == 3
            decoys = [x for names in named for x in names if x in DECOYS]
            assert len({*decoys}) == len(decoys)
            assert all({*names} & {*decoys} for names in named)
            assert tell == "things" or all(f"= {x}\n" in question.text for x in decoys)
            forms |= {tuple(sorted(map(len, names))) for names in named}
            orders |= {tuple(map(len, names)) for names in named}
    assert len(forms) == 1
    assert len(orders) > 5  # the order is drawn


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["CheeseDish", "ColourShape"])
def test_numbers_have_equal_shares_in_plays(name):
    trap = find_trap(name)()
    for play in plays_of(trap):
        questions = list_questions(name, play, range(200))
        for x in trap.objectives:
            numbers = [number for question in questions if (number := question.find(x))]
            for number in range(1, 5) if numbers else ():
                share, error = numbers.count(number) / len(numbers), (0.25 * 0.75 / 200) ** 0.5
                assert abs(share - 0.25) < 3.5 * error, (play, x, number)


@pytest.mark.parametrize("tell", TELLS)
def test_reversed_list_is_read_backwards(tell):
    forward, _ = list_pairs("CheeseDish", "shift", tell=tell)
    again, _ = list_pairs("CheeseDish", "again", tell=tell)
    twice, _ = list_pairs("CheeseDish", "again", tell=tell, reverse=True)
    assert [x.text for x in twice] == [x.text for x in forward] != [x.text for x in again]
    for one, other in zip(forward, again, strict=True):
        assert (one.reverse, other.reverse) == (False, True)
        for field in ("cells", "places", "things", "earned", "walks"):
            assert getattr(one, field) == getattr(other, field)[::-1]
        assert one.find("cheese") + other.find("cheese") == 5


@pytest.mark.parametrize("keywords", [{"salt": "x"}, {"options": 6}], ids=str)
def test_other_questions_have_their_own_places(keywords):
    """Also after questions on levels of equal numbers."""
    trap = find_trap("CheeseDish")()
    list_questions(trap, "shift", range(3))
    starts = trap.levels("shift", range(3), keywords.get("salt", ""))
    for row, question in enumerate(list_questions(trap, "shift", range(3), **keywords)):
        assert len(question.cells) == keywords.get("options", 4)
        for x in trap.objectives:
            assert trap.layer(starts, x)[row, question.cells[question.find(x) - 1]]


def test_changed_levels_offer_the_same_places():
    """Also the places of removed targets, and the places of exchanged ones."""
    plays = ("shift", "twins", "alone:cheese", "alone:dish")
    shift, twins, cheese, dish = (list_pairs("CheeseDish", play)[0] for play in plays)
    for of in zip(shift, twins, cheese, dish, strict=True):
        assert len({question.cells for question in of}) == 1
        here, exchanged, only_cheese, only_dish = (
            {x: question.find(x) for x in ("cheese", "dish")} for question in of
        )
        assert here == {"cheese": exchanged["dish"], "dish": exchanged["cheese"]}
        assert only_cheese == {"cheese": here["cheese"], "dish": None}
        assert only_dish == {"cheese": None, "dish": here["dish"]}
        assert {*of[2].things[here["dish"] - 1].split(", ")} <= {*DECOYS}


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("play", ["train", "shift"])
def test_walk_enters_no_other_offered_place(name, play):
    """The environment's own steps lead to the place; the agent stays where no walk is left."""
    questions, starts = list_pairs(name, play)
    trap = find_trap(name)()
    for row, question in enumerate(questions):
        state = starts.take(np.full(len(question.walks), row))
        cells, payments = follow_walks(trap, state, question.walks)
        for i, (cell, walk) in enumerate(zip(question.cells, question.walks, strict=True)):
            visited = cells[: len(walk), i].tolist()
            pays = {x for x in trap.objectives if payments[x][:, i].any()}
            if trap.judging.places:
                # Only an objective's walk may cross a place, before it pays (ChuteOrFire).
                assert question.earned[i] or not {*visited} & {*question.cells} - {cell}
                assert visited[-1:] in ([cell], [])
                assert pays == {*question.earned[i]}
            elif not question.earned[i]:
                assert visited[-1:] in ([cell], [])


def test_red_gem_is_an_option_in_training():
    questions, _ = list_pairs("ColourShape", "train", levels=60)
    offered = sum("red" in ", ".join(question.things).split(", ") for question in questions)
    assert offered > 50  # except where no walk leads round the target
    assert {pay for x in questions for pay in x.pays["line"]} == {0.0, 1.0}


def test_things_of_large_traps_are_drawn():
    for name, kind in (("DustVacuum", "dust"), ("KeysChests", "key")):
        questions, _ = list_pairs(name, "shift", tell="both")
        things = [of for question in questions for of in question.things]
        kinds = Counter(x for of in things for x in of.split(", "))
        assert kinds[kind] > 0
        assert all(len(question.cells) == 4 for question in questions)


def test_names_rename_map_list_and_legend():
    names = {"cheese": "blicket", "dish": "dax", "lamp": "fep"}
    for tell in TELLS:
        for question in list_pairs("CheeseDish", "shift", tell=tell, names=names)[0]:
            assert not any(word in question.text for word in ("cheese", "dish", "lamp"))
            assert "blicket" in question.things[question.find("cheese") - 1].split(", ")
            assert ("b = blicket" in question.text) == (tell != "things")


@pytest.mark.parametrize("tell", TELLS)
def test_examples_are_named_only_where_shown(tell):
    (without,) = list_questions("CheeseDish", "shift", [0], tell=tell)
    (question,) = list_questions("CheeseDish", "shift", [0], tell=tell, examples=2)
    assert "example" not in without.text
    assert question.text.startswith("Go on as in these examples.\n\n")
    assert "Go on as in the examples, and answer" in question.text
    *solved, last = question.text.split("answer: ")
    assert [x[0] for x in question.text.split("\nanswer: ")[1:]] == [
        str(x.find("cheese"))
        for x in list_questions("CheeseDish", "train", [1000, 1001], tell=tell)
    ]
    assert len(solved) == 2
    assert question.scene == without.scene


@pytest.mark.parametrize("salt", ["", "secret"])
def test_chosen_place_is_walked_to(salt):
    session, trap = TextSession(), as_trap("CheeseDish")
    start = trap.levels(Split.SHIFT, [1], salt)
    for thing, reward in (("nothing", 0), ("cheese", 1), ("dish", 0)):
        session.begin(trap="CheeseDish", split="shift", level=1, choice=True, salt=salt)
        question = session.question
        place = [thing in things.split(", ") for things in question.things].index(True)
        assert session.answer(f"Answer: {place + 1}. {question.places[place]}") == reward
        actions = tuple(session.episode.actions)
        cells, payments = follow_walks(trap, start, [actions])
        assert cells[-1, 0] == question.cells[place] != start.agent[0]
        paid = "+".join(x for x, pay in payments.items() if pay.any()) or "nothing"
        assert (session.reached, session.done, session.unread) == (thing, True, 0)
        assert paid == thing
        assert (actions == question.walks[place]) == (thing == "cheese")  # base ends it


def test_log_line_keeps_the_question(tmp_path):
    session = TextSession(tmp_path / "log.jsonl")
    names = {"cheese": "blicket"}
    session.begin(
        trap="CheeseDish", split="again", level=3, choice=True, tell="things", names=names,
        policy="mine", trained=True, size=7, salt="s", parameters={"dish_planes": 2}, options=5,
    )  # fmt: skip
    question = session.question
    session.answer("2")
    choice = session.episode.choice
    assert (choice.answer, choice.reverse, choice.tell) == (2, True, "things")
    assert choice.names == names
    assert tuple(choice.cells) == question.cells
    assert tuple(choice.things) == question.things
    assert {x: tuple(pays) for x, pays in choice.pays.items()} == question.pays
    assert (session.episode.trained, session.episode.size) == (True, (7, 7))
    assert session.episode.parameters["dish_planes"] == 2
    assert len(question.cells) == 5


test_form_that_does_not_fit_is_refused = refusals("language", "form", globals())


def test_corner_has_a_name_in_lists():
    """Training shows the name, so a place without a visible thing can be asked for."""
    for play, alone in (("train", False), ("shift", True), ("bare", True)):
        for question in list_pairs("CheeseCorner", play, tell="things")[0]:
            names = question.things[question.find("corner") - 1].split(", ")
            assert ("corner" in names, "cheese" in names) == (True, not alone)
    (mapped,) = list_questions("CheeseCorner", "shift", [0])
    assert mapped.things[mapped.find("corner") - 1] == "nothing"


def test_empty_list_of_levels_gives_no_questions():
    assert list_questions("CheeseDish", "train", []) == []
