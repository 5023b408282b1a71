"""`inversion infer` for a vector: files in, files out, the verdict, and what is refused in one line."""

import json
import os
import signal
import subprocess
import sys

import arviz as az
import jax
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import inversion
from inversion.cli.interrupt import tidied
from inversion.cli.main import main
from inversion.estimators.trained import Standardisation, make_estimator, save_model, trained
from inversion.keys import key_for
from inversion.records import Draws, Simulations, write_atomic
from inversion.tasks import make_task
from inversion.trust.certificate import Certificate, beside

TASK = {"kind": "gaussian_linear", "dim": 2, "prior_scale": 1.0, "noise_scale": 0.5}
NETWORK = {"layers": 1, "knots": 4, "width": 8, "depth": 1}
Y = np.array([0.6, -0.2], np.float32)
EXACT = Y / 1.25  # the mean of the posterior


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Untrained: near to the prior, which the likelihood corrects."""
    task, path = make_task(TASK), tmp_path_factory.mktemp("model") / "0.eqx"
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(1000, 2)).astype(np.float32)
    pairs = Simulations(theta, theta + 0.5 * rng.normal(size=(1000, 2)).astype(np.float32))
    estimator = make_estimator(jax.random.key(0), task, "flow", NETWORK)
    header = {"task": TASK, "kind": "flow", "network": NETWORK}
    save_model(path, trained(estimator, Standardisation.of(task, pairs)), header)
    return path


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "y.csv").write_text("0.6,-0.2\n")
    (tmp_path / "named.csv").write_text("first,second\n0.6,-0.2\n")
    (tmp_path / "y.json").write_text(json.dumps({"y": Y.tolist()}))
    np.savez(tmp_path / "y.npz", y=Y)
    return tmp_path


def infer(model, *more, observation="y.csv", out="out.npz") -> int:
    given = ["infer", model, "--observation", observation, "--draws", 2000, "--out", out, *more]
    return main([str(argument) for argument in given])


@pytest.fixture(scope="module")
def image_model(tmp_path_factory):
    """Of pictures whose prior has no density; untrained."""
    task_entry, network = {"kind": "digits_denoise"}, {"width": 8, "depth": 1, "steps": 2}
    task, path = make_task(task_entry), tmp_path_factory.mktemp("model") / "0.eqx"
    theta = np.random.default_rng(0).uniform(size=(50, 64)).astype(np.float32)
    maps = Standardisation.of(task, Simulations(theta, theta.reshape(50, 8, 8, 1)))
    estimator = make_estimator(jax.random.key(0), task, "flow_matching", network)
    header = {"task": task_entry, "kind": "flow_matching", "network": network}
    save_model(path, trained(estimator, maps), header)
    return path


def test_an_image_is_drawn_and_shown_as_pictures(image_model, files, capsys):
    np.savez("y.npz", y=np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1))
    assert infer(image_model, "--plot", "pictures.png", observation="y.npz") == 0
    said = capsys.readouterr().out
    assert "and 48 more coordinates" in said
    assert "do not use it: nothing is known of it" in said
    assert Draws.load("out.npz").theta.shape == (1, 2000, 64)
    height, width = plt.imread("pictures.png").shape[:2]
    assert width > 4 * height


def test_a_correction_without_a_density_of_the_prior_is_refused(image_model, files, capsys):
    np.savez("y.npz", y=np.zeros((8, 8, 1), np.float32))
    assert infer(image_model, "--correct", observation="y.npz") == 2
    assert "Expected for --correct a likelihood, a prior with a density" in capsys.readouterr().err
    assert not (files / "out.npz").exists()


def test_every_format_says_the_same(model, files, capsys):
    """Draws are those of the model's own `sample`, whatever file the observation came in or the draws go out to."""
    assert infer(model, out="out.csv", observation="y.json") == 0
    assert infer(model, out="out.nc", observation="named.csv") == 0
    assert infer(model, observation="y.npz") == 0
    theta = Draws.load("out.npz").theta
    table = pd.read_csv("out.csv")
    assert list(table) == ["observation", "theta_1", "theta_2"]
    np.testing.assert_array_equal(table[["theta_1", "theta_2"]].to_numpy(np.float32), theta[0])
    data = az.from_netcdf("out.nc")
    np.testing.assert_array_equal(data.posterior["theta"].values[0, :, 0], theta[0])
    assert "use it" in str(data.posterior.attrs["verdict"])
    key = jax.random.split(key_for(0, "infer"), 1)[0]
    np.testing.assert_allclose(inversion.load(model).sample(key, Y, 2000), theta[0], atol=1e-5)
    said = capsys.readouterr().out
    assert said.count("use it corrected: it differs from the exact posterior") == 3
    assert "90% from" in said


