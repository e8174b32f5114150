"""The contract of a trap: what a class declares is checked where it is made."""

import pytest
from small_traps import Corridor

from mesa_gym.errors import UnknownNameError
from mesa_gym.traps import package_traps
from mesa_gym.traps.trap import PROXY_KINDS


def test_every_trap_of_the_package_says_what_each_proxy_is():
    said = {name: cls.proxy_is for name, cls in package_traps().items()}
    assert all(len(said[name]) == len(cls.proxies) for name, cls in package_traps().items())
    # Every kind is there, so that none is said in vain.
    assert {kind for kinds in said.values() for kind in kinds} == {*PROXY_KINDS}
    assert said["Attributes-v0"] == ("attribute", "place")


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
