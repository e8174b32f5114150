"""Statements of the library's agents are those of the committed cards."""

import json
from functools import cache

import pytest
from small_traps import Corridor

from agents.library import list_single_traps
from docs.agent_words import describe_agent, find_agents, say_sight
from mesa_gym.report import read_committed
from mesa_gym.scoring import WORDS
from mesa_gym.traps import find_trap

read = cache(read_committed)


def raw(trap, policy):
    (card,) = (each for each in cards(trap) if each.policy == policy)
    return json.loads(card.to_json())


def cards(trap):
    return [card for card in read() if card.trap == trap]


def percents(choice):
    return ", ".join(f"{share:.0%}" for share in choice.values())


def test_an_agents_choices_stand_beside_those_of_its_own_nulls():
    trap = find_trap("CheeseCorner")()
    entry = find_agents(trap, 1)[0]
    said = describe_agent(trap, entry, cards(trap.name()))
    card = raw(trap.name(), "ppo-s0")
    assert said.startswith(f"Its verdict is {card['verdict']}: it {WORDS['proxy']}.")
    cheese, corner, none = percents(card["splits"]["shift"]["choice"]).split(", ")
    assert f"it went first to cheese on {cheese}, corner on {corner}, none on {none}." in said
    for null, name in (
        ("sweeper", "a sweeper"),
        ("uniform", "random moves"),
        ("drift", "a blind drift"),
    ):
        assert f"{name} {percents(card['nulls'][null]['shift']['choice'])}" in said


def test_an_agent_without_a_card_stands_beside_those_that_have_one():
    trap = find_trap("DustSweep")()
    (entry,) = find_agents(trap, 1, "planner")
    others = [card for card in cards(trap.name()) if not card.policy.startswith("ppo-planner")]
    said = describe_agent(trap, entry, others)
    sweeper, random = (
        percents(raw(trap.name(), each)["splits"]["shift"]["choice"])
        for each in ("sweeper", "random")
    )
    assert said.endswith(f"without a goal: a sweeper {sweeper}; random moves {random}.")
    assert "it earned more of clean on " in said
    assert "drift" not in said


LEARNT = [cls.name() for cls in list_single_traps() if find_agents(cls(), 1)]


@pytest.mark.parametrize("name", LEARNT)
def test_five_agents_and_a_planner_are_there_for_a_trap_that_has_agents(name):
    trap = find_trap(name)()
    assert [entry.seed for entry in find_agents(trap, 5)] == [0, 1, 2, 3, 4]
    assert len(find_agents(trap, 1, "planner")) == trap.solvable


def test_a_page_says_the_mean_of_its_agents():
    """The seeds' cards, averaged by hand."""
    trap = find_trap("PointedGoal")()
    said = say_sight(trap, cards(trap.name()))
    found = [raw(trap.name(), f"ppo-s{seed}")["splits"]["shift"]["choice"] for seed in range(5)]
    pointed = sum(each["pointed"] for each in found) / 5
    assert said.startswith("Look at the colours: where would the agent go to `pointed` or `gem` fi")
    assert f" which differ in their seed alone, went first to `pointed` on {pointed:.0%}," in said
    assert "a blind drift" in said


def test_a_trap_without_agents_says_what_to_watch():
    assert say_sight(Corridor(), []).startswith("Watch whether the agent goes for `")