def test_a_plain_run_imports_what_it_needs(model, files):
    """Half of its time is importing: none of the packages that other verbs use."""
    code = """if True:
        import sys
        from inversion.cli.main import main
        status = main(sys.argv[1:])
        print(*{name.split(".")[0] for name in sys.modules})
        sys.exit(status)
    """
    given = ["infer", model, "--observation", "y.csv", "--draws", "100", "--out", "out.csv"]
    command = [sys.executable, "-c", code, *map(str, given)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = set(done.stdout.splitlines()[-1].split())
    assert {"inversion", "jax", "equinox", "numpyro"} <= imported
    others = {
        "arviz",
        "pandas",
        "xarray",
        "sklearn",
        "matplotlib",
        "optax",
        "diffrax",
        "flowjax",
        "blackjax",
    }
    assert not others & imported


def test_corrected_draws_are_those_of_the_exact_posterior(model, files, capsys):
    assert infer(model, "--correct", "--plot", "pairs.png") == 0
    theta = Draws.load("out.npz").theta[0]
    np.testing.assert_allclose(theta.mean(0), EXACT, atol=0.06)
    np.testing.assert_allclose(theta.std(0), 0.2**0.5, rtol=0.1)
    assert (files / "pairs.png").read_bytes().startswith(b"\x89PNG")
    assert "weights carry" in capsys.readouterr().out


def test_a_certificate_tells_what_is_off_the_map(model, files, capsys):
    rng = np.random.default_rng(1)
    seen = rng.normal(size=(500, 2)).astype(np.float32)
    certificate = Certificate(seen, rng.uniform(size=400), rng.uniform(size=(400, 2)) ** 0.5)
    kept = beside(model)
    certificate.save(kept)
    try:
        (files / "far.csv").write_text("0.6,-0.2\n80,80\n")
        assert infer(model, observation="far.csv") == 0
        said = capsys.readouterr().out.splitlines()
        verdicts = [line for line in said if "use it" in line]
        assert verdicts[0].startswith("use it corrected: the observation is like those simulated")
        assert verdicts[1].startswith("do not use it: the observation is off the map")
        assert sum("repaired from" in line for line in said) == 2
    finally:
        kept.unlink()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("y.csv", "0.6\n", "Expected observations of shape (2,) in y.csv"),
        ("y.csv", "a,b,c\n1,2,3\n", "Expected observations of shape (2,) in y.csv"),
        ("y.csv", "", "Expected observations of shape (2,) in y.csv"),
        ("y.csv", "1,x\n", "Expected numbers of shape (2,) in y.csv; got:"),
        ("y.csv", "nan,1\n", "Expected finite observations; got 1 of 1 that are not."),
        ("y.json", '{"x": [1, 2]}', "Expected numbers of shape (2,) in y.json; got: 'y'."),
        ("y.json", '{"y": [1, ', "Expected numbers of shape (2,) in y.json; got:"),
        ("y.npz", "PK\x03\x04 cut off", "Expected numbers of shape (2,) in y.npz; got:"),
        ("y.txt", "1,2\n", "Expected numbers of shape (2,) in y.txt; got: its name ends with none"),
        ("y.json", "[1, 1" + 400 * "0" + "]", "Expected numbers of shape (2,) in y.json; got:"),
        ("y.json", "[1, [2, 3]]", "Expected numbers of shape (2,) in y.json; got:"),
        ("y.json", "[1, null]", "Expected finite observations; got 1 of 1 that are not."),
        ("y.csv", "1e300,1\n", "Expected finite observations; got 1 of 1 that are not."),
        ("y.csv", "1,2\n3\n", "Expected numbers of shape (2,) in y.csv; got:"),
    ],
)
def test_a_bad_observation_is_one_line(name, content, message, model, files, capsys):
    (files / name).write_text(content)
    before = sorted(files.iterdir())
    assert infer(model, observation=name) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"inversion: {message}")
    assert line.count("\n") == 1
    assert sorted(files.iterdir()) == before


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            lambda text: text[: len(text) // 2],
            "Expected the whole model in broken.eqx; got a trunc",
        ),
        (lambda text: text[:20], "Expected a trained model (inversion-model-1) in broken.eqx"),
        (lambda text: b"", "Expected a trained model (inversion-model-1) in broken.eqx"),
        (
            lambda text: text.replace(b'"network"', b'"netwrok"', 1),
            "Expected 'network' in the header of broken.eqx; got none.",
        ),
        (
            lambda text: text.replace(b"inversion-model-1", b"inversion-model-7", 1),
            "Expected a model of the format inversion-model-1 in broken.eqx; got inversion-model-7",
        ),
    ],
)
def test_a_bad_model_is_one_line(fault, message, model, files, capsys):
    (files / "broken.eqx").write_bytes(fault(model.read_bytes()))
    assert infer("broken.eqx") == 2
    line = capsys.readouterr().err
    assert line.startswith(f"inversion: {message}")
    assert line.count("\n") == 1
    assert not (files / "out.npz").exists()


