"""A run that is stopped goes on where it was, and no file is ever half written."""

import os
import signal
import time

import pytest

pytestmark = pytest.mark.slow
CHUNKS = {"tasks": ["box"], "estimators": ["flow"], "budgets": [48], "seeds": [0]}


def interrupt(repository, sign: signal.Signals, everyone: bool) -> None:
    """Start a run, wait for some jobs to end, and send the signal."""
    process = repository.start("snakemake", "--cores", "2", FAKE_SLEEP="0.3")
    deadline = time.monotonic() + 120
    while not repository.log.exists() or len(repository.log.read_text().splitlines()) < 6:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    if everyone:
        os.killpg(process.pid, sign)
    else:
        os.kill(process.pid, sign)
    try:
        process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0


def whole(repository) -> None:
    """Every artefact is complete: the stand-in writes as many lines as it was asked for, or none."""
    for path, content in repository.artefacts().items():
        assert not os.path.basename(path).startswith("."), path
        lines = content.decode().splitlines()
        assert len(lines) == (1 if "/costs/" in path or path.count("/") == 1 else 1000), path
        assert len(set(lines)) == 1


def test_sigterm_resumes(repository) -> None:
    interrupt(repository, signal.SIGTERM, everyone=False)
    done = set(repository.jobs())
    assert done
    repository.run("snakemake")
    resumed = repository.jobs()
    assert len(done & set(resumed)) <= 2  # those under way when the signal came
    assert repository.nothing_to_do()
    whole(repository)


def test_sigkill_resumes_after_unlock(repository) -> None:
    interrupt(repository, signal.SIGKILL, everyone=True)
    done = set(repository.jobs())
    whole(repository)
    code, said = repository.attempt("snakemake")
    assert code != 0
    assert "--unlock" in said
    repository.run("snakemake", "--unlock")
    repository.run("snakemake")
    assert len(done & set(repository.jobs())) <= 2
    assert repository.nothing_to_do()
    whole(repository)


def test_a_job_that_fails_stops_the_run_and_shows_why(repository) -> None:
    code, said = repository.attempt("snakemake", FAKE_FAIL="train")
    assert code != 0
    assert "inversion: Expected something else" in said
    models = (repository.folder / "results/models").rglob("*.eqx")
    assert {path.parts[-3] for path in models} <= {
        "iterative_gaussianization"
    }  # solved, not trained
    repository.jobs()
    repository.run("snakemake")
    assert repository.nothing_to_do()


def test_sigkill_amid_the_chunks_redoes_none_that_was_whole(repository) -> None:
    """Twelve chunks of one simulator: what was written before the kill stays as it is."""
    repository.edit_params(lambda params: params["grids"].update(tiny=[CHUNKS]))
    target = "results/simulations/box/48/0.npz"
    process = repository.start("snakemake", "--cores", "2", target, FAKE_SLEEP="0.3")
    chunks = repository.folder / "results/simulations/box/chunks/48/0"
    deadline = time.monotonic() + 120
    while len(list(chunks.glob("[0-9]*.npz"))) < 5:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    done = set(repository.jobs())
    repository.run("snakemake", "--unlock")
    repository.run("snakemake", "--cores", "2", target)
    again = repository.jobs()
    assert len([job for job in again if job.startswith("chunk")]) >= 12 - len(done) > 0
    assert len(done & set(again)) <= 2  # those under way when the signal came
    assert len(list(chunks.glob("[0-9]*.npz"))) == 12
    whole(repository)
