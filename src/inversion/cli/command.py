"""An external simulator, run once for each theta: its words, what it reads and what it has to write."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float


class Command:
    """`words` with `{theta}`, `{y}` and `{seed}` filled in, as a function of theta and a generator.

    theta is one line of numbers between commas, in the file `{theta}`, or on standard input where no word names it. y
    is such lines (or, from the first `[` on, JSON), in the file `{y}`, or on standard output where no word names it.
    `{seed}` is a whole number below 2^32, also in the variable SEED of the environment: the same theta and seed must
    give the same y. Raises `CalledProcessError`, `TimeoutExpired`, or `ValueError` for a y that is no numbers.
    """

    def __init__(self, words: Sequence[str], timeout: float | None = None) -> None:
        if shutil.which(words[0]) is None:
            raise ValueError(
                f"Expected a command that can be run; got {words[0]!r}, which is none."
            )
        self.words, self.timeout = tuple(words), timeout

    def __call__(
        self, theta: Float[np.ndarray, " dim"], rng: np.random.Generator
    ) -> Float[np.ndarray, "*event"]:
        seed = str(rng.integers(2**32))
        line = ",".join(map(repr, theta.tolist())) + "\n"
        with tempfile.TemporaryDirectory() as folder:
            places = {"theta": f"{folder}/theta.csv", "y": f"{folder}/y", "seed": seed}
            Path(places["theta"]).write_text(line)
            words = [_filled(word, places) for word in self.words]
            said = self._run(words, line, seed)
            if any("{y}" in word for word in self.words):
                said = Path(places["y"]).read_text() if Path(places["y"]).exists() else ""
            return read_y(said)

    def _run(self, words: list[str], line: str, seed: str) -> str:
        """What the command prints. What it has started ends with it when it takes more than `timeout` seconds."""
        with subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"SEED": seed},
            start_new_session=True,
        ) as process:
            try:
                said, complaint = process.communicate(line, self.timeout)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, words, said, complaint)
        return said


def read_y(text: str) -> Float[np.ndarray, "*event"]:
    """JSON, or lines of numbers between commas: one line, or one number a line, is a vector."""
    if text.lstrip().startswith("["):
        return np.asarray(json.loads(text), float)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("no y was written")
    y = np.loadtxt(lines, delimiter=",", ndmin=2)
    return y.ravel() if 1 in y.shape else y


def _filled(word: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(f"{{{name}}}", value)
    return word
