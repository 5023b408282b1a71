"""The page on simulators of one's own, followed to the letter: its files, its entries, its commands."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from inversion.records import Simulations

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
PAGE = (ROOT / "report/own.qmd").read_text()
BLOCKS = re.findall(
    r"^```(python|yaml|bash)\n(?:# (\S+)\n)?(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
)
TASKS = {
    "wiggle": 500,
    "pendulum": 500,
    "decay": 100,
    "survey": 600,
}  # the pairs that the page asks for


def merged(old: Any, new: Any) -> Any:
    """`new` written into `old`: keys are merged, lists are joined."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {name: merged(old.get(name), value) for name, value in new.items()}
    return [*old, *new] if isinstance(old, list) and isinstance(new, list) else new


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    return os.environ | {
        "INVERSION_COMPILE_CACHE": str(tmp_path_factory.mktemp("compiled")),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f".{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }


@pytest.fixture(scope="module")
def clone(tmp_path_factory, environment) -> Path:
    """A copy of the repository after all that the page says to do, its four examples at once."""
    folder = tmp_path_factory.mktemp("own") / "clone"
    listed = ["git", "ls-files", "-co", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.splitlines():
        if not name.startswith("results/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    params = yaml.safe_load((folder / "params.yaml").read_text())
    params["panels"]["comparison"]["draws"] = 100
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commands = []
    for language, name, text in BLOCKS:
        if language == "bash":
            commands += [line for line in text.splitlines() if not line.startswith("export")]
        elif language == "yaml":
            content = merged(yaml.safe_load((folder / name).read_text()), yaml.safe_load(text))
            (folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
        else:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
    asked = ("inversion infer", "inversion certify")
    commands = [line for line in dict.fromkeys(commands) if not line.startswith(asked)]
    assert sorted(commands) == ["inversion check", "python make_pairs.py", "snakemake --cores 2"]
    said = ""
    for command in ("python make_pairs.py", "inversion check", "snakemake --cores 2"):
        done = subprocess.run(
            command.split(), cwd=folder, env=environment, capture_output=True, text=True
        )
        said += done.stdout
        assert done.returncode == 0, done.stderr[-3000:]
    (folder / "said.txt").write_text(said)
    return folder


def test_the_page_has_a_block_of_each_kind_for_each_example() -> None:
    entries = [yaml.safe_load(text) for language, name, text in BLOCKS if name == "params.yaml"]
    asked = {
        task: block["budgets"][0]
        for entry in entries
        for block in entry["grids"]["own"]
        for task in block["tasks"]
    }
    assert asked == TASKS


def test_each_example_is_trained_drawn_and_scored(clone) -> None:
    scores = pd.read_csv(clone / "results/scores.csv")
    for task in TASKS:
        values = scores[(scores["task"] == task) & (scores["score"] == "sbc_ks")]["value"]
        assert values.between(0, 1).all(), task
        assert len(values) == 1, task


def test_what_failed_is_left_out_counted_and_told(clone) -> None:
    record = json.loads((clone / "results/simulations/pendulum/500/0.json").read_text())
    pairs = Simulations.load(clone / "results/simulations/pendulum/500/0.npz")
    assert record["asked"] == 500
    assert record["lost"]["exception"] > 0
    assert len(pairs) == record["kept"] == 500 - record["lost"]["exception"]
    assert pairs.theta[:, 1].max() <= 2.0, "the overdamped ones are left out"
    assert pairs.theta[:, 0].min() >= 0.5
    lost = record["lost"]["exception"]
    line = f"pendulum 500/0: {record['kept']} of 500 pairs are whole; left out: {lost} exception."
    assert line in (clone / "said.txt").read_text()
    decay = json.loads((clone / "results/simulations/decay/100/0.json").read_text())
    assert decay["lost"]["exit"] == 100 - decay["kept"] > 0
    page = (clone / "report/_site/own.html").read_text()
    assert f"{record['lost']['exception']} exception" in page


def test_the_ledger_counts_every_run_of_a_simulator(clone) -> None:
    costs = pd.read_csv(clone / "results/costs.csv", keep_default_na=False)
    simulated = costs[(costs["verb"] == "simulate") & (costs["panel"] == "")].set_index("task")
    assert simulated["simulator_calls"].to_dict() == TASKS | {"survey": 0}
    assert simulated.loc["decay", "cpu_s"] > 0.5, "the seconds of the commands are its own"


def test_a_second_run_has_nothing_to_do_and_an_edit_is_seen(clone, environment) -> None:
    def planned() -> str:
        command = ["snakemake", "-n", "--quiet", "rules"]
        return subprocess.run(
            command, cwd=clone, env=environment, capture_output=True, text=True
        ).stdout

    def jobs() -> set[str]:
        command = ["snakemake", "-n"]
        said = subprocess.run(
            command, cwd=clone, env=environment, capture_output=True, text=True
        ).stdout
        return set(re.findall(r"wildcards: task=(\w+)", said))

    assert jobs() == set()
    for name, task in (("pairs.csv", "survey"), ("decay.py", "decay"), ("pendulum.py", "pendulum")):
        content = (clone / name).read_text()
        (clone / name).write_text(content + "\n")
        assert jobs() == {task}
        (clone / name).write_text(content)
    assert jobs() == set()


@pytest.mark.parametrize("task", ["pendulum", "decay", "survey"])
def test_a_model_answers_from_another_folder(clone, environment, tmp_path, task) -> None:
    pairs = Simulations.load(clone / f"results/simulations/{task}/{TASKS[task]}/0.npz")
    np.savetxt(tmp_path / "y.csv", pairs.y[:2], delimiter=",")
    model = clone / f"results/models/{task}/flow/{TASKS[task]}/0.eqx"
    command = [
        "inversion",
        "infer",
        model,
        "--observation",
        "y.csv",
        "--draws",
        "200",
        "--out",
        "d.csv",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    draws = pd.read_csv(tmp_path / "d.csv")
    assert draws.groupby("observation").size().tolist() == [200, 200]
    if task == "survey":
        assert draws["theta_2"].between(0, 1).all()
        assert (draws["theta_1"] > 0).all()


def test_a_model_is_certified_by_pairs_alone(clone, environment, tmp_path) -> None:
    (line,) = re.findall(r"^inversion certify .*$", PAGE, re.MULTILINE)
    run = {"env": environment, "capture_output": True, "text": True, "check": True}
    said = subprocess.run(line.split(), cwd=clone, **run).stdout
    assert "thresholds of 250 pairs, tested on 250 others" in said
    (tmp_path / "y.csv").write_text("2,1.8,1.2,0.5\n40,-40,40,-40\n")
    model = clone / "results/models/survey/flow/600/0.eqx"
    command = ["inversion", "infer", model, "--observation", "y.csv", "--out", "d.csv"]
    said = subprocess.run(command, cwd=tmp_path, **run).stdout
    assert "the observation is like those simulated" in said
    assert "the observation is off the map" in said


def test_a_file_that_dvc_does_not_know_of_is_named(clone, environment) -> None:
    path = clone / "dvc.yaml"
    content = path.read_text()
    for name in ("pairs.csv", "decay.py", "pendulum.py"):
        path.write_text(content.replace(f"    - {name}\n", ""))
        done = subprocess.run(
            ["inversion", "check"], cwd=clone, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert done.stderr.startswith(
            f"inversion: Expected {name} among the deps of the stage simulate"
        )
        assert done.stderr.count("\n") == 1
    path.write_text(content)
