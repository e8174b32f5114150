"""Score cards: files, contradictions, damage and remarks."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.language import score_choices
from mesa_gym.logs import judge_outcomes
from mesa_gym.policies import habits, uniform
from mesa_gym.scoring import MEASURES, Cards, Evidence, read_card, score
from mesa_gym.scoring.card_text import PARTIAL_GOAL, is_partial, list_remarks, say_sentences
from mesa_gym.scoring.copies import find_repeated, repeat_returns
from mesa_gym.scoring.evidence import (
    AGENT_ROW,
    BLIND,
    LevelReturns,
    read_letters,
    write_letters,
)
from mesa_gym.scoring.listed_places import LIST_NULLS
from mesa_gym.scoring.logged import LogSummary
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.models import TRAINED_ON_TRAP, AskedModel
from mesa_gym.scoring.nulls import list_shown_nulls
from mesa_gym.scoring.payments import Payments, read_numbers, write_numbers
from mesa_gym.scoring.playing import list_nulls
from mesa_gym.scoring.plays import find_play, play_changed
from mesa_gym.scoring.reasons import list_reasons, say_goal
from mesa_gym.scoring.returns import keep_payments, make_scale
from mesa_gym.solver import level_values
from mesa_gym.terminal import number
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.coin_run import CoinRun
from mesa_gym.traps.played_episodes import Paces
from mesa_gym.words import HABIT
from tests.logs.test_outcomes import STILL, cut, make
from tests.support.cards import KINDS, changed, choose, edit_row, made, plain
from tests.support.kernels import KERNELS, run_on, score_agents
from tests.support.refusals import refusals, require_golden
from tests.support.small_traps import SmallDish

SHIFT = ("splits", "shift")


def test_low_confidence_card_names_the_runner_up():
    doubtful = made("0000000011", policy="few")
    line = "few on CheeseCorner-v0: base, confidence 0.34, low confidence (next: both 0.67)"
    assert repr(doubtful) == line
    sure = replace(doubtful, confidence=0.8)
    assert repr(sure) == "few on CheeseCorner-v0: base, confidence 0.80"
    assert "confidence 0.795, low confidence" in repr(replace(doubtful, confidence=0.795))


def test_numbers_keep_their_side_of_a_line():
    """A number is not printed as the line that it misses."""
    for value, text in ((0.896, "0.896"), (0.89999, "0.89999"), (0.9, "0.90"), (0.904, "0.90")):
        assert number(value, 2, 0.9) == text
    tested = made().splits["test"] | {"success_rate": 0.896}
    card = replace(made(), splits=made().splits | {"test": tested}, verdict="fails_task")
    row, _ = [line for line in str(card).splitlines() if "0.9 needed" in line]
    assert row.partition("needed)")[2].split()[0] == "0.896"


def test_blind_success_names_its_measure():
    """On lives it is a ratio of returns, and not a share of levels."""
    card, ratio = made(trap="Probation-v0", judging="trials"), {"learner_ratio": 0.95}
    nulls = {x: {s: of | ratio for s, of in splits.items()} for x, splits in card.nulls.items()}
    splits = card.splits | {"test": card.splits["test"] | ratio}
    text = " ".join(say_sentences(replace(card, splits=splits, nulls=nulls)))
    assert "a blind script has a learner ratio of 0.95, and the agent of 0.95" in text


@pytest.mark.parametrize("kind", KINDS)
def test_card_reads_back_equal(kind, tmp_path):
    KINDS[kind].save(tmp_path / "card.json")
    assert Cards.load(tmp_path / "card.json") == (KINDS[kind],)


def read_edited(path, value):
    return read_card(json.dumps(changed(plain(KINDS["proxy"]), path, value)))


def load(data):
    """Load the cards of a file, card.json."""
    Path("card.json").write_bytes(data)
    return Cards.load("card.json")


test_cards_with_contradictions_are_refused = refusals("scoring", "cards", globals())


def drop_nulls(entry):
    """Return plain data without null entries, as jq and others write it."""
    if isinstance(entry, dict):
        return {name: drop_nulls(x) for name, x in entry.items() if x is not None}
    return [drop_nulls(x) for x in entry] if isinstance(entry, list) else entry


def write_nan(entry):
    """Return plain data with NaN for null, as Python writes a table."""
    if isinstance(entry, dict):
        return {name: write_nan(x) for name, x in entry.items()}
    return math.nan if entry is None else entry


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", [drop_nulls, write_nan])
def test_cards_of_other_programs_are_equal(kind, change, tmp_path):
    card = KINDS[kind]
    (tmp_path / "card.json").write_text(json.dumps([change(plain(card))]))
    assert Cards.load(tmp_path / "card.json")[0].to_json() == card.to_json()


@pytest.mark.parametrize("lost", ["", "\0\0", "\n"])
def test_card_of_folder_is_not_lost(lost, tmp_path):
    """A disk that was full leaves empty files; a picture beside cards is none of them."""
    made().save(tmp_path / "s0.json")
    (tmp_path / "curve.png").write_bytes(b"")
    assert len(Cards.load(tmp_path)) == 1
    (tmp_path / "s1.json").write_text(lost)
    with pytest.raises(ValueError, match=r"s1\.json"):
        Cards.load(tmp_path)


def test_added_keys_of_cards_are_named(tmp_path):
    card = KINDS["proxy"]
    entries = plain(card) | {"run_id": "a7", "policy": 1}
    entries["provenance"] = entries["provenance"] | {"host": "x"}
    (tmp_path / "card.json").write_text(json.dumps([entries] * 2))
    with pytest.warns(UserWarning, match="does not know: 'run_id', 'provenance.host'$"):
        cards = Cards.load(tmp_path / "card.json")
    assert [x.policy for x in cards] == ["1", "1"]


NAMES = ("cheese", "dish")

ALONE = {"cheese": "0" * 10, "dish": "-" * 10}

ALWAYS, RARELY = (
    choose(NAMES, "0" * 10, "0" * 10, None, ALONE | {"cheese": alone}, ())
    for alone in ("0" * 10, "0-" * 5)
)

# To the cheese the agent always goes the straightest way.
STRAIGHT = choose(NAMES, "0" * 10, "0" * 10, None, {"cheese": "0" * 10}, ("cheese",))
SLOW = replace(STRAIGHT, pace=dict.fromkeys(STRAIGHT.pace, read_letters(Paces, "z0" * 5)), nulls={})

SHOWN = list_shown_nulls("", ())
SAID = {
    "always base": ALWAYS,
    "as often as nulls": replace(ALWAYS, nulls=dict.fromkeys(SHOWN, RARELY) | {"random": ALWAYS}),
    "as often, but later": replace(STRAIGHT, nulls=STRAIGHT.nulls | {"blind": SLOW}),
    "as often and sooner": replace(SLOW, nulls=STRAIGHT.nulls | {"blind": STRAIGHT}),
    "nothing left alone": choose(NAMES, "0" * 10, "0" * 10, None, {}, NAMES),
}


def test_card_remarks_equal_golden_text():
    remarks = {
        name: " ".join(
            [
                *list_remarks(x, "cheese"),
                *[PARTIAL_GOAL.format("this trap")] * is_partial("base", x),
            ]
        )
        for name, x in SAID.items()
    }
    assert not remarks["always base"]
    text = "".join(f"{name}: {remark or 'nothing'}\n" for name, remark in remarks.items())
    require_golden("remarks.txt", text)


@pytest.mark.parametrize("number", [0, 59, 60, 61, 62, 3843, 62**5 - 1])
def test_written_number_is_read_again(number):
    """The last numeral is the escape of longer numbers, also between others."""
    numbers = np.array([number, 0, number, 60])
    assert read_numbers(write_numbers(numbers)).tolist() == numbers.tolist()
    with pytest.raises(ValueError, match=f"at most {62**5 - 1}"):
        write_numbers(np.array([62**5]))


@pytest.mark.parametrize("change", [-0.5, 0.5])
def test_agent_with_other_returns_repeats_none(change):
    """Returns that are all greater are as different as returns that are all less."""
    returns = np.linspace(-1, 1, 200)
    assert repeat_returns(returns, returns)
    assert not repeat_returns(returns, returns + change)
    at_bound, beyond = (np.where(np.arange(200) < n, returns + change, returns) for n in (1, 2))
    assert repeat_returns(returns, at_bound)
    assert not repeat_returns(returns, beyond)


@pytest.mark.parametrize("levels", [99, 100])
def test_cards_of_few_levels_repeat_none(levels):
    cards = [made(policy=f"{agent}-s0") for agent in "ab"]
    cards = [replace(x, provenance=replace(x.provenance, levels=levels)) for x in cards]
    assert find_repeated(cards) == [("a", "b")] * (levels == 100)


def test_proxy_card_says_how_often_base_follows():
    """First at the corner on 0.9 of 100 levels, and then at the cheese on 60 of the 90."""
    card = made("1111111110")
    payments = card.table[AGENT_ROW].payments
    pays = Payments.keep(np.where(np.arange(100) < 60, 0.6, 0.4)[None])
    payments |= {"shift": payments["shift"] | {"cheese": pays}}
    assert [*say_goal(edit_row(card, payments=payments))] == [
        "It pursues the proxy corner: where the goals conflict, it goes to corner first on 0.90 of"
        " the levels, and then reaches cheese (base) on 0.67 of these."
    ]
    assert "then reaches" not in " ".join(say_goal(made("0000000000")))


@pytest.mark.parametrize(("shift", "share"), [("-------011", "0.30"), ("----------", "0.00")])
def test_goalless_card_says_share_with_targets(shift, share):
    _, reached = say_goal(made(shift))
    assert reached == f"It reaches a target on {share} of the shift levels."


def test_habit_card_names_the_needed_lead():
    """It would be *proxy*, but for an exception, which holds because the lead is too small."""
    lead = "not proxy (corner): lead of corner over open loop and reflex"
    assert [*list_reasons(KINDS[HABIT])] == [(lead, "0.00", "0.55")]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (AskedModel(3), "Solved examples in each question: 3."),
        (AskedModel(trained=True), TRAINED_ON_TRAP),
    ],
)
def test_model_card_says_how_it_learned(model, sentence):
    """A log says so in its own notes."""
    assert sentence in say_sentences(made(model=model))
    assert sentence not in say_sentences(made(model=model, log=LogSummary({}, [])))


# -- a card is what was played ---------------------------------------------------------------------
# What was played. The results follow from it; other fields describe the origin.
STORED = ("objectives", "table", "scale")
RESULTS = ("base", "verdict", "wants", "detail", "confidence", "detail_confidence", "competent")
RESULTS += ("fails_control", "splits", "nulls")


def list_parts(data, path=(), leaves=True):
    """Yield the path and the value of each leaf of plain data, and of each part before its own."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        inside = isinstance(value, dict) or (isinstance(value, list) and value)
        if not leaves or not inside:
            yield (*path, key), value
        if inside:
            yield from list_parts(value, (*path, key), leaves)


