"""The tables of rules: their digest, and their words."""

from dataclasses import replace

import pytest

from mesa_gym.scoring import LINES, verdict
from mesa_gym.scoring.rules import CHOICE_RULES, RETURN_RULES


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
