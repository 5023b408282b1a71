"""`inversion land`: exact draws against themselves, ends between the moons, and a task without parts."""

import json

import jax
import numpy as np
import pandas as pd
import pytest

from inversion.cli.main import main
from inversion.records import Draws
from inversion.tasks import make_task

MOONS = {"kind": "two_moons_line", "noise": 0.06, "noise_scale": 0.1}
GAUSSIAN = {"kind": "gaussian_linear", "dim": 2}


def landed(folder, entry, y, ends=None):
    """Scores at the first observation, of `ends` or of other exact draws."""
    y = np.atleast_2d(y)
    sample = make_task(entry).posterior(y[0]).sample
    exact, other = (np.asarray(sample(jax.random.key(seed), (4000,)))[None] for seed in (0, 1))
    truth = np.full((1, exact.shape[-1]), np.nan)
    for name, theta in (("exact", exact), ("draws", other if ends is None else ends[None])):
        Draws(truth, y, theta.astype(np.float32)).save(folder / f"{name}.npz")
    cell = {"task": "mine", "task_entry": entry, "method": "admm", "budget": 10, "seed": 0}
    paths = {name: str(folder / f"{name}.npz") for name in ("draws", "exact")}
    out = folder / "land.csv"
    arguments = ["--cell", json.dumps(cell), "--draws", paths["draws"], "--exact", paths["exact"]]
    assert main(["land", *arguments, "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert set(table["method"]) == {"admm"}
    return table.set_index("score")["value"]


@pytest.fixture(autouse=True)
def _single():
    yield
    jax.config.update("jax_enable_x64", False)


def test_exact_draws_are_on_all_four_segments(tmp_path):
    scores = landed(tmp_path, MOONS, [0.0])
    assert (scores["parts_found"], scores["parts"]) == (4, 4)
    assert scores["off_rate"] == pytest.approx(0.01, abs=0.01)
    assert scores["on_segment_1"] == pytest.approx(0.37, abs=0.03)


def test_ends_in_the_gap_are_off(tmp_path):
    scores = landed(tmp_path, MOONS, [0.0], np.zeros((50, 2)))
    assert (scores["parts_found"], scores["off_rate"]) == (0, 1.0)


def test_a_task_without_parts_is_one_part(tmp_path):
    scores = landed(tmp_path, GAUSSIAN, [0.1, 0.2])
    assert (scores["parts_found"], scores["parts"]) == (1, 1)
    assert scores["off_rate"] == pytest.approx(0.01, abs=0.01)