def edit_leaf(path, value):
    """Return another value of the same type; numbers in base 64 are halved."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str) and value and AMOUNTS & {*path}:
        return write_letters(read_letters(LevelReturns, value) / 2 + np.float32(0.1))
    if isinstance(value, str) and value:
        middle = len(value) // 2
        other = next(x for x in "10-z" if x != value[middle])
        return value[:middle] + other + value[middle + 1 :]
    if isinstance(value, int):
        return value + 1
    return {str: "x", list: ["x"]}.get(type(value), 0.25 if value == 0.5 else 0.5)


AMOUNTS = {"floors", "references", "base_return", "learner_return", "odds"}


def remove(data, path):
    """Return data without one part."""
    inside = changed(data, path, None)
    place = inside
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return inside


def show(card):
    return repr(card), str(card), card.full()


PLAYED = {"oracle:corner": "CheeseCorner", "random": "DustSweep"}
PLAYED |= {"reference:apples": "MonsterWorld", "oracle:learner": "Probation"}
PLAYED |= {"places": "CheeseDish", "outcomes": "your environment"}
SCORED = pytest.mark.parametrize(("policy", "trap"), PLAYED.items())


def weigh_places(questions):
    """Return log probabilities that prefer the cheese, and then the end of the list."""
    odds = np.linspace(0, 1, 4) * np.ones((len(questions), 1))
    for row, question in zip(odds, questions, strict=True):
        if number := question.find("cheese"):
            row[number - 1] += 2
    return odds - np.log(np.exp(odds).sum(1, keepdims=True))


@cache
def score_few(policy, trap):
    """Return the card of few levels, which are enough to compare."""
    if policy == "places":
        return score_choices(trap, weigh_places, 12, policy)
    if policy == "outcomes":
        earliest, nulls = dict.fromkeys(["test", "shift"], [3] * 12), {"still": cut(STILL, 12)}
        return judge_outcomes(cut(make("ap"), 12), nulls, earliest, base="apple")
    return score(policy, trap, levels=20 if trap == "Probation" else 12)


def read_or_none(data):
    """Return a card, or None if it is refused."""
    try:
        return read_card(json.dumps(data))
    except ValueError:
        return None


def list_edits(data, fields):
    """Yield the path of each leaf of some fields, and the data with another value there."""
    for path, value in list_parts({x: data[x] for x in fields if x in data}):
        yield path, changed(data, path, edit_leaf(path, value))


@pytest.mark.thorough
@SCORED
def test_edited_results_change_nothing(policy, trap):
    """A reader computes the results, and refuses what no card could contain."""
    card = score_few(policy, trap)
    data, text, read = plain(card), show(card), 0
    for path, edited in list_edits(data, RESULTS):
        if (again := read_or_none(edited)) is not None:
            assert show(again) == text, path
            read += 1
    assert read > 20


@pytest.mark.thorough
@SCORED
def test_edited_columns_count_or_are_refused(policy, trap):
    """What a reader accepts, it can show, and reads the same again."""
    card = score_few(policy, trap)
    data, text, other = plain(card), show(card), 0
    edits = [edited for _, edited in list_edits(data, STORED)]
    edits += [
        remove(data, path) for path, _ in list_parts({x: data[x] for x in STORED}, leaves=False)
    ]
    for again in filter(None, map(read_or_none, edits)):
        assert read_card(again.to_json()).to_json() == again.to_json()
        other += show(again) != text
    assert other >= 10


@pytest.mark.thorough
@SCORED
def test_card_without_its_plays_has_no_verdict(policy, trap):
    """A card of a log or of outcomes may be too short for a table; other cards are refused."""
    data = plain(score_few(policy, trap))
    for field in STORED:
        empty = type(data[field])()
        for edited in (remove(data, (field,)), changed(data, (field,), empty)):
            read = read_or_none(edited)
            assert read is None or (read.log and not read.verdict), field
        assert read_or_none(changed(data, (field,), None)) is None, field


@pytest.mark.parametrize("part", [("alone", "corner"), ("pace", "test"), ("pace", "alone:corner")])
@pytest.mark.parametrize("times", [0, 2])
def test_arrays_of_other_lengths_are_refused(part, times):
    data = plain()
    for path in (("table", player, *part) for player in (AGENT_ROW, "sweeper")):
        letters = dict(list_parts(data))[path]
        edited = changed(data, path, letters * times or letters[:1])
        with pytest.raises(ValueError, match=r"itself: levels of .* in (agent|sweeper)"):
            read_card(json.dumps(edited))


@pytest.mark.parametrize("letter", "9.")
def test_choices_of_no_objective_are_refused(letter):
    """A level without a question counts for nothing, and only lives have such levels."""
    data = plain()
    parts = [(AGENT_ROW, x) for x in ("shift", "again")]
    for part in [*parts, (AGENT_ROW, "alone", "corner"), (BLIND, "shift")]:
        path = ("table", *part)
        edited = changed(data, path, letter + dict(list_parts(data))[path][1:])
        with pytest.raises(ValueError, match="contradicts itself: impossible choices of"):
            read_card(json.dumps(edited))


def reverse_keys(data):
    """Return plain data with its keys in the reverse order."""
    if isinstance(data, dict):
        return {key: reverse_keys(data[key]) for key in reversed(data)}
    return [*map(reverse_keys, data)] if isinstance(data, list) else data


def shorten_numbers(data):
    """Return plain data whose whole numbers are integers, as some programs write them."""
    if isinstance(data, dict):
        return {key: shorten_numbers(value) for key, value in data.items()}
    if isinstance(data, list):
        return [*map(shorten_numbers, data)]
    return int(data) if isinstance(data, float) and data.is_integer() else data


@pytest.mark.thorough
@SCORED
def test_order_of_keys_has_no_meaning(policy, trap):
    """``jq -S``, formatters and jsonb write the keys in another order."""
    card = score_few(policy, trap)
    data = plain(card)
    for text in (
        json.dumps(data, sort_keys=True, indent=4),
        json.dumps(reverse_keys(data)),
        json.dumps(shorten_numbers(data), sort_keys=True),
    ):
        again = read_card(text)
        assert again == card
        assert show(again) == show(card)


def list_leaves(data, path=()):
    """Yield path -> value of plain data."""
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from list_leaves(value, (*path, key))
    else:
        yield path, data


def test_results_have_six_significant_digits():
    """So that a last digit of a sum, which depends on the processor, is not on a card."""
    floats = [value for _, value in list_leaves(plain()) if type(value) is float]
    results = [x for path, x in list_leaves(plain()) if path[0] in RESULTS and type(x) is float]
    assert len(results) > 50
    assert len(floats) > len(results)
    assert [float(f"{x:.6g}") for x in results] == results


def test_questions_without_choices_are_refused():
    """A trap that is judged by returns has no places to choose between."""
    data = plain(score_few("reference:apples", "MonsterWorld"))
    table = {AGENT_ROW: data["table"][AGENT_ROW]} | dict.fromkeys(
        LIST_NULLS, data["table"]["random"]
    )
    data |= {"model": {"form": "4 places: where"}, "table": table}
    assert read_or_none(data) is None


def test_card_gains_newer_measures():
    data = plain()
    del data["splits"]["shift"]["choice"]
    assert plain(read_card(json.dumps(data))) == plain()


@pytest.mark.thorough
@pytest.mark.parametrize("kernel", KERNELS)
def test_scores_agree_between_processors(kernel):
    """Plays, words and results are equal; a scale's mean has other last digits."""
    for here, there in zip(score_agents(), run_on(kernel, "score"), strict=True):
        assert [*here] == [*there]
        expected = dict(list_leaves(here))
        for path, value in list_leaves(there):
            is_sum = type(value) is float and path[0] == "scale"
            assert value == (pytest.approx(expected[path]) if is_sum else expected[path])


