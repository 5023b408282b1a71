"""sbibm's panel through the verbs: scored observation by observation, and empty all the way where it cannot be had."""

import json

import jax
import numpy as np
import pandas as pd
import pytest

from inversion.cli.main import main
from inversion.estimators.trained import Standardisation, make_estimator, save_model, trained
from inversion.records import Draws, Simulations
from inversion.tasks import make_task

ENTRY = {"kind": "gaussian_linear", "dim": 3, "prior_scale": 1.0, "noise_scale": 1.0}
CELL = {"root_seed": 0, "task": "gaussian_linear", "task_entry": ENTRY, "budget": 0, "seed": 0}
CHECK = CELL | {"panel": "sbibm", "scores": {"c2st": {"draws": 200}}}
NUTS = {"kind": "nuts", "chains": 2, "warmup": 2}


def verb(name, cell, *arguments):
    assert main([name, "--cell", json.dumps(cell), *map(str, arguments)]) == 0


@pytest.fixture(scope="module")
def absent(tmp_path_factory):
    """What `fetch` leaves where the registry has no such version."""
    folder = tmp_path_factory.mktemp("absent")
    cell = {"version": "0.0.0", "sha256": "0" * 64}
    cell |= {"tasks": {"gaussian_linear": ENTRY}, "observations": {"gaussian_linear": 10}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        outputs = ("--observations", folder / "panel.npz", "--out", folder / "draws.npz")
        verb("fetch", cell, "--wheels", folder / "wheels", *outputs)
    return folder


def test_without_the_wheel_the_panel_is_empty(absent):
    assert Simulations.load(absent / "panel.npz").y.shape == (0, 3)
    assert Draws.load(absent / "draws.npz").theta.shape == (0, 0, 3)


def test_it_says_so_in_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    cell = {"version": "0.0.0", "sha256": "0" * 64, "tasks": {"t": ENTRY}, "observations": {"t": 1}}
    outputs = ("--observations", tmp_path / "a.npz", "--out", tmp_path / "b.npz")
    verb("fetch", cell, "--wheels", tmp_path, *outputs)
    said = capsys.readouterr().out
    assert said.startswith("inversion: Expected sbibm==0.0.0 from the package registry; got: ")
    assert "The study goes on without sbibm" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("entry", [{"kind": "exact"}, NUTS])
def test_references_of_no_observation(entry, absent, tmp_path):
    cell = CELL | {"method": "m", "entry": entry, "panel": "sbibm", "draws": 20}
    files = ("--panel", absent / "panel.npz", "--out", tmp_path / "d.npz")
    more = ("--netcdf", tmp_path / "d.nc") if entry == NUTS else ()
    verb("reference", cell, *files, "--record", tmp_path / "r.json", "--cost", tmp_path / "c.csv", *more)  # fmt: skip
    assert Draws.load(tmp_path / "d.npz").theta.shape == (0, 20, 3)
    against = ("--draws", tmp_path / "d.npz", "--exact", absent / "draws.npz")
    verb("compare", CHECK | {"method": "m"}, *against, "--out", tmp_path / "s.csv")
    assert pd.read_csv(tmp_path / "s.csv").empty


def test_draws_of_no_observation(absent, tmp_path):
    task, network = make_task(ENTRY), {"layers": 1, "knots": 4, "width": 8, "depth": 1}
    pairs = Simulations(*(np.eye(4, 3, dtype=np.float32) for _ in range(2)))
    estimator = make_estimator(jax.random.key(0), task, "flow", network, None)
    header = {"task": ENTRY, "kind": "flow", "network": network, "summary": None}
    model = trained(estimator, Standardisation.of(task, pairs))
    save_model(tmp_path / "m.eqx", model, header)
    files = ("--model", tmp_path / "m.eqx", "--panels", absent / "panel.npz")
    outputs = ("--out", tmp_path / "d.npz", "--cost", tmp_path / "c.csv")
    asked = {"method": "flow", "draws": {"sbibm": 20}, "observations_used": {"sbibm": 10}}
    verb("sample", CELL | asked, *files, *outputs)
    assert Draws.load(tmp_path / "d.npz").theta.shape == (0, 20, 3)


def test_each_observation_is_scored_under_the_panel(tmp_path):
    """The second observation's draws are off."""
    rng = np.random.default_rng(0)
    theta, y = rng.normal(size=(2, 2, 200, 3)), np.zeros((2, 3))
    theta[0, 1] += 3
    for name, draws in zip(("ours", "theirs"), theta, strict=True):
        Draws(np.zeros((2, 3)), y, draws).save(tmp_path / f"{name}.npz")
    against = ("--draws", tmp_path / "ours.npz", "--exact", tmp_path / "theirs.npz")
    verb("compare", CHECK | {"method": "m"}, *against, "--out", tmp_path / "s.csv")
    scores = pd.read_csv(tmp_path / "s.csv")
    assert set(scores["panel"]) == {"sbibm"}
    c2st = scores[scores["score"] == "c2st"].set_index("observation")["value"]
    assert c2st[0] < 0.6
    assert c2st[1] > 0.95
