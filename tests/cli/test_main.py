"""The command line turns an error of input into one line and a non-zero exit, and leaves nothing behind."""

import json
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest

from inversion.cli.main import VERBS, main
from inversion.estimators.trained import (
    Standardisation,
    Trained,
    make_estimator,
    save_model,
    trained,
)
from inversion.records import Draws, Simulations
from inversion.tasks import make_task

MOONS = {"root_seed": 0, "task": "two_moons_line", "task_entry": {"kind": "two_moons_line"}}


def said(capsys, *arguments) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    return capsys.readouterr().err


def test_every_verb_explains_itself(capsys):
    for verb in VERBS:
        with pytest.raises(SystemExit) as stopped:
            main([verb, "--help"])
        assert stopped.value.code == 0
    assert "--cell" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("grid: [", "inversion: Expected params.yaml to be YAML; got: while parsing"),
        ("grid: study", "inversion: Expected params.yaml to have the key 'seed'"),
    ],
)
def test_check_names_what_is_wrong(text, message, tmp_path, monkeypatch, capsys):
    schema = Path(__file__).parents[2] / "workflow/schemas/params.schema.yaml"
    monkeypatch.setattr("inversion.cli.check.SCHEMA", schema)
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(text)
    assert said(capsys, "check").startswith(message)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("{", "inversion: Expected --cell to be JSON; got '{'"),
        (json.dumps({"task": "t"}), "inversion: Expected a cell with root_seed, task, task_entry;"),
        (
            json.dumps(MOONS | {"task_entry": {"kind": "moons"}, "budget": 5}),
            "inversion: Expected a kind among",
        ),
        (
            json.dumps(MOONS | {"budget": 0}),
            "inversion: Expected at least one pair to simulate; got 0",
        ),
        (
            json.dumps(MOONS | {"panel": "comparison", "observations": [[1.0, 2.0]]}),
            "inversion: Expected observations of shape (1,); got (2,).",
        ),
        (
            json.dumps(MOONS | {"panel": "comparison", "observations": [[float("nan")]]}),
            "inversion: Expected finite observations; got 1 of 1 that are not.",
        ),
    ],
)
def test_a_bad_cell_is_one_line(tmp_path, capsys, cell, message):
    error = said(
        capsys,
        "simulate",
        "--cell",
        cell,
        "--out",
        tmp_path / "x.npz",
        "--cost",
        tmp_path / "c.csv",
    )
    assert error.startswith(message)
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named(tmp_path, capsys):
    cell = json.dumps(MOONS | {"method": "flow", "budget": 5, "seed": 0})
    outputs = ["--out", tmp_path / "s.csv", "--curves", tmp_path / "s.npz"]
    error = said(capsys, "calibrate", "--cell", cell, "--draws", tmp_path / "none.npz", *outputs)
    assert error == f"inversion: Expected a file at {tmp_path / 'none.npz'}; got none.\n"


def test_a_reference_that_the_task_cannot_serve(tmp_path, capsys, monkeypatch):
    (tmp_path / "blackbox.py").write_text(
        "import jax.numpy as jnp, numpyro.distributions as dist\n"
        "from inversion.tasks.task import AbstractTask\n"
        "class Box(AbstractTask):\n"
        "    def prior(self): return dist.Uniform(-jnp.ones(2), jnp.ones(2)).to_event(1)\n"
        "    def simulate(self, key, theta): return theta[:1] ** 2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    cell = MOONS | {
        "task": "box",
        "task_entry": {"kind": "blackbox:Box"},
        "method": "nuts",
        "seed": 0,
    }
    cell |= {"panel": "comparison", "draws": 4, "entry": {"kind": "nuts", "chains": 2, "warmup": 2}}
    outputs = [
        "--out",
        tmp_path / "d.npz",
        "--record",
        tmp_path / "r.json",
        "--cost",
        tmp_path / "c.csv",
    ]
    arguments = ["reference", "--cell", json.dumps(cell), "--panel", tmp_path / "p.npz", *outputs]
    expected = (
        "inversion: Expected a SmoothTask for method 'nuts'; got task 'box', which is none.\n"
    )
    assert said(capsys, *arguments) == expected


