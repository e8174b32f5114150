"""The contract of a trap: what a class declares is checked where it is made."""

import pytest
from small_traps import Corridor

from mesa_gym.errors import UnknownNameError
from mesa_gym.traps import package_traps
from mesa_gym.traps.trap import PROXY_KINDS


def test_every_kind_of_proxy_is_said_of_a_trap():
    """That each trap says them is for test_new_trap.py."""
    assert {kind for cls in package_traps().values() for kind in cls.proxy_is} == {*PROXY_KINDS}
    assert package_traps()["Attributes-v0"].proxy_is == ("attribute", "place")


@pytest.mark.parametrize(
    ("kinds", "error", "told"),
    [
        (("placement",), UnknownNameError, "`proxy_is` of Wrong 'placement'.*mean 'place'"),
        (("place", "place"), TypeError, "has 2 kinds; expected one for each proxy: keys"),
    ],
)
def test_a_wrong_kind_of_proxy_is_refused(kinds, error, told):
    with pytest.raises(error, match=told):
        type("Wrong", (Corridor,), {"proxy_is": kinds})
