"""`inversion figure`: one line for an error of input, and nothing half-written."""

import json

import pytest

from inversion.cli.main import main


def call(study, name: str, out, cell: str | None = None) -> int:
    cell = json.dumps({"params": study.params, "figure": name}) if cell is None else cell
    return main(
        ["figure", name, "--cell", cell, "--results", str(study.results), "--out", str(out)]
    )


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_writes_the_figure(smoke, tmp_path, suffix) -> None:
    assert call(smoke, "prior", tmp_path / "new" / f"prior.{suffix}") == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"prior.{suffix}"]


@pytest.mark.parametrize(
    ("name", "out", "cell", "message"),
    [
        ("heading", "a.svg", None, "Expected a figure among headline, prior"),
        ("prior", "a.pdf", None, "Expected --out to end in .svg or .png"),
        ("prior", "a.svg", "{}", "Expected a cell with params"),
        ("prior", "a.svg", "no", "Expected --cell to be JSON"),
    ],
)
def test_says_what_was_expected(smoke, tmp_path, capsys, name, out, cell, message) -> None:
    assert call(smoke, name, tmp_path / out, cell) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert not list(tmp_path.iterdir())


def test_a_truncated_file_is_named(fresh, tmp_path, capsys) -> None:
    draws = next((fresh.results / "draws").rglob("comparison/*/flow/*/0.npz"))
    draws.write_bytes(draws.read_bytes()[:100])
    assert call(fresh, "headline", tmp_path / "out" / "a.svg") == 2
    assert f"Expected {draws} to be a whole npz file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
