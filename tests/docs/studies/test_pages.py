"""The scripts of pages: each trains, judges, and fills its page, and trains nothing twice."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from docs.studies import attributes, seeds

MARK = "<!-- {} -->\nold\n<!-- until here -->\n"
STUDIES = {"attributes": "rho", "reproduction": "time", "objective": "reactive"}
SCRIPTS = sorted(Path(attributes.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", [path.stem for path in SCRIPTS if "argparse" in path.read_text()])
def test_a_script_names_its_command(name, capsys):
    module = import_module(f"docs.studies.{name}")
    if hasattr(module, "main"):
        with pytest.raises(SystemExit, match="0"):
            module.main(["--help"])
        assert f"python -m docs.studies.{name}" in capsys.readouterr().out


@pytest.mark.thorough
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_goes_from_training_to_its_page_and_trains_nothing_twice(
    name, tmp_path, monkeypatch, capsys
):
    module, part = import_module(f"docs.studies.{name}"), STUDIES[name]
    (first, *_) = module.make_groups()[part]
    small = first._replace(run=replace(first.run, steps=1), seeds=first.seeds[:2])
    monkeypatch.setattr(module, "make_groups", lambda: {part: [small]})
    monkeypatch.setattr(attributes, "LEADS", (2,))
    for each in (module, seeds):
        monkeypatch.setattr(each, "OUT", tmp_path, raising=False)
    mark = "objective" if name == "objective" else part
    page = tmp_path / "page.md"
    page.write_text(f"before\n{MARK.format(mark)}after\n")
    command = [part, "--levels", "4", "--page", str(page)]
    assert module.main(command) == 0
    assert "2 steps" in capsys.readouterr().err
    filled = page.read_text()
    assert "old" not in filled
    assert "| --- |" in filled
    assert module.main(command) == 0
    assert "steps" not in capsys.readouterr().err
    assert page.read_text() == filled
    other = small._replace(run=replace(small.run, num_levels=9))
    monkeypatch.setattr(module, "make_groups", lambda: {part: [other]})
    assert module.main(command) == 2
    assert "was trained by python -m agents.train --trap " in capsys.readouterr().err
    assert module.main([part, "--page", "setup.cfg"]) == 2
    assert f"setup.cfg has no place for the tables: <!-- {mark} -->" in capsys.readouterr().err
    assert module.main([f"{part}s"]) == 2
    assert f"Did you mean {part!r}" in capsys.readouterr().err
