"""What the verbs share: the cell they are given, the settings of JAX, and the ledger's file."""

import argparse
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def add_cell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cell", required=True, help="JSON: everything that determines this job")


def read_cell(text: str, *required: str) -> dict[str, Any]:
    """The cell, with every key that the verb needs."""
    try:
        cell = json.loads(text)
    except ValueError as error:
        raise ValueError(f"Expected --cell to be JSON; got {text!r} ({error}).") from error
    missing = [key for key in required if key not in cell]
    if missing:
        raise ValueError(
            f"Expected a cell with {', '.join(required)}; {', '.join(missing)} missing."
        )
    return cell


def configure_jax(*, double: bool) -> None:
    """One thread, float64 where asked, and compiled programs kept in a folder named by the processor."""
    os.environ.setdefault("NPROC", "1")
    import jax

    jax.config.update("jax_enable_x64", double)
    folder = os.environ.get("INVERSION_COMPILE_CACHE", ".cache/jax")
    if folder:
        jax.config.update("jax_compilation_cache_dir", str(Path(folder).resolve() / _processor()))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def write_costs(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """The ledger of one job, in the columns of results/costs.csv."""
    import dataclasses

    from inversion.cost import Cost

    write_table(path, rows, [field.name for field in dataclasses.fields(Cost)])


def write_table(
    path: str | Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]
) -> None:
    """A csv with its header, also where there are no rows."""
    import pandas as pd

    from inversion.records import write_atomic

    table = pd.DataFrame(rows, columns=list(columns))
    write_atomic(path, lambda temporary: table.to_csv(temporary, index=False, na_rep="nan"))


def write_json(path: str | Path, value: Any) -> None:
    """JSON that is the same bytes for the same value; what is not finite is written as text."""
    from inversion.records import write_atomic

    text = json.dumps(_plain(value), sort_keys=True, indent=1, allow_nan=False) + "\n"
    write_atomic(path, lambda temporary: temporary.write_text(text))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not float("-inf") < value < float("inf"):
        return str(value)
    return value


def _processor() -> str:
    name = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        match = re.search(r"^model name\s*: (.*)$", info.read_text(), re.MULTILINE)
        flags = re.search(r"^flags\s*: (.*)$", info.read_text(), re.MULTILINE)
        name = f"{match.group(1) if match else name}-{hash_text(flags.group(1) if flags else '')}"
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()


def hash_text(text: str) -> str:
    """A short name for a long text."""
    import hashlib

    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


SCORE_COLUMNS = ("task", "method", "budget", "seed", "panel", "observation", "score", "value")


def score_rows(
    cell: Mapping[str, Any], panel: str, observation: int | str, scores: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Scores as rows of results/scores.csv."""
    where = {name: cell[name] for name in SCORE_COLUMNS[:4]}
    where |= {"panel": panel, "observation": observation}
    return [{**where, "score": name, "value": value} for name, value in scores.items()]
