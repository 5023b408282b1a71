"""`inversion certify` on models that have learned nothing: their intervals are wrong, and repaired."""

import json

import jax
import numpy as np
import pandas as pd
import pytest

from inversion.cli.main import main
from inversion.estimators.trained import Standardisation, make_estimator, save_model, trained
from inversion.records import Simulations
from inversion.tasks import make_task
from inversion.trust.certificate import Certificate

TASK = {"kind": "gaussian_linear", "dim": 3, "prior_scale": 1.0, "noise_scale": 0.3}
TABLE = {
    "kind": "dataset", "file": "gone.csv", "theta": ["mass", "spin"], "y": "signal", "shape": [2],
    "support": {"mass": [0, None]},
}  # fmt: skip
BOX = {
    "kind": "black_box", "simulator": "gone:simulate", "shape": [2],
    "prior": [{"name": "mass", "kind": "Gamma", "concentration": 2.0, "rate": 1.0},
              {"name": "spin", "kind": "Normal", "loc": 0.0, "scale": 1.0}],
}  # fmt: skip
NETWORK = {"layers": 1, "knots": 4, "width": 8, "depth": 1}


def untrained(path, entry, pairs):
    task = make_task(entry)
    estimator = make_estimator(jax.random.key(0), task, "flow", NETWORK)
    header = {"task": entry, "kind": "flow", "network": NETWORK}
    save_model(path, trained(estimator, Standardisation.of(task, pairs)), header)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder with the certificate and its record, as the workflow has them made."""
    folder, rng = tmp_path_factory.mktemp("certified"), np.random.default_rng(0)
    theta = rng.normal(size=(3000, 3)).astype(np.float32)
    pairs = Simulations(theta, theta + 0.3 * rng.normal(size=theta.shape).astype(np.float32))
    pairs.save(folder / "pairs.npz")
    untrained(folder / "0.eqx", TASK, pairs)
    cell = {"root_seed": 0, "task": "g", "method": "flow", "budget": 1, "seed": 0, "draws": 50}
    given = ["certify", folder / "0.eqx", "--cell", json.dumps(cell)]
    given += ["--pairs", folder / "pairs.npz", "--cost", folder / "cost.csv"]
    given += ["--out", folder / "0.trust.npz", "--record", folder / "0.trust.json"]
    assert main([str(word) for word in given]) == 0
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A user's folder: models of a dataset and of a black box, whose own files are gone, and pairs as a table."""
    folder, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(1)
    theta = np.stack([rng.gamma(2.0, size=1200), rng.normal(size=1200)], axis=1).astype(np.float32)
    y = theta + 0.3 * rng.normal(size=theta.shape).astype(np.float32)
    for name, entry in {"table": TABLE, "box": BOX}.items():
        untrained(folder / f"{name}.eqx", entry, Simulations(theta, y))
    columns = {"spin": theta[:, 1], "mass": theta[:, 0]}
    pd.DataFrame(columns | {"signal_1": y[:, 0], "signal_2": y[:, 1]}).to_csv(folder / "table.csv")
    pd.DataFrame(columns | {"y_1": y[:, 0], "y_2": y[:, 1]}).to_csv(folder / "box.csv")
    np.savez(folder / "pairs.npz", theta=theta, y=y)
    return folder


def certify(folder, model, pairs, *more) -> int:
    given = ["certify", folder / model, "--pairs", folder / pairs, "--draws", 20, *more]
    return main([str(word) for word in given])


def test_the_record_is_of_pairs_that_set_nothing(made):
    record = json.loads((made / "0.trust.json").read_text())
    assert (record["pairs"], record["tested"]) == (1250, 1250)
    assert min(record["coverage"]) < 0.7, "what has learned nothing must be seen to be wrong"
    np.testing.assert_allclose(record["coverage_repaired"], 0.9, atol=0.035)
    assert record["region_repaired"] == pytest.approx(0.9, abs=0.035)
    assert record["false_alarms"] == pytest.approx(0.05, abs=0.03)
    assert set(record["alarms"]) == {"noise", "outliers", "offset"}
    shares = [verdict["share"] for verdict in record["verdicts"].values()]
    assert sum(shares) == pytest.approx(1.0)
    assert "use it" not in record["verdicts"]
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


