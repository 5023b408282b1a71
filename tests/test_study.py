"""The whole workflow on the smallest settings, run twice, and once more through Slurm: the same bits every time.

One of its trainings diverges, and the study goes on and says so.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from cluster import cluster, missing

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
SECONDS = ("results/costs", "results/breakeven.csv", "results/figures/cost", "report/")


def tiny(params: dict) -> dict:
    """The same study with less of everything."""
    for entry in params["estimators"].values():
        if "fit" in entry:
            entry["fit"] |= {"epochs": 4, "batch": 50}
    for network in (
        params["estimators"]["flow"]["network"],
        params["estimators"]["flow_prior"]["network"]["flow"],
    ):
        network |= {"layers": 2, "width": 8, "depth": 1}
    params["estimators"]["exploding"] = json.loads(json.dumps(params["estimators"]["flow"]))
    params["estimators"]["exploding"]["fit"] |= {"learning_rate": 1e30, "clip": 1e30}
    for section, name in (("references", "nuts"), ("refinements", "latent_nuts")):
        params[section][name] |= {
            "chains": 4,
            "warmup": 20,
            "steps": {"calibration": 10, "comparison": 50},
        }
    params["panels"]["calibration"] |= {
        "observations": {"estimators": 20, "samplers": 4},
        "draws": 10,
    }
    params["panels"]["density"] |= {"observations": 200}
    params["panels"]["comparison"] |= {"draws": 200}
    params["scores"]["c2st"]["draws"] = 200
    everything = {"tasks": ["two_moons_line"], "budgets": [200], "seeds": [0]}
    methods = {"estimators": ["flow", "exploding"], "refinements": ["hqs", "latent_nuts"]}
    methods["references"] = ["exact", "rejection", "nuts"]
    params["grids"]["tiny"] = [everything | methods]
    fewer = {"estimators": ["flow"], "refinements": ["hqs"], "references": ["exact", "nuts"]}
    params["grids"]["part"] = [everything | fewer]
    return params | {"grid": "tiny"}


def copy_study(folder: Path) -> None:
    """The sources, with the settings of `tiny`; nothing is run."""
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    for name in filter(None, files):
        if name.startswith("results/") or not (ROOT / name).is_file():
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    params = tiny(yaml.safe_load((folder / "params.yaml").read_text()))
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def run(folder: Path, cache: Path, *options: str, **more: str) -> str:
    """Make the study of a folder, with the compiled programs of `cache`; gives what Snakemake said."""
    environment = os.environ | {"INVERSION_COMPILE_CACHE": str(cache)} | more
    environment["PATH"] = f"{BIN}:{environment['PATH']}"
    done = subprocess.run(
        [BIN / "snakemake", *options], cwd=folder, env=environment, capture_output=True, text=True
    )
    logs = "\n".join(path.read_text() for path in (folder / ".cache/logs").rglob("*.log"))
    assert done.returncode == 0, done.stderr[-3000:] + logs[-3000:]
    return done.stderr


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folders = [tmp_path_factory.mktemp(f"cores_{cores}") for cores in (1, 2)]
    for folder, cores, targets in zip(folders, (1, 2), ([], ["results/numbers.json"]), strict=True):
        # The second run takes its programs from the first one's cache: they too must give the same bits. Its figures
        # would be of the same numbers, and their tests draw them twice.
        copy_study(folder)
        run(
            folder,
            folders[0] / ".cache/jax",
            "--cores",
            str(cores),
            "--quiet",
            "all",
            "--",
            *targets,
        )
    return folders


def digests(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.glob("results/**/*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not name.startswith(SECONDS) and name != "results/numbers.json":
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_the_same_bits_whatever_the_cores(runs):
    one, two = map(digests, runs)
    assert len(one) > 40
    assert {Path(name).suffix for name in one} >= {".npz", ".eqx", ".csv", ".nc", ".json", ".svg"}
    one = {name: digest for name, digest in one.items() if not name.startswith("results/figures")}
    assert {Path(name).suffix for name in two} >= {".npz", ".eqx", ".csv", ".nc", ".json"}
    assert one == two


@pytest.mark.slurm
def test_the_same_bits_through_slurm(runs, tmp_path):
    if lacking := missing():
        pytest.skip(f"Slurm is not installed here: no {', '.join(lacking)}")
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("The extra `slurm` of this project is not installed")
    folder = tmp_path / "study"
    copy_study(folder)
    options = [
        "--config",
        "grid=part",
        "--profile",
        "profiles/slurm",
        "--slurm-status-command",
        "squeue",
    ]
    options += ["--slurm-init-seconds-before-status-checks", "1"]
    with cluster(tmp_path / "cluster") as environment:
        phases = ["phase_calibrate", "phase_compare"]
        said = run(folder, runs[0] / ".cache/jax", *options, "--", *phases, **environment)
    assert "Submitted array job" in said
    assert said.count("has been submitted with SLURM jobid") > 10
    found, expected = digests(folder), digests(runs[0])
    assert {Path(name).suffix for name in found} >= {".npz", ".eqx", ".csv", ".nc", ".json"}
    assert found == {name: expected[name] for name in found}


def test_the_numbers_differ_in_seconds_alone(runs):
    one, two = (json.loads((folder / "results/numbers.json").read_text()) for folder in runs)
    for name in set(one) - {"costs", "breakeven", "scale"}:
        assert one[name] == two[name], name
    assert one.keys() == two.keys()


def test_a_diverged_training_is_a_row_and_the_study_goes_on(runs):
    scores = pd.read_csv(runs[0] / "results/scores.csv")
    diverged = scores[scores["score"] == "diverged"].set_index("method")["value"]
    assert diverged["exploding"] == 1
    assert diverged["flow"] == 0
    c2st = scores[(scores["score"] == "c2st") & (scores["method"] == "exploding")]
    assert len(c2st) == 3
    assert c2st["value"].notna().all()


def test_every_score_that_others_rely_on_is_there(runs):
    scores = set(pd.read_csv(runs[0] / "results/scores.csv")["score"])
    assert scores >= {
        "c2st", "mmd", "sliced_wasserstein", "excess_nll", "nll", "mode_tv", "consistency_mean",
        "consistency_std", "sbc_ks", "sbc_p", "tarp_p", "coverage_50", "coverage_90",
    }  # fmt: skip


def test_the_ledger_has_every_verb_and_whole_columns(runs):
    costs = pd.read_csv(runs[0] / "results/costs.csv")
    assert set(costs["verb"]) == {"simulate", "train", "sample", "reference", "refine"}
    seconds = costs[["compile_s", "cpu_s", "wall_s", "peak_mb"]]
    assert (seconds >= 0).all().all()
    assert (costs.loc[costs["method"] == "nuts", "gradient_calls"] > 0).all()
    assert (costs.loc[costs["verb"] == "simulate", "simulator_calls"].max()) == 200


def test_the_report_is_there(runs):
    page = (runs[0] / "report/_site/index.html").read_text()
    assert "<h1" in page
    assert (runs[0] / "results/figures/headline.svg").stat().st_size > 5000


def test_a_trained_model_answers_from_the_command_line(runs, tmp_path):
    (tmp_path / "y.csv").write_text("0.5\n-0.2\n")
    model = runs[0] / "results/models/two_moons_line/flow/200/0.eqx"

    def infer(*more):
        command = [BIN / "inversion", "infer", model, "--observation", tmp_path / "y.csv", *more]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    for name in ("a.csv", "b.csv"):
        assert infer("--draws", "50", "--seed", "3", "--out", name).returncode == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    draws = pd.read_csv(tmp_path / "a.csv")
    assert draws.groupby("observation").size().tolist() == [50, 50]
    (tmp_path / "y.csv").write_text("nan\n")
    failed = infer("--out", "c.csv")
    assert failed.returncode == 2
    assert failed.stderr == "inversion: Expected finite observations; got 1 of 1 that are not.\n"
    assert not (tmp_path / "c.csv").exists()


def test_a_model_of_another_task_is_refused(runs, tmp_path):
    cell = {
        "root_seed": 0, "task": "gaussian_linear", "task_entry": {"kind": "gaussian_linear"}, "method": "flow",
        "budget": 200, "seed": 0, "draws": {"comparison": 5}, "observations_used": {"comparison": 3},
    }  # fmt: skip
    model = runs[0] / "results/models/two_moons_line/flow/200/0.eqx"
    panel = runs[0] / "results/simulations/two_moons_line/panels/comparison.npz"
    command = [
        BIN / "inversion",
        "sample",
        "--cell",
        json.dumps(cell),
        "--model",
        model,
        "--panels",
        panel,
    ]
    outputs = ["--out", tmp_path / "d.npz", "--cost", tmp_path / "c.csv"]
    failed = subprocess.run([*command, *outputs], capture_output=True, text=True)
    assert failed.returncode == 2
    assert failed.stderr.startswith("inversion: Expected a model of gaussian_linear")
    assert failed.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
