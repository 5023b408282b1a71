"""What the script of a peer is given and tells: settings and pairs in, lines of JSON out. Needs numpy alone."""

import json
import resource
import sys
import time

import numpy as np

STEADY = 3  # warm calls at least, however slow, where as many are asked


class Record:
    """One run. Seconds count from the start of the process, as whoever started it noted in `settings["started"]`."""

    def __init__(self) -> None:
        with open(sys.argv[1]) as file:
            self.settings = json.load(file)
        with np.load(self.settings["pairs"]) as arrays:
            self.pairs = dict(arrays)
        self.lines = []

    def seconds(self) -> float:
        return time.time() - self.settings["started"]

    def ready(self, **versions: str) -> None:
        """Everything is imported."""
        self.lines.append({"what": "start", "s": self.seconds(), "versions": versions})

    def epoch(self, number: int, loss: float) -> None:
        """`number` epochs are done; `loss` is that of the held-out pairs in the units that the peer sees."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        line = {"what": "epoch", "epoch": number, "s": self.seconds(), "loss": float(loss)}
        self.lines.append({**line, "peak_mb": peak})

    def draws(self, what: str, draw) -> None:
        """Time `draw(seed)`, which gives draws as NumPy's array: the first call and the warm ones apart."""
        seconds, most = [], self.settings["warm_calls"]
        while len(seconds) <= min(STEADY, most) or (
            len(seconds) <= most and sum(seconds) < self.settings["warm_s"]
        ):
            start = time.perf_counter()
            theta = draw(len(seconds))
            seconds.append(time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        line = {"what": what, "first_s": seconds[0], "warm_s": seconds[1:], "peak_mb": peak}
        self.lines.append({**line, "shape": list(theta.shape)})
        if what == "draw":
            np.save(self.settings["draws_file"], theta)

    def finish(self) -> None:
        with open(self.settings["out"], "w") as file:
            file.writelines(json.dumps(line) + "\n" for line in self.lines)

    def arranged(self, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All pairs such that theta[order], y[order] are those to train on, then those held out."""
        place = np.argsort(order)
        return tuple(
            np.concatenate([self.pairs[f"{name}_train"], self.pairs[f"{name}_held_out"]])[place]
            for name in ("theta", "y")
        )
