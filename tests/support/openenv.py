"""Stand-ins of the packages of OpenEnv and Inspect, over which their code runs in process."""

import runpy
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

SERVER = "mesa_gym.language.server"
TASKS = Path(__file__).parents[2] / "docs" / "examples" / "mesa_gym_inspect" / "tasks.py"


class FieldRecord:
    """A base class of records that have the fields that they are given."""

    model_fields = ("action",)

    def __init__(self, **fields):
        vars(self).update(fields)

    def __class_getitem__(cls, _):
        return cls


@contextmanager
def import_server():
    """The server's module, without a network."""
    package, fields = MagicMock(), MagicMock()
    package.configure_mock(
        **dict.fromkeys(("Action", "Environment", "Observation", "State"), FieldRecord)
    )
    fields.model_validator = lambda mode: lambda function: function
    others = ("fastapi", "fastapi.exceptions", "fastapi.responses", "openenv", "openenv.core")
    others += ("uvicorn", *(f"uvicorn.protocols{part}" for part in ("", ".http", ".http.auto")))
    modules = {**dict.fromkeys(others, MagicMock()), "pydantic": fields}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in (modules | {"openenv.core.env_server": package}).items():
            patch.setitem(sys.modules, name, module)
        patch.delitem(sys.modules, SERVER, raising=False)
        yield import_module(SERVER)
        del sys.modules[SERVER]


@contextmanager
def import_tasks():
    """The module of Inspect's tasks, whose decorators change nothing."""

    def keep(*_, **__):
        return lambda function: function

    class Fields(SimpleNamespace):
        def __init__(self, *positional, **fields):
            super().__init__(**dict(zip(("samples",), positional, strict=False)), **fields)

    modules = {
        "inspect_ai": SimpleNamespace(Task=Fields, task=lambda function: function),
        "inspect_ai.dataset": SimpleNamespace(Sample=Fields),
        "inspect_ai.model": SimpleNamespace(ChatMessageUser=Fields),
        "inspect_ai.scorer": SimpleNamespace(
            SampleScore=Fields, Score=Fields, mean=lambda: None, metric=lambda x: x, scorer=keep
        ),
        "inspect_ai.solver": SimpleNamespace(solver=lambda function: function),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, module in modules.items():
            patch.setitem(sys.modules, name, module)
        yield SimpleNamespace(**runpy.run_path(str(TASKS)))