def test_a_certificate_that_does_not_fit_is_one_line(model, files, capsys):
    kept = beside(model)
    for content, message in (
        (b"PK\x03\x04 cut off", f"Expected {kept} to be a whole npz file; got"),
        (None, "Expected the certificate of a model that sees 2 numbers; got one of 3."),
    ):
        try:
            if content is None:
                Certificate(np.zeros((30, 3)), np.zeros(40), np.zeros((40, 2))).save(kept)
            else:
                kept.write_bytes(content)
            assert infer(model) == 2
        finally:
            kept.unlink()
        line = capsys.readouterr().err
        assert line.startswith(f"inversion: {message}")
        assert line.count("\n") == 1
        assert not (files / "out.npz").exists()


def test_what_cannot_be_written_or_read_is_one_line(model, files, capsys):
    (files / "out.npz").mkdir()
    assert infer(model) == 2
    assert infer(model, observation="out.npz") == 2
    assert infer(files) == 2
    for line in capsys.readouterr().err.splitlines():
        assert line.startswith("inversion: Expected to read and write ")
        assert line.endswith("; got: Is a directory.")
    assert sorted(path.name for path in files.iterdir()) == [
        "named.csv", "out.npz", "y.csv", "y.json", "y.npz",
    ]  # fmt: skip


def test_a_signal_while_writing_leaves_nothing(tmp_path):
    def interrupted(temporary):
        temporary.write_text("half of it")
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the signal ends the writing")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped, tidied():
        write_atomic(tmp_path / "draws.csv", interrupted)
    assert stopped.value.code == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--draws", "0"], "Expected --draws of at least 1; got 0."),
        (["--seed", "-1"], "Expected --seed from 0 to 4294967295; got -1."),
        (["--out", "out.xlsx"], "Expected --out to end with .csv or .npz or .nc; got out.xlsx."),
        (["--plot", "a.gif"], "Expected --plot to end with .png or .svg; got a.gif."),
    ],
)
def test_bad_options_are_told_before_anything_is_loaded(more, message, files, capsys):
    assert infer("nothing.eqx", *more) == 2
    assert capsys.readouterr().err == f"inversion: {message}\n"


def test_columns_of_a_dataset_are_picked_by_name(files):
    from inversion.cli.observations import read_observations

    class Named:
        y = ("b", "a")
        event_shape = (2,)

    (files / "t.csv").write_text("a,c,b\n1,2,3\n4,5,6\n")
    np.testing.assert_array_equal(read_observations(files / "t.csv", Named()), [[3, 1], [6, 4]])
    (files / "t.csv").write_text("a,c\n1,2\n")
    with pytest.raises(ValueError, match="no column 'b' among a, c"):
        read_observations(files / "t.csv", Named())
