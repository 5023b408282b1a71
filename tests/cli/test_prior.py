"""`solve` fits without a gradient, `prior` holds what was learned against the prior, each in a few seconds."""

import json

import jax
import numpy as np
import pandas as pd
import pytest

import inversion
from inversion.cli.main import main
from inversion.estimators.standardisation import Standardisation
from inversion.estimators.trained import make_estimator, save_model, trained
from inversion.records import Draws, Simulations
from inversion.tasks import make_task

GAUSSIANS = {"kind": "eight_gaussians"}
CELL = {"root_seed": 0, "task": "eight_gaussians", "task_entry": GAUSSIANS, "seed": 0}
CELL |= {"method": "rbig", "budget": 3000}
DIRECT = {
    "kind": "iterative_gaussianization",
    "network": {"layers": 30},
    "fit": {"validation": 0.1},
}
ASKED = {"truths": 2000, "draws": 3000, "bound": {"truths": 50, "draws": 20}}
VAE = {"kind": "vae", "network": {"width": 16, "decoder_width": 16, "depth": 1}}


@pytest.fixture
def pairs(tmp_path):
    theta = make_task(GAUSSIANS).prior().sample(jax.random.key(0), (3000,))
    data = Simulations(np.asarray(theta, np.float32), np.asarray(theta[:, :1], np.float32))
    data.save(tmp_path / "pairs.npz")
    return data


def solve(folder, **changed) -> int:
    files = [(f"--{name}", str(folder / f"{name}.csv")) for name in ("history", "cost")]
    files += [("--simulations", str(folder / "pairs.npz")), ("--out", str(folder / "model.eqx"))]
    cell = json.dumps(CELL | {"entry": DIRECT} | changed)
    return main(["solve", "--cell", cell, *(word for pair in files for word in pair)])


def hold(folder, **changed) -> dict:
    files = [("--model", "model.eqx"), ("--out", "draws.npz"), ("--record", "scores.json")]
    words = [word for name, file in files for word in (name, str(folder / file))]
    assert main(["prior", "--cell", json.dumps(CELL | {"asked": ASKED} | changed), *words]) == 0
    return json.loads((folder / "scores.json").read_text())


def test_a_prior_fitted_in_closed_form_is_held_against_the_exact_one(tmp_path, pairs) -> None:
    assert solve(tmp_path) == 0
    history = pd.read_csv(tmp_path / "history.csv")
    assert list(history["epoch"]) == list(range(1, len(history) + 1))
    cost = pd.read_csv(tmp_path / "cost.csv").iloc[0]
    assert (cost["verb"], cost["method"], cost["budget"]) == ("train", "rbig", 3000)
    assert cost["network_calls"] == len(history) * 3000
    scores = hold(tmp_path)
    entropy = scores["nll"] - scores["excess_nll"]
    assert entropy == pytest.approx(2.832, abs=0.1)
    assert 0 < scores["excess_nll"] < 0.6
    assert scores["excess_nll_se"] < scores["nll_se"] < 0.1
    modes = [scores[f"mode_{k}"] for k in range(1, 9)]
    assert sum(modes) == pytest.approx(1)
    assert scores["mode_error"] < 0.06
    assert 0 <= scores["off_rate"] < 0.3
    assert "bound_nll" not in scores
    assert Draws.load(tmp_path / "draws.npz").theta.shape == (1, 3000, 2)
    # The history is in nats of theta, as the density is.
    model = inversion.load(tmp_path / "model.eqx")
    log_prob = jax.jit(jax.vmap(lambda t: model.log_prob(t, np.zeros(1, np.float32))))
    assert -log_prob(pairs.theta).mean() == pytest.approx(history["validation"].min(), abs=0.2)


def test_an_autoencoder_has_bounds_in_place_of_a_density(tmp_path, pairs) -> None:
    task = make_task(GAUSSIANS)
    estimator = make_estimator(jax.random.key(0), task, VAE["kind"], VAE["network"])
    model = trained(estimator, Standardisation.of(task, pairs))
    save_model(tmp_path / "model.eqx", model, {"task": GAUSSIANS, **VAE})
    scores = hold(tmp_path)
    assert "nll" not in scores
    assert 0 < scores["excess_bound_nll"] < scores["excess_elbo_nll"]
    assert 0 <= scores["active_units"] <= 1


def test_digits_are_held_against_images_that_no_training_saw(tmp_path) -> None:
    entry = {"kind": "digits_inpaint"}
    task = make_task(entry)
    theta = np.asarray(task.prior().sample(jax.random.key(0), (1500,)), np.float32)
    Simulations(theta, np.zeros((1500, 8, 8, 2), np.float32)).save(tmp_path / "pairs.npz")
    cell = {"task": "digits_inpaint", "task_entry": entry, "budget": 1500}
    network = {"layers": 3, "rotation": "pca"}
    assert solve(tmp_path, entry=DIRECT | {"network": network}, **cell) == 0
    scores = hold(tmp_path, **cell)
    assert np.isfinite(scores["nll"])
    assert {"excess_nll", "off_rate", "mode_error"}.isdisjoint(scores)


def test_what_is_no_prior_is_refused_in_one_line(tmp_path, pairs, capsys) -> None:
    task, kind = make_task(GAUSSIANS), "mixture_head"
    estimator = make_estimator(jax.random.key(0), task, kind, {})
    model = trained(estimator, Standardisation.of(task, pairs))
    save_model(tmp_path / "model.eqx", model, {"task": GAUSSIANS, "kind": kind, "network": {}})
    words = ["--model", str(tmp_path / "model.eqx"), "--out", "x.npz", "--record", "x.json"]
    assert main(["prior", "--cell", json.dumps(CELL | {"asked": ASKED}), *words]) == 2
    assert "Expected a learned prior in" in capsys.readouterr().err
    assert solve(tmp_path, entry=DIRECT | {"fit": {"validation": 0.1, "epochs": 3}}) == 2
    assert "Expected fit: of rbig to hold validation alone; got" in capsys.readouterr().err
    assert solve(tmp_path, entry=VAE | {"fit": {"validation": 0.1}}) == 2
    assert "Expected a kind that is fitted in closed form; got 'vae'." in capsys.readouterr().err
