"""Operations that torch is asked for: how many, and whether the host waits for one."""

import pytest

torch = pytest.importorskip("torch")
TorchDispatchMode = pytest.importorskip("torch.utils._python_dispatch").TorchDispatchMode

# Operations after which the host must have waited for the device.
WAITING = ("_local_scalar_dense", "nonzero", "item", "is_nonzero", "equal", "masked_select")


class KernelCount(TorchDispatchMode):
    """Counts operations that start work, and raises at one that waits or copies from the device.

    Attributes:
        count: of operations, of which each is a kernel at least; views are none.
    """

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name, place = func.overloadpacket.__name__, (kwargs or {}).get("device")
        if name in WAITING or (name == "_to_copy" and torch.device(place or "meta").type == "cpu"):
            raise AssertionError(f"{func} waits for the device")
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))
