"""The Snakefile and dvc.yaml describe the same study, and avoid the traps of Snakemake's provenance cache."""

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

DESCRIBE = Path(__file__).with_name("describe.py")


@pytest.fixture(scope="session")
def stages(pristine) -> dict:
    return yaml.safe_load((pristine.folder / "dvc.yaml").read_text())["stages"]


@pytest.fixture(
    scope="session",
    params=["tiny", "smoke", "study", "priors", "distil", "images", "benchmark"],
)
def jobs(pristine, request) -> list[dict]:
    said = pristine.run(sys.executable, str(DESCRIBE), request.param, PYTHONPATH="src")
    return [job for job in json.loads(said.splitlines()[-1]) if job["output"]]


def outs_of(stage: dict) -> list[str]:
    return [out if isinstance(out, str) else next(iter(out)) for out in stage["outs"]]


def lies_under(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def test_every_wildcard_stands_in_the_cell(jobs) -> None:
    for job in jobs:
        cell = json.loads(job["params"].get("cell", "{}"))
        for name, value in job["wildcards"].items():
            assert str(cell.get(name)) == value, (job["rule"], name)


def test_no_two_cached_jobs_share_a_key(jobs) -> None:
    keys = [(job["shell"], job["params"]["cell"], *job["input"]) for job in jobs if job["cached"]]
    assert len(set(keys)) == len(keys)
    cells = [(job["shell"], job["params"]["cell"]) for job in jobs if job["cached"]]
    assert len(set(cells)) == len(cells)


def test_inputs_are_files_and_outputs_named(jobs) -> None:
    for job in jobs:
        assert all(Path(path).suffix for path in job["input"])
        assert not job["benchmark"]
        assert not any(Path(path).is_absolute() for path in job["input"] + job["output"])


def test_no_cache_where_git_tracks_the_output(pristine, jobs) -> None:
    cached = [path for job in jobs if job["cached"] for path in job["output"]]
    kept = [path for job in jobs if not job["cached"] for path in job["output"]]
    ignored = pristine.run("git", "check-ignore", *cached).split()
    assert set(ignored) == set(cached)
    assert {job["rule"] for job in jobs if not job["cached"]} <= {
        "tables", "figure", "cost_figure", "report",
        "fetch",  # an empty panel must not outlast the lack of a network
    }  # fmt: skip
    assert "results/scores.csv" in kept


def test_each_output_belongs_to_the_stage_that_allows_its_rule(jobs, stages) -> None:
    for job in jobs:
        owners = [name for name, stage in stages.items() if job["rule"] in stage["cmd"].split()]
        assert len(owners) == 1, job["rule"]
        for path in job["output"]:
            holders = [name for name, stage in stages.items() if lies_under(path, outs_of(stage))]
            assert holders == owners, path


def test_each_input_is_known_to_its_stage(jobs, stages) -> None:
    for job in jobs:
        (stage,) = (stage for stage in stages.values() if job["rule"] in stage["cmd"].split())
        known = stage["deps"] + outs_of(stage)
        assert [path for path in job["input"] if not lies_under(path, known)] == [], job["rule"]


def test_each_key_of_params_is_named_by_a_stage(pristine, stages) -> None:
    params = yaml.safe_load((pristine.folder / "params.yaml").read_text())
    named = {name for stage in stages.values() for name in stage["params"]}
    assert named == set(params)


def test_each_stage_runs_its_phase_and_its_dependencies_exist(pristine, stages) -> None:
    for name, stage in stages.items():
        assert stage["cmd"].startswith(f"snakemake --cache --allowed-rules phase_{name} ")
        assert stage["cmd"].endswith(f" -- phase_{name}")
        sources = [dep for dep in stage["deps"] if not dep.startswith("results/")]
        assert [dep for dep in sources if not (pristine.folder / dep).exists()] == []
        assert not any(isinstance(out, dict) and "persist" in out for out in stage["outs"])


def test_the_ledger_makes_only_cost_figures_stale(jobs) -> None:
    readers = {job["rule"] for job in jobs if any("cost" in path for path in readable(job))}
    assert readers <= {"tables", "cost_figure", "report", "total"}


def readable(job: dict) -> list[str]:
    return [path for path in job["input"] if path.startswith("results/")]


def test_the_slurm_profile_gives_memory_and_time_to_every_rule_that_it_submits(pristine) -> None:
    files = [pristine.folder / "Snakefile", *(pristine.folder / "workflow/rules").iterdir()]
    text = "\n".join(path.read_text() for path in files)
    local = re.findall(r"^localrules:\n((?:    \w+,\n)+)", text, re.MULTILINE)
    submitted = set(re.findall(r"^rule (\w+):", text, re.MULTILINE))
    submitted -= set(re.findall(r"\w+", "".join(local)))
    profile = yaml.safe_load((pristine.folder / "profiles/slurm/config.yaml").read_text())
    assert set(profile["set-resources"]) == submitted
    assert {frozenset(entry) for entry in profile["set-resources"].values()} == {
        frozenset({"mem_mb", "runtime"})
    }
    assert set(profile["slurm-array-jobs"].split(",")) <= submitted


@pytest.mark.slow
def test_lint_asks_for_nothing_but_containers(pristine) -> None:
    _, said = pristine.attempt("snakemake", "--lint")
    lints = {line.strip() for line in said.splitlines() if line.strip().startswith("*")}
    # The environment is requirements.lock: exact versions and hashes for every rule.
    assert lints == {"* Specify a conda environment or container for each rule.:"}
