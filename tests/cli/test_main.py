"""The command line turns an error of input into one line and a non-zero exit, and leaves nothing behind."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inversion.cli.main import VERBS, main
from inversion.records import Draws

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
        "inversion: Expected a TractableTask for method 'nuts'; got task 'box', which is none.\n"
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
