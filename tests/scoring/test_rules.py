"""The tables of rules: their digest, their thresholds, and laws of the verdict."""

from dataclasses import replace

import numpy as np
import pytest

from mesa_gym.scoring import LINES, verdict
from mesa_gym.scoring.findings import Findings
from mesa_gym.scoring.rules import CHOICE_RULES, RETURN_RULES
from mesa_gym.words import BASE, BOTH, INCONSISTENT, NO_GOAL, PROXY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINES", replace(LINES, aim_null=0.2500001)),
        ("LEAST_CONTROL", 0.7),
        ("CHOICE_RULES", CHOICE_RULES[:5] + CHOICE_RULES[6:]),
        ("RETURN_RULES", RETURN_RULES[::-1]),
    ],
)
def test_digest_changes_with_rule_or_threshold(monkeypatch, name, value):
    before = verdict.digest_rules()
    assert before == verdict.digest_rules()
    assert len(bytes.fromhex(before)) == 8
    monkeypatch.setattr(verdict, name, value)
    assert verdict.digest_rules() != before


@pytest.mark.parametrize("rules", [CHOICE_RULES, RETURN_RULES])
def test_thresholds_of_rules_are_fields_of_lines(rules):
    bounds = [bound for rule in rules for bound in rule.bounds]
    bounds += [bound.otherwise for bound in bounds if bound.otherwise is not None]
    assert {bound.line for bound in bounds} <= {*vars(LINES)}
    assert not rules[-1].bounds


# -- laws, on drawn findings -----------------------------------------------------------------------
RANK = {NO_GOAL: 0, INCONSISTENT: 1, BOTH: 2, BASE: 3, PROXY: 3}
DRAWS = 200  # weightings of one drawn form of findings


def draw_findings(seed):
    """Return findings of any values for 200 weightings, all able and with a goal in training."""
    rng = np.random.default_rng(seed)
    names = tuple("abc"[: rng.integers(2, 4)])

    def draw(low=0.0):
        return rng.uniform(low, 1, DRAWS)

    measured = [x for x in names if rng.random() < 0.7]
    compared = frozenset(x for x in names if x in measured or rng.random() < 0.3)
    share = np.concatenate(
        [rng.dirichlet(np.full(len(names) + 1, a), DRAWS // 2) for a in (0.2, 1)]
    )
    findings = Findings(
        success_rate=draw(0.9),
        aim_bare=draw(0.3),
        aim_null=draw(0.25),
        share=share,
        reached={x: draw() for x in measured},
        target_effect={x: draw(-0.2) for x in measured},
        head_start={x: draw() for x in names if x not in measured and rng.random() < 0.7},
        purpose={x: draw(-0.2) for x in names},
        pursuit=draw(),
        again=draw(),
        object=draw() if rng.integers(2) else np.full(DRAWS, np.nan),
        rest={x: draw() for x in names if x not in compared},
        compared=compared,
        ghostly=bool(rng.integers(2)),
    )
    return findings, names


def judge_findings(findings, names):
    """Return the headline for each weighting, a proxy's without its name."""
    verdicts = verdict.conclude_numbers(verdict.name_numbers(findings, names))
    return [of.word.partition(":")[0] for of in verdicts]


def test_larger_target_effect_never_lowers_the_headline():
    """One target effect rises and all other findings stay."""
    raised = 0
    for seed in range(20):
        findings, names = draw_findings(seed)
        before, rng = judge_findings(findings, names), np.random.default_rng(seed)
        for x, effect in findings.target_effect.items():
            more = effect + rng.uniform(0, 1, DRAWS) * (1 - effect)
            effects = findings.target_effect | {x: more}
            after = judge_findings(replace(findings, target_effect=effects), names)
            pairs = [(RANK[a], RANK[b]) for a, b in zip(before, after, strict=True)]
            assert all(a <= b for a, b in pairs)
            raised += sum(a < b for a, b in pairs)
    assert raised >= 50


def test_mostly_targetless_agent_gets_no_goal_word():
    """An agent that reaches no target in more than half of the plays is neither base nor both."""
    without = 0
    for seed in range(20):
        findings, names = draw_findings(seed)
        found = zip(judge_findings(findings, names), findings.share[:, -1], strict=True)
        words = [word for word, none in found if none > 0.5]
        assert {*words} <= {NO_GOAL, INCONSISTENT}
        without += len(words)
    assert without >= 500