def test_comparison_needs_the_same_observations(tmp_path, capsys):
    for name, y in (("a", 0.0), ("b", 1.0)):
        Draws(np.zeros((1, 2)), np.full((1, 1), y), np.zeros((1, 5, 2))).save(
            tmp_path / f"{name}.npz"
        )
    cell = json.dumps(MOONS | {"method": "m", "budget": 0, "seed": 0, "scores": {}})
    files = [
        "--draws",
        tmp_path / "a.npz",
        "--exact",
        tmp_path / "b.npz",
        "--out",
        tmp_path / "s.csv",
    ]
    assert "to hold the same observations; got others" in said(
        capsys, "compare", "--cell", cell, *files
    )


def test_comparison_of_sets_of_different_lengths(tmp_path):
    """The rows that a set lacks are NaN."""
    y = np.zeros((2, 3, 2))
    y[1, 1:] = np.nan
    generator = np.random.default_rng(0)
    for name in ("draws", "exact"):
        Draws(np.zeros((2, 2)), y, generator.normal(size=(2, 300, 2))).save(
            tmp_path / f"{name}.npz"
        )
    entry = {"kind": "gaussian_set", "dim": 2, "min_rows": 1, "max_rows": 3}
    cell = MOONS | {"task": "set", "task_entry": entry, "method": "m", "budget": 1, "seed": 0}
    cell = json.dumps(cell | {"scores": {}})
    files = {name: tmp_path / f"{name}.npz" for name in ("draws", "exact")}
    files["out"] = tmp_path / "s.csv"
    flags = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    main(["compare", "--cell", cell, *flags])
    assert len(pd.read_csv(files["out"])) >= 2


def test_comparison_finds_a_lost_mode(tmp_path):
    """Exact draws, and the same with one crescent thrown away."""
    import jax

    from inversion.tasks import make_task

    task = make_task(MOONS["task_entry"])
    keys = jax.random.split(jax.random.key(0))
    whole, other = (np.asarray(task.posterior(np.zeros(1)).sample(key, (3000,))) for key in keys)
    crescent = np.asarray(jax.vmap(task.labels)(other)["crescent"])
    lost = np.resize(other[crescent == 0], whole.shape)
    for name, theta in (("exact", whole), ("good", other), ("lost", lost)):
        Draws(np.full((1, 2), np.nan), np.zeros((1, 1)), theta[None]).save(tmp_path / f"{name}.npz")
    cell = json.dumps(MOONS | {"method": "m", "budget": 0, "seed": 0, "scores": {}})
    found = {}
    for name in ("good", "lost"):
        files = ["--draws", tmp_path / f"{name}.npz", "--exact", tmp_path / "exact.npz"]
        assert (
            main(
                [
                    str(a)
                    for a in ["compare", "--cell", cell, *files, "--out", tmp_path / f"{name}.csv"]
                ]
            )
            == 0
        )
        found[name] = pd.read_csv(tmp_path / f"{name}.csv").set_index("score")["value"]
    assert found["good"]["mode_tv"] < 0.05
    assert found["lost"]["mode_tv"] > 0.4
    assert found["lost"]["crescent_mass"] == 1
    assert abs(found["lost"]["consistency_std_error"]) < 0.01, (
        "pushed forward, the loss does not show"
    )


@pytest.fixture(scope="module")
def set_model(tmp_path_factory):
    """Of sets of 2 to 6 rows of 2 numbers; untrained, as what it draws is not the point."""
    task = {"kind": "gaussian_set", "dim": 2, "min_rows": 2, "max_rows": 6}
    network = {"layers": 1, "knots": 4, "width": 8, "depth": 1}
    summary = {"kind": "deep_sets", "dim": 4, "width": 8, "depth": 1}
    made = make_task(task)
    estimator = make_estimator(jax.random.key(0), made, "flow", network, summary)
    pairs = Simulations(np.eye(4, 2, dtype=np.float32), np.ones((4, 6, 2), np.float32))
    path = tmp_path_factory.mktemp("model") / "m.eqx"
    header = {"task": task, "kind": "flow", "network": network, "summary": summary}
    save_model(path, trained(estimator, Standardisation.of(made, pairs)), header)
    return path