@pytest.mark.parametrize("name", ["table", "box"])
def test_pairs_are_all_that_a_certificate_needs(own, name, capsys):
    """From a table by the names of the task, or from arrays: the same certificate, beside the model, read by infer."""
    model, kept = f"{name}.eqx", own / f"{name}.trust.npz"
    (own / "y.csv").write_text("1.5,0.2\n90,90\n")
    infer = ["infer", own / model, "--observation", own / "y.csv", "--out", own / "draws.csv"]
    assert main([str(word) for word in infer]) == 0
    assert "nothing is known of it" in capsys.readouterr().out
    found = []
    for pairs in (f"{name}.csv", "pairs.npz"):
        assert certify(own, model, pairs) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == f"{kept}: thresholds of 500 pairs, tested on 500 others"
        assert lines[2].startswith("alarms: ")
        found.append(Certificate.load(kept))
    np.testing.assert_array_equal(found[0].central, found[1].central)
    record = json.loads((own / f"{name}.trust.json").read_text())
    assert record["alarms"]["offset"] > 0.5 > record["false_alarms"]
    assert main([str(word) for word in infer]) == 0
    said = capsys.readouterr().out
    assert "repaired from" in said
    assert "do not use it: the observation is off the map" in said


def test_the_certificate_of_another_model_is_refused(made, tmp_path, capsys):
    (tmp_path / "0.eqx").write_bytes((made / "0.eqx").read_bytes()[:-4] + b"\0\0\0\0")
    (tmp_path / "0.trust.npz").write_bytes((made / "0.trust.npz").read_bytes())
    (tmp_path / "y.csv").write_text("0,0,0\n")
    given = ["infer", "0.eqx", "--observation", "y.csv", "--out", "draws.csv"]
    assert main([str(tmp_path / word) if "." in word else word for word in given]) == 2
    line = capsys.readouterr().err
    assert line.startswith("inversion: Expected the certificate of ")
    assert "got that of another model" in line
    assert not (tmp_path / "draws.csv").exists()


@pytest.mark.parametrize(
    ("model", "pairs", "content", "message"),
    [
        ("table.eqx", "bad.csv", "mass,spin,signal_1\n1,2,3\n", "Expected 'signal_2' in"),
        ("table.eqx", "bad.csv", "", "Expected a table in"),
        ("table.eqx", "bad.txt", "1,2", "Expected pairs in .npz, .csv or .parquet; got"),
        ("table.eqx", "bad.npz", "PK\x03\x04 cut off", "Expected {} to be a whole npz file; got"),
        ("table.eqx", "bad.csv", "mass,spin,signal_1,signal_2\n1,2,x,4\n", "Expected numbers in"),
        ("box.eqx", "bad.csv", "theta_1,theta_2,y_1\n1,2,3\n", "Expected 'y_2' in"),
        (
            "box.eqx",
            "bad.csv",
            "mass,spin,y_1,y_2\n-1,2,3,4\n",
            "Expected theta inside the prior's support; got [-1.0, 2.0] in pair 0 of",
        ),
        (
            "box.eqx",
            "bad.csv",
            "mass,spin,y_1,y_2\n1,2,3,4\n1,2,,4\n",
            "Expected at least 300 whole pairs in",
        ),
        ("gone.eqx", "box.csv", None, "Expected a file at"),
    ],
)
def test_bad_pairs_are_one_line(own, model, pairs, content, message, capsys):
    if content is not None:
        (own / pairs).write_text(content)
    before = sorted(own.iterdir())
    assert certify(own, model, pairs, "--out", own / "new.npz") == 2
    line = capsys.readouterr().err
    assert line.startswith(f"inversion: {message.format(own / pairs)}")
    assert line.count("\n") == 1
    assert sorted(own.iterdir()) == before


def test_bad_options_are_told_before_anything_is_loaded(own, capsys):
    assert certify(own, "gone.eqx", "gone.csv", "--draws", "1") == 2
    assert capsys.readouterr().err == "inversion: Expected --draws of at least 2; got 1.\n"
    assert certify(own, "gone.eqx", "gone.csv", "--out", "kept.json") == 2
    assert capsys.readouterr().err == "inversion: Expected --out to end with .npz; got kept.json.\n"
