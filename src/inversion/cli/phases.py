"""What the two engines know of the study: the phases of dvc.yaml, and Snakemake's record of each file.

Reference: Snakemake keeps one JSON file for each output below .snakemake/metadata, named by the base64 of its path.
"""

import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CACHE = ".cache/snakemake"
NAME_MAX = 254
COPIED_S = 2.0  # a file this much newer than its record was put there by another program


class Phase(NamedTuple):
    """A stage of dvc.yaml: its rules, which its command allows, and the folders and files that it owns.

    What it keeps is tracked by git, not by DVC.
    """

    name: str
    rules: tuple[str, ...]
    outs: tuple[str, ...]
    kept: bool

    def files(self) -> Iterator[Path]:
        """Every file that lies in the phase's outs."""
        for out in map(Path, self.outs):
            if out.is_dir():
                yield from (path for path in sorted(out.rglob("*")) if not path.is_dir())
            elif out.exists():
                yield out


def read_phases(path: str = "dvc.yaml") -> list[Phase]:
    """The stages of dvc.yaml, in their order."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"Expected {path} here (the repository's root); got none.")
    stages = yaml.safe_load(Path(path).read_text())["stages"]
    return [_phase(name, stage) for name, stage in stages.items()]


def unrecorded(paths: Iterable[str | Path]) -> list[str]:
    """Those of `paths` that exist, and of which Snakemake knows neither that it made nor that it began them."""
    present = (str(path) for path in paths if os.path.lexists(path))
    return [
        path
        for path in present
        if not (_record(path, "metadata").is_file() or _record(path, "incomplete").is_file())
    ]


def replaced(paths: Iterable[str | Path]) -> list[str]:
    """Those of `paths` that another program wrote after Snakemake recorded them, or that it never recorded."""
    paths = list(map(str, paths))
    unknown = set(unrecorded(paths))
    return [path for path in paths if path in unknown or _newer_than_record(path)]


def forget(path: str) -> None:
    """Leave a file where it is, to be made again: without a record, and older than whatever it is made of."""
    _record(path, "metadata").unlink(missing_ok=True)
    os.utime(path, (1, 1))


def share_output_cache(root: Path) -> None:
    """Point Snakemake's provenance cache at the checkout's, also from a copy that a DVC experiment runs in."""
    cache = Path(str(root).partition("/.dvc/tmp/")[0], CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    os.environ["SNAKEMAKE_OUTPUT_CACHE"] = str(cache)


def stale_stages() -> dict[str, list[Any]]:
    """What `dvc status` says, by stage; a stage that it calls clean is not in it."""
    status = call("dvc", "status", "--json")
    return json.loads(status.stdout or "{}")


def call(module: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run one of the engines, of this environment, and raise with its last words if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise ValueError(
            f"Expected `{module} {' '.join(arguments[:3])}` to succeed; got: "
            + (" / ".join(lines[-3:]) or f"exit code {done.returncode}")
        )
    return done


def _phase(name: str, stage: dict[str, Any]) -> Phase:
    words = stage["cmd"].split()
    rules = words[words.index("--allowed-rules") + 1 : words.index("--")]
    outs = [out if isinstance(out, str) else next(iter(out)) for out in stage["outs"]]
    kept = not all(isinstance(out, str) for out in stage["outs"])
    return Phase(name, tuple(rules), tuple(outs), kept)


def _record(path: str, kind: str) -> Path:
    name = urlsafe_b64encode(path.encode()).decode()
    parts = [name[start : start + NAME_MAX] for start in range(0, len(name), NAME_MAX)]
    return Path(".snakemake", kind, *(f"@{part}" for part in parts[:-1]), parts[-1])


def _newer_than_record(path: str) -> bool:
    record = _record(path, "metadata")
    if not record.is_file() or not os.path.exists(path):
        return False
    return os.lstat(path).st_mtime > json.loads(record.read_text())["endtime"] + COPIED_S