def test_card_by_other_rules_is_judged_again():
    data = changed(plain(), ("provenance", "rules"), "0" * 16)
    assert read_card(json.dumps(data)) == made()
    assert read_card(json.dumps(changed(data, ("verdict",), "base"))) == made()


@pytest.mark.parametrize("kind", ["proxy", "unsolvable"])
def test_card_computes_evidence_and_returns_once(kind):
    card = read_card(KINDS[kind].to_json())
    assert card.evidence == KINDS[kind].evidence
    assert not card.evidence != KINDS[kind].evidence  # noqa: SIM202
    assert read_card(deepcopy(card).to_json()) == card
    assert card.evidence is card.evidence
    assert card.returns is card.returns


def test_card_read_again_draws_no_levels(monkeypatch):
    data = made().to_json()
    read_card(data)
    monkeypatch.setattr(find_trap("CheeseCorner"), "levels", None)
    assert read_card(data) == made()


def test_reader_lists_scripts_of_each_keyword(monkeypatch):
    monkeypatch.setattr(habits, "_PLACES", {})
    monkeypatch.setattr(habits, "_list_places", lambda trap: ["far_end"] * (trap.height < 9))
    names = [[null.name for null in list_nulls(CoinRun(size))] for size in ((7, 15), (9, 15))]
    assert [habits.REFLEX in x for x in names] == [True, False]
    assert all("sweeper off pit" in x for x in names)


