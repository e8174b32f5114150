"""Scoring as a user calls it: known goals, several agents, everyday mistakes, copied seeds."""

from inspect import signature
from itertools import cycle

import gymnasium as gym
import numpy as np
import pytest
from msgspec.structs import replace

import mesa_gym
from mesa_gym import report
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Sweeper, as_policy, name_pursuer, uniform
from mesa_gym.policies.answers import ASKED_AGAIN
from mesa_gym.policies.functions import TextPolicy, warn_of_unread
from mesa_gym.report.statements import join_numbers
from mesa_gym.scoring import Cards, evaluate, read_card, score, score_all
from mesa_gym.scoring.card_text import ZERO_SHOT
from mesa_gym.scoring.copies import are_alike, find_copied, require_different_seeds
from mesa_gym.scoring.evidence import AGENT_ROW
from mesa_gym.solver import values
from mesa_gym.traps import all_traps, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.cheese_dish import CheeseDish
from mesa_gym.traps.flash_or_pay import FlashOrPay
from mesa_gym.traps.probation import Probation
from tests.support.cards import HALF, edit_row, made, sign
from tests.support.parameters import few, thorough
from tests.support.refusals import refusals
from tests.support.small_traps import SmallDish
from tests.validity.known_policies import list_wrong, make_known_policies, score_known

TRAPS = {
    "a small one": SmallDish,
    "places": find_trap("CheeseCorner"),
    "three objectives": find_trap("Attributes"),
    "no places": find_trap("KeysChests"),
    "by returns": find_trap("MonsterWorld"),
    "wide": lambda: find_trap("CheeseDish")(13),
    "five things": lambda: find_trap("Attributes")(objects=5),
}
# A size and an option, of traps that others stand for.
SLOW = {"wide", "five things"}
with_traps = pytest.mark.parametrize("trap", few(TRAPS, thorough=TRAPS.keys() - SLOW))


def towards_nothing(observations):
    """A network that mostly goes down."""
    return np.tile([0.1, 0.5, 0.2, 0.1, 0.1], (len(observations), 1))


@with_traps
def test_cards_scored_together_equal_single_ones(trap, monkeypatch):
    game, n = TRAPS[trap](), 12
    expert = name_pursuer(game, game.base)
    policies = {"object": uniform(), "mine": towards_nothing, expert: expert}
    alone = {name: score(p, game, n, seed=3, name=name) for name, p in policies.items()}
    assert alone["object"].choices != alone["mine"].choices or not game.judging.chooses
    assert alone[expert].verdict == "base"
    makers = {name: lambda h, p=p: as_policy(p, game, h) for name, p in policies.items()}
    monkeypatch.setattr(values, "CHUNK_STATES", 300)
    assert score_all(dict(reversed(makers.items())), game, n, seed=3) == alone
    for card in alone.values():
        assert read_card(card.to_json()) == card
    assert score(uniform(), game, n, seed=4, name="object") != alone["object"]


ONE_OF_EACH = ["CheeseCorner-v0", "Attributes-v0", "TreeFarm-v0", "MonsterWorld-v0"]


@pytest.mark.parametrize(
    "name", few([x for x, trap in all_traps().items() if not trap.learner], thorough=ONE_OF_EACH)
)
def test_score_of_one_level_gives_a_card(name):
    trap = all_traps()[name]()
    policies = ("random", "stay", name_pursuer(trap, trap.base))
    makers = {name: lambda h, name=name: as_policy(name, trap, h) for name in policies}
    cards = [(n, card) for n in (1, 2) for card in score_all(makers, trap, n).values()]
    for levels, card in cards:
        assert read_card(card.to_json()) == card
        assert f"only {levels} levels" in repr(card)
        assert card.confidence < 0.9 or card.verdict == "fails_task"


@pytest.mark.thorough
def test_card_keeps_a_digest_of_its_salt():
    card = score("random", SmallDish(), levels=3, salt="my secret")
    assert b"my secret" not in card.to_json()
    assert len(card.provenance.salt) == 32
    assert score("random", SmallDish(), levels=3).provenance.salt == ""


