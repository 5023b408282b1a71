"""Snakemake and DVC agree: what one of them made, the other takes as made, and both re-run the same cells."""

import json
import shutil

import pytest

pytestmark = pytest.mark.slow


def test_after_repro_nothing_is_left_to_do(study) -> None:
    assert study.nothing_to_do()
    study.run("dvc", "repro")
    assert study.jobs() == []
    links = study.run("git", "ls-files", "--stage").splitlines()
    assert not [line for line in links if line.startswith("120000")]
    ignored = study.run("git", "ls-files", "--others", "--cached", "results").split()
    assert not [path for path in ignored if path.endswith(".gitignore")]


def test_results_deleted_and_checked_out(study) -> None:
    before = study.artefacts()
    shutil.rmtree(study.folder / "results")
    study.run("git", "checkout", "-q", "results")
    study.run("dvc", "checkout")
    assert study.artefacts() == before
    assert study.nothing_to_do()
    study.run("inversion", "sync")
    assert study.nothing_to_do()
    assert study.jobs() == []


def test_bare_snakemake_then_commit_then_repro(study) -> None:
    study.edit_params(lambda params: params["scores"]["mmd"].update(draws=7))
    code, said = study.attempt("inversion", "commit")
    assert code == 2
    assert "Expected `snakemake -n` to have nothing to do" in said
    study.run("snakemake")
    assert {line.split()[0] for line in study.jobs()} == {
        "calibrate", "compare", "tables", "figure", "report",
    }  # fmt: skip
    study.run("inversion", "commit")
    study.run("dvc", "repro")
    assert study.jobs() == []
    assert study.nothing_to_do()


@pytest.mark.parametrize("engine", ["snakemake", "dvc repro"])
def test_one_task_edited_reruns_its_cells_alone(study, engine) -> None:
    study.edit_params(lambda params: params["tasks"]["gaussian_linear"].update(dim=5))
    study.run(*engine.split())
    # `fetch` is not cached: where DVC has emptied its phase, it unpacks the wheel that it has kept once more.
    always = ("tables", "figure", "report", "fetch")
    jobs = [line for line in study.jobs() if line.split()[0] not in always]
    assert jobs
    assert not [line for line in jobs if "gaussian_linear" not in line]
    assert study.nothing_to_do()
    if engine == "snakemake":
        study.run("inversion", "commit")
    assert study.run("dvc", "status").strip() == "Data and pipelines are up to date."


def test_shrunk_grid_leaves_no_dead_cells(study) -> None:
    study.edit_params(lambda params: params["grids"]["tiny"].pop(1))
    study.run("snakemake")
    chains = study.folder / "results/draws/reference/comparison/two_moons_line/nuts"
    assert chains.is_dir()
    assert "nuts/0/0.nc, which no job makes" in study.run("inversion", "commit")
    assert not list(chains.rglob("*.*"))
    study.jobs()
    study.run("dvc", "repro")
    assert study.jobs() == []


def test_results_that_differ_for_no_reason_want_accept(study) -> None:
    model = study.folder / "results/models/two_moons_line/flow/10/0.eqx"
    record = study.folder / "results/costs/train/two_moons_line/flow/10/0.csv"
    record.write_text("other seconds")
    study.run("snakemake")
    study.run("inversion", "commit")
    model.write_text("other bits")
    study.run("snakemake")
    code, said = study.attempt("inversion", "commit")
    assert code == 2
    assert "results/models" in said
    assert "--accept" in said
    assert "results/models" in study.run("inversion", "commit", "--accept")


def test_pulled_into_a_second_clone(study) -> None:
    study.run("dvc", "push")
    assert (study.folder.parent / "inversion-remote").is_dir()
    study.run("git", "clone", "-q", str(study.folder), str(study.folder.parent / "clone"))
    clone = type(study)(study.folder.parent / "clone", study.fake)
    clone.run("dvc", "pull")
    assert clone.artefacts() == study.artefacts()
    code, said = clone.attempt("snakemake", "-n")
    assert code != 0
    assert "Run `inversion sync` first." in said
    clone.run("inversion", "sync")
    assert clone.nothing_to_do()
    clone.run("dvc", "repro")
    assert clone.jobs() == []


def test_bare_snakemake_in_a_clone_without_results(study) -> None:
    study.run("git", "clone", "-q", str(study.folder), str(study.folder.parent / "clone"))
    clone = type(study)(study.folder.parent / "clone", study.fake)
    assert set(clone.artefacts()) >= {"results/scores.csv", "results/numbers.json"}
    clone.run("snakemake")
    assert {line.split()[0] for line in clone.jobs()} >= {"simulate", "tables", "report"}
    clone.run("inversion", "commit", "--accept")
    assert clone.nothing_to_do()


def test_sync_drops_what_an_edit_made_stale(study) -> None:
    study.run("git", "clone", "-q", str(study.folder), str(study.folder.parent / "clone"))
    clone = type(study)(study.folder.parent / "clone", study.fake)
    shutil.copytree(study.folder / ".dvc/cache", clone.folder / ".dvc/cache")
    clone.run("dvc", "checkout")
    clone.edit_params(lambda params: params["tasks"]["gaussian_linear"].update(dim=5))
    said = clone.run("inversion", "sync")
    assert "simulate: not what dvc.lock says" in said
    left = clone.artefacts()
    assert not [path for path in left if path.startswith("results/simulations")]
    assert left["results/scores.csv"] == study.artefacts()["results/scores.csv"]
    clone.run("snakemake")
    clone.run("inversion", "commit")
    clone.jobs()
    clone.run("dvc", "repro")
    assert clone.jobs() == []
    assert clone.nothing_to_do()


def test_settings_reverted(study) -> None:
    study.edit_params(lambda params: params["scores"]["mmd"].update(draws=7))
    study.run("dvc", "repro", "calibrate")
    edited = study.artefacts()
    study.run("git", "checkout", "-q", "params.yaml")
    study.run("dvc", "repro", "calibrate")  # from DVC's own cache of runs, without Snakemake
    study.run("inversion", "sync")
    assert study.nothing_to_do()
    assert study.artefacts() != edited
    study.jobs()
    study.run("dvc", "repro")
    assert study.jobs() == []


def test_experiments_in_place_and_apart(study) -> None:
    study.run("dvc", "exp", "run", "-S", "scores.mmd.draws=7", "calibrate")
    assert {line.split()[0] for line in study.jobs()} == {"calibrate"}
    here = study.artefacts()
    study.run("dvc", "exp", "run", "--temp", "-S", "scores.mmd.draws=8", "calibrate")
    assert {line.split()[0] for line in study.jobs()} == {"calibrate"}
    assert study.artefacts() == here
    assert len(json.loads(study.run("dvc", "exp", "show", "--json"))) >= 1


def test_clean_frees_the_caches_and_keeps_the_results(study) -> None:
    before = study.artefacts()
    assert "freed" in study.run("inversion", "clean")
    assert study.artefacts() == before
    assert not list((study.folder / ".cache/snakemake").glob("*"))
    study.run("dvc", "checkout")
    assert study.run("dvc", "status").strip() == "Data and pipelines are up to date."
    assert study.nothing_to_do()
