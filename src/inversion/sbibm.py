"""What sbibm's wheel holds: for each task ten observations, the parameters behind them, and accepted draws for each.

The wheel is read and not installed. Its files keep our order of coordinates and our units.

Lueckmann, Boelts, Greenberg, Gonçalves, Macke (2021), arXiv:2101.04653; files under the MIT licence.
"""

import bz2
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from inversion.records import Draws


class Files(NamedTuple):
    """Where a task's files lie: two tasks are others with another observation of the same parameters."""

    folder: str
    observation: str = "observation.csv"


OBSERVATIONS = 10
FILES = {
    "two_moons": Files("two_moons"),
    "gaussian_linear": Files("gaussian_linear"),
    "gaussian_linear_uniform": Files("gaussian_linear_uniform"),
    "gaussian_mixture": Files("gaussian_mixture"),
    "slcp": Files("slcp"),
    "slcp_distractors": Files("slcp", "observation_distractors.csv"),
    "bernoulli_glm": Files("bernoulli_glm"),
    "bernoulli_glm_raw": Files("bernoulli_glm", "observation_raw.csv"),
    "sir": Files("sir"),
    "lotka_volterra": Files("lotka_volterra"),
}


def fetch(version: str, sha256: str, folder: Path) -> Path:
    """The wheel in `folder`, from the package registry by name and version unless it is there already.

    ValueError where the registry cannot be reached, or where what comes has another SHA-256.
    """
    wheel = folder / f"sbibm-{version}-py2.py3-none-any.whl"
    if not wheel.exists():
        download(f"sbibm=={version}", folder)
    if not wheel.exists():
        raise ValueError(f"Expected the wheel {wheel.name} of sbibm {version}; got none.")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != sha256:
        wheel.unlink()
        raise ValueError(f"Expected {wheel.name} to have SHA-256 {sha256}; got {digest}.")
    return wheel


def download(requirement: str, folder: Path) -> None:
    """One distribution by pip, without what it depends on; moved to `folder` once it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as fresh:
        pip = ["pip", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1"]
        options = ["--no-deps", "--only-binary", ":all:", "--dest", fresh, requirement]
        done = subprocess.run(
            [sys.executable, "-m", *pip, "download", *options], capture_output=True, text=True
        )
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
            reason = said[-1].removeprefix("ERROR: ").rstrip(". ")
            raise ValueError(f"Expected {requirement} from the package registry; got: {reason}.")
        for file in Path(fresh).iterdir():
            file.replace(folder / file.name)


def read(wheel: Path, task: str, observations: int) -> Draws:
    """The first `observations` of a task, with true parameters and draws of theta, of shape (obs, 10000, dim)."""
    if task not in FILES or not 1 <= observations <= OBSERVATIONS:
        raise ValueError(
            f"Expected 1 to {OBSERVATIONS} observations of a task among {', '.join(FILES)}; "
            f"got {observations} of {task}."
        )
    with zipfile.ZipFile(wheel) as archive:

        def stacked(name: str) -> np.ndarray:
            return np.stack(
                [
                    table(archive, f"{FILES[task].folder}/files/num_observation_{number}/{name}")
                    for number in range(1, observations + 1)
                ]
            )

        theta = stacked("reference_posterior_samples.csv.bz2")
        truth, y = stacked("true_parameters.csv"), stacked(FILES[task].observation)
    return Draws(truth[:, 0], y[:, 0], theta)


def table(archive: zipfile.ZipFile, name: str) -> Float[np.ndarray, "row column"]:
    """A csv of the wheel below its header, single or compressed."""
    content = archive.read(f"sbibm/tasks/{name}")
    if name.endswith(".bz2"):
        content = bz2.decompress(content)
    return np.loadtxt(io.BytesIO(content), np.float32, delimiter=",", skiprows=1, ndmin=2)
