"""Operations of torch: their number, device, and waits of the host."""

import pytest

torch = pytest.importorskip("torch")
TorchDispatchMode = pytest.importorskip("torch.utils._python_dispatch").TorchDispatchMode

tree_leaves = pytest.importorskip("torch.utils._pytree").tree_leaves

# Operations after which the host must have waited for the device.
WAITING = ("_local_scalar_dense", "nonzero", "item", "is_nonzero", "equal", "masked_select")


# What an index sets by a number: on CUDA torch makes a tensor of it on the CPU, and copies that.
SETTING = ("index_put_", "index_put", "_index_put_impl_")


class OneDevice(TorchDispatchMode):
    """Raises at an operation that takes or makes a tensor of another device, or copies a number.

    Such a copy cannot be captured in a CUDA graph.

    Args:
        device: the type of the only device; ``meta`` stands for devices that this machine lacks.
    """

    def __init__(self, device="meta"):
        super().__init__()
        self.device = device

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        outputs = func(*args, **(kwargs or {}))
        for leaf in tree_leaves((args, kwargs, outputs)):
            if isinstance(leaf, torch.Tensor) and leaf.device.type != self.device:
                raise AssertionError(f"{func} has a tensor on {leaf.device}")
        if func.overloadpacket.__name__ in SETTING and not args[2].ndim:
            raise AssertionError(f"{func} sets a number, which is copied from the CPU")
        return outputs


class KernelCount(TorchDispatchMode):
    """Counts operations that start work, and raises at one that waits or copies from the device.

    Attributes:
        count: of operations, each at least one kernel; views do not count.
    """

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name, place = func.overloadpacket.__name__, (kwargs or {}).get("device")
        if name in WAITING or (name == "_to_copy" and torch.device(place or "meta").type == "cpu"):
            raise AssertionError(f"{func} waits for the device")
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))
