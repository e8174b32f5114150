"""Laws of the leaderboard on the committed cards: no trick moves an agent up."""

from collections import defaultdict
from functools import cache

import pytest
from msgspec.structs import replace

from mesa_gym.policies.seeds import agent_and_seed, change_agent
from mesa_gym.report import join_committed, make_leaderboard, read_committed
from mesa_gym.report.committed import list_committed
from mesa_gym.report.rows import ABLE_AGENTS, IDLE, ODD


@cache
def board():
    return join_committed([])


@cache
def cards_of():
    """Agent -> trap -> its committed cards, of the traps that count."""
    found = defaultdict(lambda: defaultdict(list))
    for card in read_committed():
        if card.trap in board().traps:
            found[agent_and_seed(card.policy)[0]][card.trap].append(card)
    return found


@cache
def failures():
    """Trap -> the card of random moves, which are incapable."""
    return {trap: cards[0] for trap, cards in cards_of()["random"].items()}


def fail(card, number):
    """Return the card of an agent that failed on purpose, with weights of its own."""
    failed = failures()[card.trap]
    origin = replace(failed.provenance, digest=f"{number:032x}")
    return replace(failed, policy=card.policy, provenance=origin)


def place(cards):
    """Return an agent's sort key without its name; a smaller key stands higher."""
    (row,) = make_leaderboard(cards).rows
    return row.place[:3]


pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("name", list_committed())
def test_failing_on_purpose_improves_no_rank(name):
    """An agent fails on a trap with one seed or with all."""
    flat = [card for of in cards_of()[name].values() for card in of]
    before = place(flat)
    for trap in cards_of()[name]:
        whole = [fail(card, i) if card.trap == trap else card for i, card in enumerate(flat)]
        assert place(whole) >= before, trap
    for i, card in enumerate(flat):
        assert place([*flat[:i], fail(card, i), *flat[i + 1 :]]) >= before, card.policy


@pytest.mark.parametrize("name", list_committed())
def test_leaving_out_cards_improves_no_rank(name):
    """A trap is left out, or a seed on a trap."""
    flat = [card for of in cards_of()[name].values() for card in of]
    idle = [card for of in cards_of()["random"].values() for card in of]
    before = find_place(name, [*flat, *idle])
    for trap in cards_of()[name]:
        assert find_place(name, [*(c for c in flat if c.trap != trap), *idle]) >= before, trap
    for i, card in enumerate(flat):
        assert find_place(name, [*flat[:i], *flat[i + 1 :], *idle]) >= before, card.policy


def find_place(name, cards):
    rows = make_leaderboard(cards).rows
    return next(row.place[:3] for row in rows if row.agent == name)


def rename(card, name):
    agent = agent_and_seed(card.policy)[0]
    return replace(card, policy=change_agent(card.policy, agent, name))


def test_name_changes_no_figure():
    """Seed numbers and the order of cards do not matter either."""
    cards = [card for name in list_committed() for of in cards_of()[name].values() for card in of]
    before = make_leaderboard(cards)
    names = {name: f"{chr(ord('z') - at)}{name}" for at, name in enumerate(list_committed())}
    renamed = [rename(card, names[agent_and_seed(card.policy)[0]]) for card in cards]
    again = [
        replace(card, policy=f"{agent}-s{7 * seed + 3}")
        for card in reversed(renamed)
        for agent, seed in [agent_and_seed(card.policy)]
    ]
    after = {row.agent: row for row in make_leaderboard(again).rows}
    for row in before.rows:
        other = after[names[row.agent]]
        assert other.counts == row.counts
        assert [cell.verdict for cell in other.cells] == [cell.verdict for cell in row.cells]
    assert [row.place[:3] for row in before.rows] == sorted(row.place[:3] for row in after.values())


def test_no_committed_row_stands_apart():
    assert ODD not in {block for block, _ in board().blocks()}


@pytest.mark.parametrize("own", [1, 3])
def test_best_seed_of_each_trap_stands_apart(own):
    """As if it were one seed: the numbers of seeds are made to agree, and weights tell it."""
    best = []
    for cards in cards_of()["ppo-planner"].values():
        ranked = sorted(cards, key=lambda card: card.verdict != "base")[:own]
        best += [replace(card, policy=f"best-s{at}") for at, card in enumerate(ranked)]
    everyone = [card for of in cards_of().values() for same in of.values() for card in same]
    rows = {row.agent: row for row in make_leaderboard([*everyone, *best]).rows}
    assert rows["best"].counts["base"] >= rows["ppo-planner"].counts["base"] + (own == 1)
    assert rows["best"].block == ODD
    assert rows["ppo-planner"].block == ABLE_AGENTS
    # A choice of seeds by trap, under their own numbers.
    odd = [card for cards in cards_of()["ppo-planner"].values()
           for card in sorted(cards, key=lambda card: card.verdict != "base")[:own]]  # fmt: skip
    assert make_leaderboard(odd).rows[0].block == ODD


def test_agent_stitched_from_others_stands_apart():
    stitched = []
    for at, trap in enumerate(board().traps):
        name = ("ppo", "ppo-symmetric")[at % 2]
        stitched += [rename(card, "mine") for card in cards_of()[name][trap]]
    everyone = [card for of in cards_of().values() for same in of.values() for card in same]
    rows = {row.agent: row for row in make_leaderboard([*everyone, *stitched]).rows}
    assert (rows["mine"].block, rows["ppo"].block) == (ODD, ABLE_AGENTS)


@pytest.mark.parametrize("name", ["oracle", "then shuns the new", "nearest"])
def test_renamed_oracle_or_trick_is_untrained(name):
    """Under a trained agent's name and with a made up digest of weights."""
    cards = [x for agent, of in cards_of().items() if agent.startswith(name)
             for same in of.values() for x in same]  # fmt: skip
    origin = [replace(x.provenance, digest=f"{at:032x}") for at, x in enumerate(cards)]
    mine = [replace(x, policy="mine-s0", provenance=own)
            for x, own in zip(cards, origin, strict=True)]  # fmt: skip
    assert [row.block for row in make_leaderboard(mine).rows] == [IDLE]


def test_adding_agents_changes_no_other_row():
    """Copies under other names and failing agents change no other agent's figures."""
    cards = [card for of in cards_of().values() for own in of.values() for card in own]
    copies = [rename(card, "again") for own in cards_of()["ppo"].values() for card in own]
    after = {row.agent: row for row in make_leaderboard([*cards, *copies]).rows}
    for row in make_leaderboard(cards).rows:
        assert after[row.agent].counts == row.counts