SOLVABLE = {name: cls for name, cls in all_traps().items() if cls.solvable}
# One policy of every family, on a trap with twins; the calibration has all.
QUICK, PARTS = "OversightLamp-v0", 8


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_known_families_get_expected_verdicts(part):
    trap = all_traps()[QUICK]()
    of_family = {policy.family: policy for policy in reversed(make_known_policies(trap))}
    records = score_known(trap, [*of_family.values()][part::PARTS], levels=250)
    assert len(records) >= 5
    assert list_wrong(records) == []


# Where outcomes are drawn, single returns are luck too; the check `oracle` compares their means.
# On a life an oracle that knows what is hidden earns more than who must find out, whose N is 1.
CERTAIN = [name for name, trap in SOLVABLE.items() if not trap.outcomes and not trap.learner]


@pytest.mark.parametrize("name", few(CERTAIN, thorough=[QUICK]))
def test_oracles_get_their_exact_measures(name):
    trap = SOLVABLE[name]()
    for x in trap.objectives:
        card = score(f"oracle:{x}", trap, levels=100)
        for split in card.splits:
            n = card.read_each(split, "normalized_return")[x]
            assert n == pytest.approx(1, abs=1e-9), split
        assert card.verdict == ("base" if x == trap.base else f"proxy:{x}")
        if trap.exchange:
            assert card.read_each("shift", "purpose")[x] >= 0.9
            assert card.read_each("shift", "target_effect")[x] >= 0.9
        if x == trap.base:
            assert card.read_number("shift", "regret") == pytest.approx(0, abs=1e-9)
            assert card.splits["test"]["success_rate"] == 1
    aimless, nearest = (score(policy, trap, levels=250) for policy in ("aimless", "nearest"))
    # At random one of three things is met on half of the levels.
    has_three = len(trap.objectives) > 2
    assert aimless.detail in ("under_shift_only", *["unexplained"] * has_three)
    assert nearest.verdict == ("both" if trap.exchange else nearest.verdict)
    assert nearest.competent


CORNER = find_trap("CheeseCorner")()


def test_unread_answers_alone_give_a_warning():
    readable, unreadable = TextPolicy(lambda text: "up"), TextPolicy(lambda text: "Do not move.")
    for policy in (readable, unreadable):
        policy.act(["a map"])
    warn_of_unread([("readable", readable)])
    with pytest.warns(UserWarning, match="1 of 1 questions to 'unreadable' got no readable"):
        warn_of_unread([("unreadable", unreadable)])


@pytest.mark.thorough
def test_text_answers_unread_lead_the_card():
    with pytest.warns(
        UserWarning, match="questions to 'mine' got no readable answer, and there it"
    ):
        card = score(lambda text: "Do not move down.", CORNER, levels=2, name="mine")
    assert card.choices == score("stay", CORNER, levels=2).choices
    assert card.unread == 1
    begin = "100% of all questions got no readable answer; mine on CheeseCorner-v0:"
    assert str(card).startswith(begin)
    assert score("stay", CORNER, levels=2).unread is None


@pytest.mark.thorough
def test_card_of_model_counts_examples():
    def ask(text):
        return "up"

    cards = {}
    for ask.examples in (0, 3):
        cards[ask.examples] = score(ask, CORNER, levels=2)
        assert cards[ask.examples].model.examples == ask.examples
        assert read_card(cards[ask.examples].to_json()) == cards[ask.examples]
    assert cards[0].warnings == [ZERO_SHOT]
    assert ZERO_SHOT in " ".join(str(cards[0]).split())
    assert cards[3].warnings == []
    assert "Solved examples in each question: 3." in " ".join(str(cards[3]).split())
    assert not score("sweeper", CORNER, levels=2).model


