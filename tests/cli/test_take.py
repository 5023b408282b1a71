"""Datasets: the same pairs from each format, panels and training apart, and what is wrong with a file in one line."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inversion.cli.main import main
from inversion.records import Simulations, lengths

N, HELD_BACK = 60, {"calibration": 10, "comparison": 3, "density": 7}
ENTRY = {"kind": "dataset", "theta": ["a", "b"], "y": "y", "shape": [3]}
FORMATS = ["csv", "npz", pytest.param("parquet", marks=pytest.mark.skipif(
    importlib.util.find_spec("pyarrow") is None, reason="needs pyarrow, the extra `parquet`, as `.ci/run` has it"
))]  # fmt: skip


@pytest.fixture
def pairs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    theta = rng.uniform(size=(N, 2)).astype(np.float32)
    return theta, np.stack([theta[:, 0], theta[:, 1], theta.sum(axis=1)], axis=1)


def written(folder: Path, ending: str, theta, y) -> Path:
    path = folder / f"pairs.{ending}"
    table = pd.DataFrame(
        {"a": theta[:, 0], "b": theta[:, 1], **{f"y_{i + 1}": y[:, i] for i in range(3)}}
    )
    if ending == "npz":
        np.savez(path, a=theta[:, 0], b=theta[:, 1], y=y)
    elif ending == "csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path)
    return path


def take(path: Path, out: Path, *, entry=ENTRY, **asked) -> int:
    asked = asked or {"budget": 20, "seed": 0}
    cell = {
        "root_seed": 0,
        "task": "table",
        "task_entry": entry | {"file": str(path)},
        "held_back": HELD_BACK,
    }
    outputs = [
        "--out",
        str(out),
        "--record",
        str(out.with_suffix(".json")),
        "--cost",
        str(out.with_suffix(".csv")),
    ]
    return main(["take", "--cell", json.dumps(cell | asked), "--file", str(path), *outputs])


def taken(path: Path, out: Path, **asked) -> Simulations:
    assert take(path, out, **asked) == 0
    return Simulations.load(out)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_gives_the_pairs_of_the_file(tmp_path, pairs, ending):
    path = written(tmp_path, ending, *pairs)
    found = taken(path, tmp_path / "out.npz", budget=40, seed=0)
    assert found.theta.shape == (40, 2)
    assert found.theta.dtype == found.y.dtype == np.float32
    np.testing.assert_allclose(found.y[:, :2], found.theta, rtol=1e-6)
    assert set(map(tuple, found.theta.tolist())) <= set(map(tuple, pairs[0].tolist()))
    same = taken(written(tmp_path, "csv", *pairs), tmp_path / "csv.npz", budget=40, seed=0)
    np.testing.assert_array_equal(found.theta, same.theta)


def test_an_array_of_an_npz_by_one_name(tmp_path, pairs):
    theta, y = pairs
    y = np.stack([np.stack([row, 2 * row]) for row in y])
    y[::2, 1] = np.nan  # half of them are sets of one row
    np.savez(tmp_path / "sets.npz", theta=theta, y=y)
    entry = {"kind": "dataset", "theta": "theta", "dim": 2, "y": "y", "shape": [2, 3]}
    found = taken(tmp_path / "sets.npz", tmp_path / "out.npz", entry=entry, budget=40, seed=0)
    assert found.y.shape == (40, 2, 3)
    np.testing.assert_array_equal(found.length, lengths(found.y))
    assert set(found.length.tolist()) == {1, 2}


def test_no_pair_is_in_two_panels_or_in_a_panel_and_a_training(tmp_path, pairs):
    path = written(tmp_path, "csv", *pairs)
    panels = {
        name: taken(path, tmp_path / f"{name}.npz", panel=name, observations=count).theta
        for name, count in HELD_BACK.items()
    }
    assert {name: len(theta) for name, theta in panels.items()} == HELD_BACK
    trainings = [taken(path, tmp_path / "t.npz", budget=40, seed=seed).theta for seed in (0, 1)]
    held = np.concatenate(list(panels.values()))
    for theta in trainings:
        together = np.concatenate([held, theta])
        assert len(np.unique(together, axis=0)) == N, "each pair of the file once"
    assert not np.array_equal(*trainings), "another seed, another order"
    fewer = taken(path, tmp_path / "f.npz", budget=15, seed=0).theta
    np.testing.assert_array_equal(fewer, trainings[0][:15])


def test_pairs_that_are_not_finite_are_left_out_and_counted(tmp_path, pairs, capsys):
    theta, y = pairs
    y[:4, 1], theta[4, 0] = np.nan, np.inf
    path = written(tmp_path, "csv", theta, y)
    found = taken(path, tmp_path / "out.npz", budget=35, seed=0)
    assert np.isfinite(found.y).all()
    assert json.loads((tmp_path / "out.json").read_text()) == {
        "asked": N,
        "kept": 55,
        "lost": {"not_finite": 5},
    }
    assert "55 of 60 pairs are whole; left out: 5 not_finite." in capsys.readouterr().out
    assert take(path, tmp_path / "more.npz", budget=36, seed=0) == 2
    assert "Expected 36 pairs to train on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entry", "asked", "message"),
    [
        ({}, {"budget": 41, "seed": 0}, "Expected 41 pairs to train on, beside those held back (10 for calibration, "
         "3 for comparison, 7 for density); got 40 of 60."),
        ({"y": "z"}, {}, "Expected 'z_1' in {path}; got a, b, y_1, y_2, y_3."),
        ({"theta": ["a", "c"]}, {}, "Expected 'c' in {path}; got a, b, y_1, y_2, y_3."),
        ({"support": {"b": [0, 0.5]}}, {}, "Expected theta inside its support; got "),
    ],
)  # fmt: skip
def test_what_a_file_cannot_give_is_one_line(tmp_path, pairs, capsys, entry, asked, message):
    path = written(tmp_path, "csv", *pairs)
    assert take(path, tmp_path / "out.npz", entry=ENTRY | entry, **asked) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"inversion: {message.format(path=path)}")
    assert said.count("\n") == 1
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("pairs.csv", b"a,b,y_1,y_2,y_3\n1,2,3,4,five\n", "Expected numbers in"),
        ("pairs.csv", b"", "Expected a table in"),
        ("pairs.npz", b"PK\x03\x04 and no more", "to be a whole npz file"),
    ],
)
def test_a_broken_file_is_one_line(tmp_path, capsys, name, content, message):
    (tmp_path / name).write_bytes(content)
    assert take(tmp_path / name, tmp_path / "out.npz") == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert take(tmp_path / f"other_{name}", tmp_path / "out.npz") == 2
    assert f"Expected a file at {tmp_path / f'other_{name}'}; got none." in capsys.readouterr().err


def test_arrays_of_another_shape_are_named(tmp_path, pairs, capsys):
    theta, y = pairs
    for arrays, message in (
        ({"y": y[:, :2]}, "Expected 'y' of"),
        ({"y": y[:50]}, "Expected as many theta as y"),
        ({"y": np.float32(1)}, "Expected 'y' of"),
    ):
        np.savez(tmp_path / "pairs.npz", a=theta[:, 0], b=theta[:, 1], **arrays)
        assert take(tmp_path / "pairs.npz", tmp_path / "out.npz") == 2
        assert message in capsys.readouterr().err


def test_parquet_without_its_reader_says_what_to_install(tmp_path, monkeypatch, capsys):
    (tmp_path / "pairs.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert take(tmp_path / "pairs.parquet", tmp_path / "out.npz") == 2
    assert capsys.readouterr().err == (
        f"inversion: Expected pyarrow, to read {tmp_path / 'pairs.parquet'}; got none: install it with "
        "`pip install pyarrow`.\n"
    )


def test_observations_given_by_their_values_take_no_pair(tmp_path, pairs):
    path = written(tmp_path, "csv", *pairs)
    found = taken(
        path, tmp_path / "out.npz", panel="comparison", observations=[[1, 2, 3], [4, 5, 6]]
    )
    assert found.y.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert np.isnan(found.theta).all()
