"""The verb restore on draws whose scores are known."""

import json

import jax
import numpy as np
import pandas as pd
import pytest

from inversion.cli import restore
from inversion.cli.main import main
from inversion.cli.simulate import truths
from inversion.records import Draws
from inversion.tasks import make_task


@pytest.fixture(autouse=True)
def _few_residuals(monkeypatch):
    """Enough for C2ST to see a prior in place of a posterior, and no more: its network is trained in every test."""
    monkeypatch.setattr(restore, "POOLED", 150)


CELL = {
    "root_seed": 0,
    "method": "exact",
    "budget": 0,
    "seed": 0,
    "panel": "restoration",
    "shared": 5,
}


def scores(folder, entry: dict, draws: Draws) -> dict[str, float]:
    draws.save(folder / "draws.npz")
    cell = json.dumps(CELL | {"task": entry["kind"], "task_entry": entry})
    out = str(folder / "scores.csv")
    assert (
        main(["restore", "--cell", cell, "--draws", str(folder / "draws.npz"), "--out", out]) == 0
    )
    table = pd.read_csv(out)
    assert (table["panel"] == "restoration").all()
    return dict(zip(table["score"], table["value"]))


def measured(entry: dict, num: int):
    task = make_task(entry)
    theta = truths(task, "restoration")(jax.random.key(0), num)
    return task, theta, jax.vmap(task.simulate)(jax.random.split(jax.random.key(1), num), theta)


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "gaussian_image"},
        {"kind": "random_field", "side": 8},
        {"kind": "sphere_field", "height": 7, "width": 10},
    ],
)
def test_exact_draws_have_no_errors(tmp_path, entry) -> None:
    with jax.enable_x64(True):
        task, theta, y = measured(entry, 150)
        keys = jax.random.split(jax.random.key(2), 150)
        draws = jax.vmap(lambda key, y: task.posterior(y).sample(key, (40,)))(keys, y)
        found = scores(tmp_path, entry, Draws(*map(np.asarray, (theta, y, draws))))
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.03)
    assert abs(found["spread_error"]) < 0.02
    assert abs(found["rmse_error"]) < 0.02
    assert found["mean_error"] < 0.05
    assert found["band_error"] < 0.12
    if "c2st" in found:
        assert found["c2st"] == pytest.approx(0.5, abs=0.1)
    assert found["psnr_mean"] - found["psnr_1"] == pytest.approx(3, abs=0.4)
    assert found["ssim_mean"] > found["ssim_1"]
    assert found["perceptual_mean"] < found["perceptual_1"]


def test_wrong_draws_show(tmp_path) -> None:
    entry = {"kind": "gaussian_image"}
    _, theta, y = measured(entry, 50)
    prior = np.random.default_rng(0).normal(size=(50, 20, 64))
    found = scores(tmp_path, entry, Draws(np.asarray(theta), np.asarray(y), prior))
    assert found["spread_error"] == pytest.approx(1 / 0.2873 - 1, abs=0.05)
    assert found["band_error"] > 5
    assert found["c2st"] > 0.6
    assert found["rmse_error"] > 1


def test_draws_of_digits_are_scored_without_an_exact_posterior(tmp_path) -> None:
    entry = {"kind": "digits_superresolve"}
    _, theta, y = measured(entry, 20)
    theta = np.asarray(theta)
    noise = 0.1 * np.random.default_rng(0).normal(size=(20, 30, 64))
    noise[CELL["shared"] :] *= 2
    found = scores(tmp_path, entry, Draws(theta, np.asarray(y), theta[:, None] + noise))
    assert found["psnr_1_shared"] == pytest.approx(20, abs=0.5)
    assert found["psnr_1"] == pytest.approx(20 - 0.75 * 6.02, abs=0.5)
    assert found["spread"] == pytest.approx(0.1803, rel=0.03)  # root of the mean square
    assert {"spread_error", "band_error", "c2st"}.isdisjoint(found)


def test_draws_that_are_not_finite_have_no_scores(tmp_path) -> None:
    entry = {"kind": "digits_denoise"}
    _, theta, y = measured(entry, 3)
    bad = np.full((3, 4, 64), np.nan)
    assert scores(tmp_path, entry, Draws(np.asarray(theta), np.asarray(y), bad)) == {}


def test_panels_hold_images_that_no_training_sees() -> None:
    task, key = make_task({"kind": "digits_denoise"}), jax.random.key(0)

    def images(panel):
        draw = truths(task, panel)
        return set(map(tuple, np.floor(16 * np.asarray(draw(key, 360))).astype(int)))

    test = set(map(tuple, np.rint(16 * task.held_out("test").examples()).astype(int)))
    assert images("restoration") == test
    assert images("calibration") <= test
    assert images("comparison") <= test
    assert not images("") & test
    assert not images("restoration_seen") & test


def test_a_task_without_images_is_refused_in_one_line(tmp_path, capsys) -> None:
    Draws(np.zeros((1, 2)), np.zeros((1, 1)), np.zeros((1, 3, 2))).save(tmp_path / "draws.npz")
    cell = CELL | {"task": "two_moons", "task_entry": {"kind": "two_moons"}}
    words = ["--draws", str(tmp_path / "draws.npz"), "--out", str(tmp_path / "scores.csv")]
    assert main(["restore", "--cell", json.dumps(cell), *words]) == 2
    assert "Expected a task whose theta is an image; got 'two_moons'." in capsys.readouterr().err
