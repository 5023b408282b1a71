"""`inversion certify` on a model that has learned nothing: its intervals are wrong, and repaired."""

import json

import jax
import numpy as np
import pytest

from inversion.cli.main import main
from inversion.estimators.trained import Standardisation, make_estimator, save_model, trained
from inversion.records import Simulations
from inversion.tasks import make_task
from inversion.trust.certificate import Certificate

TASK = {"kind": "gaussian_linear", "dim": 3, "prior_scale": 1.0, "noise_scale": 0.3}
NETWORK = {"layers": 1, "knots": 4, "width": 8, "depth": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder with the certificate and its record."""
    folder, task, rng = (
        tmp_path_factory.mktemp("certified"),
        make_task(TASK),
        np.random.default_rng(0),
    )
    theta = rng.normal(size=(3000, 3)).astype(np.float32)
    pairs = Simulations(theta, theta + 0.3 * rng.normal(size=theta.shape).astype(np.float32))
    pairs.save(folder / "pairs.npz")
    estimator = make_estimator(jax.random.key(0), task, "flow", NETWORK)
    header = {"task": TASK, "kind": "flow", "network": NETWORK}
    save_model(folder / "0.eqx", trained(estimator, Standardisation.of(task, pairs)), header)
    cell = {
        "root_seed": 0, "task": "g", "task_entry": TASK, "method": "flow", "budget": 1, "seed": 0, "draws": 50,
    }  # fmt: skip
    given = ["certify", "--cell", json.dumps(cell), "--model", "0.eqx", "--pairs", "pairs.npz"]
    given += ["--out", "0.trust.npz", "--record", "0.trust.json", "--cost", "cost.csv"]
    places = [
        str(folder / word) if word.endswith((".eqx", ".npz", "t.json", "cost.csv")) else word
        for word in given
    ]
    assert main(places) == 0
    return folder


def test_the_record_is_of_pairs_that_set_nothing(made):
    record = json.loads((made / "0.trust.json").read_text())
    assert (record["pairs"], record["tested"]) == (1250, 1250)
    assert min(record["coverage"]) < 0.7, "what has learned nothing must be seen to be wrong"
    np.testing.assert_allclose(record["coverage_repaired"], 0.9, atol=0.035)
    assert record["region_repaired"] == pytest.approx(0.9, abs=0.035)
    assert record["false_alarms"] == pytest.approx(0.05, abs=0.03)
    assert set(record["alarms"]) == {"noise", "outliers", "offset"}
    assert record["alarms"]["offset"] > 0.5 > record["false_alarms"]


def test_the_certificate_answers_for_one_observation(made):
    certificate = Certificate.load(made / "0.trust.npz")
    assert certificate.simulated.shape == (500, 3)
    assert certificate.off_map(np.zeros(3)) > 0.5
    assert certificate.off_map(np.full(3, 30.0)) < 0.001
    worst = np.argmin(certificate.coverage())
    assert certificate.repaired()[worst] > 0.95, (
        "an interval that is too narrow is repaired by a wider one"
    )