def infer(model, observation, out) -> list:
    return ["infer", model, "--observation", observation, "--draws", 3, "--out", out]


def test_a_set_of_any_length_is_answered_from_any_file(set_model, tmp_path, monkeypatch):
    """The same draws from csv, json and npz; several lengths are one program."""
    y = [[0.5, -0.2], [1.0, 0.3], [0.1, 0.0]]
    (tmp_path / "y.csv").write_text("0.5, -0.2\n1.0, 0.3\n0.1, 0.0\n")
    (tmp_path / "y.json").write_text(json.dumps(y))
    both = np.full((2, 6, 2), np.nan, np.float32)
    both[0, :3], both[1, :5] = y, 1.0
    np.savez(tmp_path / "y.npz", y=both)
    (tmp_path / "both.json").write_text(json.dumps([y, [[1.0, 1.0]] * 5]))
    shapes, sample = [], Trained.sample

    def counted(self, key, y, num):
        shapes.append(y.shape)
        return sample(self, key, y, num)

    monkeypatch.setattr(Trained, "sample", counted)
    for name in ("y.npz", "both.json", "y.csv", "y.json"):
        command = infer(set_model, tmp_path / name, tmp_path / f"{name}.out.npz")
        assert main([str(argument) for argument in command]) == 0
    # Each run compiles one program, whatever it holds.
    assert shapes == [(6, 2)] * 4
    npz, several, csv, one = (
        Draws.load(tmp_path / f"{name}.out.npz")
        for name in ("y.npz", "both.json", "y.csv", "y.json")
    )
    assert npz.theta.shape == (2, 3, 2)
    np.testing.assert_array_equal(several.theta, npz.theta)
    np.testing.assert_array_equal(csv.y[0], both[0])
    np.testing.assert_array_equal(one.theta, csv.theta)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("y.csv", "1,2\n" * 7, "Expected an observation of 1 to 6 rows; got 7."),
        ("y.csv", "\n", "Expected an observation of 1 to 6 rows in y.csv; got none."),
        ("y.csv", "1,2\n", "Expected at least 2 rows, the fewest that the model has seen; got 1."),
        ("y.csv", "1,2\nnan,1\n3,4\n", "Expected finite numbers in y.csv; got others."),
        ("y.csv", "1,2\ninf,1\n", "Expected finite numbers in y.csv; got others."),
        ("y.csv", "1\n2\n", "Expected rows of 2 numbers in y.csv; got (2, 1)."),
        ("y.csv", "1,2\n3\n", "Expected numbers of shape (6, 2) in y.csv; got:"),
        ("y.json", "[]", "Expected an observation of 1 to 6 rows in y.json; got none."),
        ("y.json", "[[1, 2], [3]]", "Expected numbers of shape (6, 2) in y.json; got:"),
        ("y.json", "3", "Expected numbers of shape (6, 2) in y.json; got:"),
    ],
)
def test_a_set_that_no_network_can_answer_is_refused_in_one_line(
    name, text, message, set_model, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    line = said(capsys, *infer(set_model, name, "out.csv"))
    assert line.startswith(f"inversion: {message}")
    assert line.count("\n") == 1
    assert not Path("out.csv").exists()


def test_nan_inside_a_padded_set_is_refused(set_model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    y = np.ones((1, 6, 2), np.float32)
    for place in (
        np.s_[0, 2],
        np.s_[0, 0],
        np.s_[0, 5, 1],
    ):  # a gap, the first row, a part of a row
        wrong = y.copy()
        wrong[place] = np.nan
        np.savez("y.npz", y=wrong)
        line = said(capsys, *infer(set_model, "y.npz", "out.csv"))
        assert line == "inversion: Expected finite observations; got 1 of 1 that are not.\n"
