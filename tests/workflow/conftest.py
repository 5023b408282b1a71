"""A small copy of the repository, under git and DVC, whose data verbs are a stand-in that takes milliseconds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COPIED = (
    "Snakefile",
    "dvc.yaml",
    "params.yaml",
    ".gitignore",
    ".dvcignore",
    "workflow",
    "profiles",
    "src",
)
OUTSIDE = {
    "box": {
        "kind": "black_box",
        "command": ["python", "box.py"],
        "shape": [1],
        "prior": [{"name": "a", "kind": "Normal", "loc": 0, "scale": 1}],
        "chunk": 4,
    },
    "table": {"kind": "dataset", "file": "table.csv", "theta": ["a"], "y": ["b"]},
}
TINY = [
    {"tasks": ["two_moons_line", "gaussian_linear"], "references": ["exact"]},
    {"tasks": ["two_moons_line"], "references": ["nuts"]},
    {
        "tasks": ["two_moons_line"],
        "refinements": ["hqs", "latent_nuts", "flow+is"],
        "budgets": [10],
        "seeds": [0],
    },
    {
        "tasks": ["two_moons_line", "gaussian_linear", "box", "table"],
        "estimators": ["flow"],
        "budgets": [10],
        "seeds": [0],
    },
    {"tasks": ["two_moons"], "references": ["exact"], "panels": ["sbibm"]},
    {"tasks": ["two_moons"], "panels": ["power"]},
    {
        "tasks": ["gaussian_image"],
        "references": ["exact"],
        "estimators": ["flow_matching"],
        "refinements": ["hqs"],
        "panels": ["restoration", "restoration_seen"],
        "budgets": [10],
        "seeds": [0],
    },
    {
        "tasks": ["two_moons_line"],
        "estimators": ["flow_prior", "iterative_gaussianization"],
        "panels": ["prior"],
        "budgets": [10],
        "seeds": [0],
    },
    {
        "tasks": ["two_moons"],
        "estimators": ["flow"],
        "panels": ["sbibm", "held_out"],
        "budgets": [10],
        "seeds": [0],
    },
]


class Repository:
    """A folder in which commands run, and what the stand-in was asked for."""

    def __init__(self, folder: Path, fake: Path) -> None:
        self.folder, self.fake = folder, fake
        self.log = folder.parent / f"{folder.name}.log"
        self.environment = os.environ | {
            "PATH": f"{fake}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}",
            "FAKE_LOG": str(self.log),
            "DVC_NO_ANALYTICS": "1",
        }

    def start(self, *command: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def attempt(self, *command: str, **environment: str) -> tuple[int, str]:
        process = self.start(*command, **environment)
        said, _ = process.communicate(timeout=600)
        return process.returncode, said

    def run(self, *command: str, **environment: str) -> str:
        code, said = self.attempt(*command, **environment)
        assert code == 0, f"{' '.join(command)}\n{said}"
        return said

    def jobs(self) -> list[str]:
        """Jobs since the last call."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.write_text("")
        return lines

    def nothing_to_do(self) -> bool:
        return "Nothing to be done" in self.run("snakemake", "-n")

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", message)

    def edit_params(self, edit) -> None:
        path = self.folder / "params.yaml"
        params = yaml.safe_load(path.read_text())
        edit(params)
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def artefacts(self) -> dict[str, bytes]:
        files = (path for path in sorted((self.folder / "results").rglob("*")) if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def fake(tmp_path_factory) -> Path:
    """A folder with a command `inversion` to be first on the path."""
    folder = tmp_path_factory.mktemp("bin")
    script = Path(__file__).with_name("fake_inversion.py")
    command = folder / "inversion"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{script}" "$@"\n')
    command.chmod(0o755)
    return folder


def tiny(params: dict) -> None:
    """A grid of few cells, with tasks whose pairs come from outside."""
    params["tasks"].update(OUTSIDE)
    params["panels"]["calibration"]["observations"]["estimators"] = {"default": 1000, "box": 10}
    params["panels"]["calibration"]["observations"]["samplers"] = {"default": 200, "box": 2}
    params["panels"]["density"]["observations"].update(box=3, table=3)
    params["grids"].update(tiny=TINY)
    params.update(grid="tiny")


@pytest.fixture(scope="session")
def pristine(tmp_path_factory, fake) -> Repository:
    """The sources alone, committed; nothing was run."""
    folder = tmp_path_factory.mktemp("pristine") / "repository"
    folder.mkdir()
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", "cache", "tmp", "config.local")
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=ignore)
    written = shutil.ignore_patterns("_generated", "_site", "_variables.yml", ".quarto")
    shutil.copytree(ROOT / "report", folder / "report", ignore=written)
    repository = Repository(folder, fake)
    repository.edit_params(tiny)
    for name in ("box.py", "table.csv"):
        (folder / name).write_text("anything")
    pipeline = (folder / "dvc.yaml").read_text()
    deps = pipeline.index("      - ")
    (folder / "dvc.yaml").write_text(
        f"{pipeline[:deps]}      - box.py\n      - table.csv\n{pipeline[deps:]}"
    )
    for setting in (
        ("init", "-q"),
        ("config", "user.email", "a@b.c"),
        ("config", "user.name", "A"),
    ):
        repository.run("git", *setting)
    repository.commit("Sources")
    return repository


def copy_of(source: Repository, folder: Path, fake: Path) -> Repository:
    shutil.copytree(source.folder, folder / "repository", symlinks=True)
    return Repository(folder / "repository", fake)


@pytest.fixture
def repository(pristine, tmp_path, fake) -> Repository:
    """A copy of the sources, nothing run."""
    return copy_of(pristine, tmp_path, fake)


@pytest.fixture(scope="session")
def reproduced(pristine, tmp_path_factory, fake) -> Repository:
    """The repository after `dvc repro`, committed."""
    repository = copy_of(pristine, tmp_path_factory.mktemp("reproduced"), fake)
    repository.run("dvc", "repro")
    repository.commit("Results")
    return repository


@pytest.fixture
def study(reproduced, tmp_path, fake) -> Repository:
    """A copy of the repository after `dvc repro`."""
    return copy_of(reproduced, tmp_path, fake)
