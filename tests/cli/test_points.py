"""A method without draws goes through the verbs: what it writes in their place is scored, and nothing else."""

import json

import jax
import numpy as np
import pandas as pd
import pytest

from inversion.cli.main import main
from inversion.records import Draws, Simulations
from inversion.tasks import make_task

ENTRY = {"kind": "gaussian_linear", "dim": 2, "prior_scale": 1.5, "noise_scale": 0.8}
CELL = {"root_seed": 0, "task": "t", "task_entry": ENTRY, "method": "q", "budget": 4000, "seed": 0}
FIT = {"epochs": 20, "learning_rate": 5e-3, "average": 0.98}
DRAWS = {"calibration": 10, "comparison": 50, "density": 0}


def verb(name, cell, *arguments):
    assert main([name, "--cell", json.dumps(CELL | cell), *map(str, arguments)]) == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Simulations, panels, exact draws and a trained network."""
    folder, task = tmp_path_factory.mktemp("points"), make_task(ENTRY)

    def pairs(seed, num):
        key_theta, key_y = jax.random.split(jax.random.key(seed))
        theta = task.prior().sample(key_theta, (num,))
        y = jax.vmap(task.simulate)(jax.random.split(key_y, num), theta)
        return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))

    pairs(0, 4000).save(folder / "pairs.npz")
    for seed, (panel, num) in enumerate(
        {"calibration": 500, "comparison": 3, "density": 5}.items()
    ):
        pairs(1 + seed, num).save(folder / f"{panel}.npz")
    truth = Simulations.load(folder / "comparison.npz")
    exact = jax.vmap(lambda y, key: task.posterior(y).sample(key, (2000,)))
    theta = exact(truth.y, jax.random.split(jax.random.key(9), 3))
    Draws(truth.theta, truth.y, np.asarray(theta)).save(folder / "exact.npz")
    entry = {"kind": "quantiles", "network": {"width": 32}, "fit": FIT}
    out = [f"--{name}={folder / name}" for name in ("out", "history", "cost")]
    verb("train", {"entry": entry}, "--simulations", folder / "pairs.npz", *out)
    panels, files = ([folder / f"{prefix}{p}.npz" for p in DRAWS] for prefix in ("", "of_"))
    given = ["--model", folder / "out", "--panels", *panels, "--out", *files]
    asked = {"draws": DRAWS, "observations_used": dict.fromkeys(DRAWS)}
    verb("sample", asked, *given, "--cost", folder / "costs.csv")
    return folder


def test_it_writes_points_and_no_draws(folder):
    draws = Draws.load(folder / "of_calibration.npz")
    assert draws.theta.shape == (500, 0, 2)
    assert draws.mean.shape == (500, 2)
    assert draws.quantiles.shape == (500, 3, 2)
    np.testing.assert_allclose(draws.levels, [0.1, 0.5, 0.9])
    costs = pd.read_csv(folder / "costs.csv").set_index("panel")
    assert costs.network_calls.to_dict() == {"calibration": 500, "comparison": 3}


def scores(folder):
    return pd.read_csv(folder / "scores.csv").groupby("score").value.max()


def test_its_calibration_is_that_of_its_quantiles(folder):
    out = ["--out", folder / "scores.csv", "--curves", folder / "curves.npz"]
    verb("calibrate", {}, "--draws", folder / "of_calibration.npz", *out)
    found = scores(folder)
    assert {name.split("_")[0] for name in found.index} == {"mean", "pinball", "below"}
    left = 0.8**2 / (0.8**2 + 1.5**2)
    assert found["mean_square"] == pytest.approx(left, abs=0.04)
    assert found["below_90"] == pytest.approx(0.9, abs=0.04)


def test_it_is_compared_with_the_exact_mean_and_quantiles(folder):
    out = ["--exact", folder / "exact.npz", "--out", folder / "scores.csv"]
    verb("compare", {"scores": {}}, "--draws", folder / "of_comparison.npz", *out)
    found = scores(folder)
    names = ["mean_error", *(f"quantile_{level}_error" for level in (10, 50, 90))]
    assert sorted(found.index) == sorted(names)
    assert found.max() < 0.15


def test_it_is_not_drawn_from(folder, capsys):
    np.savetxt(folder / "y.csv", [[0.1, 0.2]], delimiter=",")
    given = ["--observation", folder / "y.csv", "--out", folder / "draws.csv"]
    assert main(list(map(str, ["infer", folder / "out", *given]))) == 2
    assert "Expected a model to draw from" in capsys.readouterr().err
