"""The studies' command: each page's command trains, judges, and fills the page, once."""

import json
from dataclasses import replace

import pytest

from benchmarks.studies import attributes, commands, objective, reproduction
from benchmarks.studies.commands import list_studies

MARK = "<!-- {} -->\nold\n<!-- until here -->\n"
STUDIES = {"attributes": (attributes, "rho"), "reproduction": (reproduction, "time"),
           "objective": (objective, "reactive")}  # fmt: skip


def test_every_module_that_is_not_shared_is_a_study(capsys) -> None:
    own = {"attributes", "findings", "intervals", "objective", "reproduction"}
    assert own <= {*list_studies()}
    for name in list_studies():
        with pytest.raises(SystemExit):
            commands.main([name, "--help"])
        assert f"python -m benchmarks study {name}" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        commands.main(["attribute"])
    assert "Did you mean 'attributes'" in capsys.readouterr().err


@pytest.mark.thorough
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_goes_from_training_to_its_page_and_does_nothing_twice(
    name: str, tmp_path, monkeypatch, capsys, units_run_here
) -> None:
    module, part = STUDIES[name]
    (first, *_) = module.make_groups()[part]
    small = replace(first, run=replace(first.run, steps=1), seeds=first.seeds[:2])
    monkeypatch.setattr(module, "make_groups", lambda: {part: [small]})
    monkeypatch.setattr(attributes, "LEADS", (2,))
    page, mark = tmp_path / "page.md", small.study
    page.write_text(f"before\n{MARK.format(mark)}after\n")
    command = [name, part, "--levels", "4", "--out", str(tmp_path), "--page", str(page)]
    assert commands.main(command) == 0
    assert "done: " in capsys.readouterr().err
    filled = page.read_text()
    assert "old" not in filled
    assert "| --- |" in filled
    about, rows = json.loads((tmp_path / f"{small.name}.json").read_text())
    assert "4 levels" in about
    assert len(rows) == 2 * (1 + 3 * (name == "attributes"))
    assert commands.main(command) == 0
    assert "done: " not in capsys.readouterr().err
    assert page.read_text() == filled
    # Rows of other levels are not taken for these, and bad usage is refused before the work.
    for wrong, said in (
        (["--levels", "5"], "choose another --out, or delete it"),
        (["--page", "setup.cfg"], f"setup.cfg has no place for the tables: <!-- {mark} -->"),
    ):
        assert commands.main([*command, *wrong]) == 2
        assert said in capsys.readouterr().err
    assert commands.main([name, f"{part}s"]) == 2
    assert f"Did you mean {part!r}" in capsys.readouterr().err