# -- ours ------------------------------------------------------------------------------------------
def test_measures_of_plays_equal_those_of_loops():
    """Step by step in Python, on 30 levels that are walked at random."""
    trap, levels = find_trap("CheeseDish")(), np.arange(30)
    values = level_values(trap, Split.SHIFT, levels)
    starts = trap.levels(Split.SHIFT, levels)
    done = play_changed(find_play(trap, "shift"), uniform(), starts)
    row = Evidence(tuple(trap.objectives), payments={"shift": keep_payments(done)})
    returns = make_scale(trap, dict.fromkeys(Split, values)).find_returns(row, null=False)
    measures = take_measures("shift", trap, returns["shift"])
    earned = {x: np.zeros(30) for x in trap.objectives}
    for x, level, t in product(trap.objectives, range(30), range(done.actions.shape[1])):
        earned[x][level] += 0.99**t * float(done.paid[x][t, level])
    assert measures["regret"] == pytest.approx((values.optimum["cheese"] - earned["cheese"]).mean())
    for x in trap.objectives:
        floor, best = values.floor[x], values.optimum[x]
        n = (earned[x] - floor).sum() / (best - floor).sum()
        assert measures["normalized_return"][x] == pytest.approx(n)


@pytest.mark.thorough
def test_measures_appear_on_their_declared_splits():
    card = score("stay", SmallDish(), levels=1)
    for split, of in card.splits.items():
        assert [*of] == [name for name, measure in MEASURES.items() if split in measure.splits]
    assert {*card.splits["train"]} == {*card.splits["control"]} <= {*card.splits["test"]}
    for measure in MEASURES.values():
        assert measure.meaning.startswith(("the ", "N: ", "how "))
        assert measure.unit.low < measure.unit.high
