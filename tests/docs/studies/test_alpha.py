"""The curves of choice against alpha, from made-up cards."""

from boards import CORNER, card, training, write

from docs.studies.alpha import read_curves, tabulate


def test_agents_are_ordered_by_the_share_of_the_shift_in_their_training(tmp_path):
    cards, trainings = [], []
    for alpha, base in ((0.0, 0.0), (0.3, 0.75), (0.01, 0.25)):
        name = f"ppo-alpha{alpha:g}" if alpha else "ppo"
        for seed in range(2):
            cards.append(card(CORNER, f"{name}-s{seed}", base, 0.25, shift=base))
            trainings.append(training(CORNER, name, seed, alpha))
    curves = read_curves(write(tmp_path, cards, trainings))
    assert {key: [*curve] for key, curve in curves.items()} == {(CORNER, "ppo"): [0.0, 0.01, 0.3]}
    assert [shares["base"] for shares in curves[CORNER, "ppo"].values()] == [0.0, 0.25, 0.75]
    row = "| CheeseCorner | ppo | .00 / .25 / .75 | .25 / .25 / .50 | .75 / .25 / .00 |"
    assert tabulate(curves).splitlines()[-1] == row
