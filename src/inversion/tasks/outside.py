"""What the workflow has to know of tasks whose pairs are not simulated in JAX. Nothing here imports JAX.

A black box runs in chunks, one job each; pair i draws from a stream of its own, so that neither the size of the
chunks nor their order changes a result. A dataset is read from one file.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CHUNK = 100  # pairs of one job, where `chunk` does not say
MOST_LOST = 0.1  # of the pairs that are asked for, where `most_lost` does not say


KINDS = ("black_box", "dataset")
FILES = ("images", "netcdf")  # kinds that are simulated in JAX, from images that files hold
RECORD = "simulations/{task}/{pairs}.json"  # below results: how many pairs were left out, and why


def pairs_from_outside(params: Mapping[str, Any], cells: Any) -> list[tuple[str, str]]:
    """For each set of pairs of the grid's cells that JAX does not simulate, its task and its place below that."""
    pairs = [(cell.task, f"{cell.budget}/{cell.seed}") for cell in cells.simulations]
    pairs += [(cell.task, f"panels/{cell.panel}") for cell in cells.panels]
    return [(task, name) for task, name in pairs if params["tasks"][task]["kind"] in KINDS]


def chunk_count(entry: Mapping[str, Any], asked: int | list) -> int:
    """Jobs for `asked` pairs; none where the observations are given by their values."""
    return -(-asked // entry.get("chunk", CHUNK)) if isinstance(asked, int) else 0


def chunk_of(size: int, asked: int, chunk: int) -> range:
    """The pairs of one chunk."""
    if not 0 <= chunk * size < asked:
        raise ValueError(f"Expected a chunk of {size} among {asked} pairs; got number {chunk}.")
    return range(chunk * size, min((chunk + 1) * size, asked))


def targets_of(entry: Mapping[str, Any]) -> Iterator[str]:
    """Each `package.module:name` of the user's that a black box calls."""
    for key in ("simulator", "prior"):
        if isinstance(entry.get(key), str):
            yield entry[key]


def files_of(entry: Mapping[str, Any]) -> list[str]:
    """The files that the pairs rest on: a dataset's own, a folder's pictures; of a black box what it names."""
    if entry["kind"] in ("dataset", "netcdf"):
        return [str(entry.get("file"))]
    if entry["kind"] == "images":
        folder = Path(str(entry.get("folder")))
        return sorted(str(file) for file in folder.glob("*.*") if file.is_file())
    named = [str(word) for word in entry.get("command", []) if Path(str(word)).is_file()]
    return list(dict.fromkeys([*named, *map(str, entry.get("files", []))]))