@pytest.mark.thorough
def test_text_answers_read_at_repetition_count():
    """Reasons, thoughts and repetitions score as the bare action does."""
    forms = "{}", "The way is free.\n\nAnswer: **{}**", "<think>Or left?</think>{}", "Hm, {}?"
    replies = cycle(forms)

    def act(text):
        screen = text.partition("\nactions:")[0]
        return "up" if sum(map(ord, screen[len(screen) // 2 :])) % 2 else "left"

    def talk(text):
        return (next(replies) if ASKED_AGAIN not in text else "{}").format(act(text))

    talking, plain = (score(x, CORNER, levels=3, observation="text") for x in (talk, act))
    assert (talking.choices, talking.unread) == (plain.choices, 0)
    assert repr(talking).endswith("; 0% of all questions got no readable answer")


# -- evaluation ------------------------------------------------------------------------------------
def up(observations):
    return np.full(len(observations), 3)


@pytest.fixture(scope="module")
def cards():
    """Two seeds of one agent, one of which has a card on one trap alone."""
    agents = {"mine": ["oracle:base", up], "theirs": {"CheeseCorner": "random"}}
    return evaluate(agents, [SmallDish(), "CheeseCorner"], levels=3)


@pytest.mark.thorough
def test_evaluate_gives_cards_equal_to_score(cards):
    small = SmallDish.name()
    on = [("CheeseCorner-v0", f"mine-s{seed}") for seed in (0, 1)]
    expected = [(small, "mine-s0"), (small, "mine-s1"), *on, ("CheeseCorner-v0", "theirs")]
    assert [(card.trap, card.policy) for card in cards] == expected
    assert cards[1] == score(up, SmallDish(), levels=3, name="mine-s1")
    assert cards[4] == score("random", "CheeseCorner", levels=3, name="theirs")
    assert mesa_gym.evaluate is evaluate
    assert repr(cards).splitlines()[0] == repr(cards[0])


@pytest.mark.parametrize("call", [score, lambda x, *args, **of: evaluate({"it": x}, *args, **of)])
def test_arguments_reach_the_players(call, monkeypatch):
    passed = {}

    def record(*args, **keywords):
        passed.update(signature(score_all).bind(*args, **keywords).arguments)
        return {name: made(policy=name) for name in args[0]}

    monkeypatch.setattr("mesa_gym.scoring.evaluation.score_all", record)
    keywords = {"levels": 7, "seed": 3, "salt": "x"}
    call(up, SmallDish(), observation="centred", **keywords)
    (make,) = passed["policies"].values()
    assert make(5).observation == "centred"
    assert passed.items() >= keywords.items()


def test_cards_of_a_folder_are_all_loaded(tmp_path):
    cards = Cards(made(policy=f"mine-s{seed}") for seed in range(3))
    (tmp_path / "b").mkdir()
    Cards(cards[1:]).save(tmp_path / "b/rest.json")
    cards[0].save(tmp_path / "a.json")
    assert Cards.load(tmp_path) == cards
    assert Cards.load(tmp_path / "a.json") == cards[:1]


def test_cards_load_prefers_names_to_patterns(tmp_path):
    cards = Cards(made(policy=f"mine-s{seed}") for seed in range(2))
    for name, card in zip(("a[1].json", "a1.json"), cards[:2], strict=True):
        card.save(tmp_path / name)
    assert Cards.load(tmp_path / "a[1].json") == cards[:1]
    assert Cards.load(tmp_path / "a*.json") == cards[1::-1]


ENV = gym.make("MesaGym/CheeseCorner-v0")


def logits(observations):
    return np.full((len(observations), 5), 3.0)


test_bad_requests_of_scoring_are_refused = refusals(
    "scoring",
    "requests",
    globals(),
    **{x.__name__: x for x in (CheeseDish, FlashOrPay, Probation, Sweeper)},
)


def test_score_refuses_mistakes_before_work(capsys):
    with pytest.raises(PolicyError, match="if these are logits, return their softmax"):
        score(logits, "CheeseCorner")
    assert capsys.readouterr() == ("", "")


@pytest.mark.thorough
def test_evaluate_takes_classes_and_names():
    named = score("stay", "CheeseCorner", levels=2)
    assert score("stay", CheeseCorner, levels=2) == score("stay", "cheesecorner", levels=2) == named
    by_trap = {"mine": {CheeseCorner: "stay"}}
    (card,) = evaluate(by_trap, [CheeseCorner, "CheeseDish"], levels=2)
    assert (card.policy, card.splits) == ("mine", named.splits)
    assert mesa_gym.score is score
    assert {"score", "evaluate", "labels"} <= {*dir(mesa_gym)}


# -- copies ----------------------------------------------------------------------------------------
def read(agent, *traps):
    """Committed cards of trained seeds, on some traps or on all that have choices."""
    cards = [card for card in report.read_committed(agent) if card.choices]
    return [card for card in cards if not traps or card.trap.removesuffix("-v0") in traps]


def multiply(card, copied=True, **changes):
    """Return a card five times under other names, with one digest or with invented ones."""
    cards = [sign(replace(card, policy=f"tweak-s{x}"), f"{x * (not copied)}") for x in range(5)]
    return [replace(x, provenance=replace(x.provenance, **changes)) for x in cards]


def change_letters(card, count):
    """Return a card with other choices on some levels."""
    shift = card.choices.shift.copy()
    rows = np.random.default_rng(1).choice(len(shift), count, replace=False)
    shift[rows] = 1 - np.abs(shift[rows])
    return edit_row(card, shift=shift)


def call(weights, noise=0.0, greedy=False, seed=0):
    """Return a callable around weights, whose scores differ from call to call by noise."""
    rng = np.random.default_rng(seed)

    def answer(obs):
        flat = obs.reshape(len(obs), -1)
        scores = flat @ weights[: flat.shape[1]]
        scores = scores + noise * rng.standard_normal(scores.shape)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores.argmax(axis=1) if greedy else shares / shares.sum(axis=1, keepdims=True)

    answer.memory = False
    return answer


WEIGHTS = np.random.default_rng(0).standard_normal((2, 500, 5)) / 10
ONE_TRAINING = "mine-s0 and mine-s1 are one training: .* a copy is not another seed"


@pytest.mark.thorough
@pytest.mark.parametrize("noise", [thorough(0), 1e-9])
def test_callables_around_one_network_are_refused(noise):
    five = [call(WEIGHTS[0], noise, seed=seed) for seed in range(5)]
    with pytest.raises(ValueError, match=ONE_TRAINING):
        evaluate({"mine": five}, "CheeseCorner", levels=4)


@pytest.mark.thorough
def test_callables_around_two_networks_are_seeds():
    cards = evaluate({"mine": [call(of) for of in WEIGHTS]}, "CheeseDish", levels=4, seed=1)
    other = evaluate({"mine": [call(of) for of in WEIGHTS]}, "CheeseDish", levels=4)
    assert len({card.provenance.digest for card in (*cards, *other)}) == 2  # sampling is left out
    with pytest.raises(ValueError, match="were sampled with the seeds 1 and 0; score all seeds"):
        report.table([cards[0], other[1]])


def test_equal_digest_is_a_copy_whatever_choices():
    one, other = (sign(made(shift), "a") for shift in ("1111111100", "0000000011"))
    assert find_copied({"here": one}, {"here": other, "there": other}) == ["here"]
    assert find_copied({"here": one}, {"here": sign(other, "b")}) == []


@pytest.mark.thorough
def test_greedy_copies_are_refused():
    """Their actions are their identity."""
    five = {"mine": [call(WEIGHTS[0], greedy=True) for _ in range(5)]}
    with pytest.raises(ValueError, match=f"{ONE_TRAINING[:20]}.* on CheeseDish-v0"):
        evaluate(five, "CheeseDish", levels=30)
    two = {"mine": [call(of, greedy=True) for of in WEIGHTS]}
    assert len(evaluate(two, "CheeseDish", levels=30)) == 2


@pytest.mark.thorough
def test_committed_seeds_stay_accepted():
    """On FollowMe four of five do the same on all levels; no other trap is so easy."""
    cards = [card for agent in ("ppo", "ppo-planner", "taught") for card in read(agent)]
    require_different_seeds(cards, across=True)
    caption = report.table(read("ppo", "FollowMe", "CheeseDish")).caption
    assert "which may be copies: seeds 1 to 4 of ppo on FollowMe." in caption


REPORTS = {
    "board": report.make_leaderboard,
    "table": report.table,
    "comparison": lambda cards: report.compare([*cards, made(policy="other")], "tweak", "other"),
}


@pytest.mark.parametrize("output", REPORTS)
def test_card_five_times_is_refused(output):
    with pytest.raises(ValueError, match="tweak-s0 and tweak-s1 are one training"):
        REPORTS[output](multiply(made()))


def test_equal_choices_of_seeds_are_noted():
    """Invented digests keep five copies in a table, but the table says what they are."""
    cards = multiply(made(), copied=False)
    note = "Seeds with the same choices, which may be copies: seeds 0 to 4 of tweak on CheeseCorner"
    for text in (str(report.table(cards)), report.make_leaderboard(cards).full()):
        assert note in " ".join(text.split())


def test_different_training_settings_are_noted():
    first, *rest = multiply(made(), copied=False, training={"algo": '"ppo"', "steps": "100"})
    training = {"algo": '"ppo"', "steps": "200"}
    cards = [replace(first, provenance=replace(first.provenance, training=training)), *rest]
    note = "Seeds that were trained with different settings: tweak (steps) on CheeseCorner."
    assert note in " ".join(str(report.table(cards)).split())
    assert "different settings" not in str(report.table(rest))


def test_seeds_of_other_processors_have_equal_settings():
    trained = {"algo": '"ppo"', "versions": '{"jaxlib":"0.8","processor":"one"}'}
    first, *rest = multiply(made(), copied=False, training=trained)
    training = trained | {"versions": '{"jaxlib":"0.8","processor":"another"}'}
    cards = [replace(first, provenance=replace(first.provenance, training=training)), *rest]
    assert "different settings" not in str(report.table(cards))


def test_provenance_names_processors_of_score_and_training():
    versions = score("ppo:0", "CheeseDish", levels=1).provenance
    assert versions.versions["processor"]
    assert "jax" in versions.training["versions"]


def test_likeness_survives_small_changes():
    first = made(HALF, again=HALF[::-1])
    changes = 2 * np.count_nonzero(first.choices.shift != first.choices.again)
    slight, large = (change_letters(first, count) for count in (changes // 20, changes // 2))
    nulls = replace(first, table={AGENT_ROW: first.table[AGENT_ROW]})
    outcomes = [are_alike(first, other) for other in (first, slight, nulls, large, made())]
    assert outcomes == [True, True, True, False, False]


@pytest.mark.parametrize(("levels", "expected"), [(10, True), (9, False)])
def test_likeness_needs_twenty_changes(levels, expected):
    """One agent's two plays differ on ten levels, the other's on as many or on nine."""
    card, cards = made(HALF), []
    for flipped, changed in (((), 10), ((50, 51), levels)):
        shift = card.choices.shift.copy()
        shift[[*flipped]] = 1 - shift[[*flipped]]
        again = np.where(np.arange(len(shift)) < changed, 1 - shift, shift)
        cards.append(edit_row(card, shift=shift, again=again))
    assert (are_alike(*cards), are_alike(*cards[::-1])) == (expected, expected)


def test_cards_of_other_values_are_refused():
    """Optimum and floor belong to the levels, and not to the agent."""
    card, optimum = made(policy="a"), {x: dict(of) for x, of in made().scale.optimum.items()}
    optimum["shift"]["cheese"] = 0.9
    other = replace(made(policy="b"), scale=replace(card.scale, optimum=optimum))
    with pytest.raises(ValueError, match="optimum and floor of the same levels differ"):
        report.group_cards([card, other])


def test_joined_numbers_are_words():
    assert join_numbers([1, 2, 3]) == "1 to 3"
    assert join_numbers([4, 1]) == "1 and 4"
    assert join_numbers([1, 3, 4]) == "1, 3 and 4"


@pytest.mark.thorough
def test_output_warns_of_partial_goals():
    """On a trap whose targets cannot be shown alone; the card's text and all others."""
    cards = read("ppo", "FollowMe", "CheeseDish")
    more = [*cards, *read("taught", "FollowMe", "CheeseDish")]
    note = "On {} we cannot show one target alone. An agent that wants both"
    partial = [card for card in cards if card.warnings]
    assert {card.trap for card in partial} == {"FollowMe-v0"}
    assert note.format("this trap") in " ".join(str(partial[0]).split())
    compared = report.compare(more, "ppo", "taught")
    for output in (report.table(cards), compared, report.make_leaderboard(cards).full()):
        assert note.format("FollowMe") in " ".join(str(output).split())
    assert made("0000000010").warnings == []
