"""Twelve mistakes of an author: the first message names each, and little else is said."""

import re

import pytest

from mesa_gym.testing import ConformanceError, check_trap
from tests.support.broken_traps import LONG
from tests.support.mistakes import MISTAKES, make_mistake
from tests.support.parameters import thorough

SLOW = {"layout of rows and columns", "two numbers", "payment again and again"}
SLOW |= {"a rule without effect", "an option that moves levels"}


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", [thorough(x) if x in SLOW else x for x in MISTAKES])
def test_check_trap_names_a_mistake_first(name, tmp_path):
    mistake, others = MISTAKES[name], ()
    try:
        check_trap(make_mistake(name, tmp_path), 20, skip=LONG)
        said = ""
    except ConformanceError as error:
        said, others = f"{error.args[0]}\n{error.line}", error.others
    assert bool(said) == bool(mistake.says), said
    assert re.search(mistake.says, said), said
    assert mistake.line in said
    assert len(others) <= 1, others
