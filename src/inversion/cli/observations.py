"""Observations of the user's own, read from csv, npz or json and held against what the model was trained on."""

import json
import zipfile
from pathlib import Path
from typing import Any


def read_observations(path: Path, task: Any):
    """Observations of shape (obs, *event), padded with rows of NaN; one alone need not have the leading axis.

    A csv may begin with a line of names: where the task names its columns (a dataset), those are taken in its order.
    """
    import numpy as np

    event_shape = task.event_shape
    rows, expected = len(event_shape) == 2, f"Expected numbers of shape {event_shape} in {path}"
    try:
        found = _parsed(path, task)
        several = rows and np.ndim(next(iter(found), 0)) == 2
        with np.errstate(over="ignore"):  # too large a number is not finite, and refused as such
            y = [np.asarray(one, np.float32) for one in (found if several else [found])]
    except (KeyError, TypeError, ValueError, OverflowError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{expected}; got: {str(error).rstrip('.')}.") from error
    if rows:
        return np.stack([_whole_rows(one, path, event_shape) for one in y])
    (y,) = y
    if y.ndim == len(event_shape):
        y = y[None]
    if y.ndim != len(event_shape) + 1 or y.shape[1:] != event_shape or len(y) == 0:
        raise ValueError(
            f"Expected observations of shape {event_shape} in {path}, several along a leading axis; got {y.shape}."
        )
    return y


def check_lengths(y, least: int) -> None:
    """Refuse a set or a series shorter than any that the model has seen."""
    from inversion.records import lengths

    if y.ndim == 3 and lengths(y).min() < least:
        raise ValueError(
            f"Expected at least {least} rows, the fewest that the model has seen; got {lengths(y).min()}."
        )


def _parsed(path: Path, task: Any):
    """Numbers as the file has them."""
    import numpy as np

    if path.suffix == ".npz":
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return file["y"]
    if path.suffix == ".json":
        found = json.loads(path.read_text())
        return found["y"] if isinstance(found, dict) else found
    if path.suffix != ".csv":
        raise ValueError("its name ends with none of .csv, .npz, .json")
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    if not lines or not _is_header(lines[0]):
        return np.loadtxt(lines, delimiter=",", ndmin=2) if lines else []
    names, table = [name.strip().strip('"') for name in lines[0].split(",")], lines[1:]
    wanted = getattr(task, "y", None) if task.event_shape != () else None
    columns = _columns(names, wanted) if isinstance(wanted, tuple) else None
    return np.loadtxt(table, delimiter=",", ndmin=2, usecols=columns) if table else []


def _is_header(line: str) -> bool:
    """Whether no field of a line is a number."""
    return not any(_is_number(field) for field in line.split(","))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(names: list[str], wanted: tuple[str, ...]) -> list[int]:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise ValueError(f"no column {missing[0]!r} among {', '.join(names)}")
    return [names.index(name) for name in wanted]


def _whole_rows(y, path: Path, event_shape: tuple[int, ...]):
    """One set or series; NaN that pads is of .npz alone."""
    import numpy as np

    from inversion.records import padded

    most, columns = event_shape
    if len(y) == 0:
        raise ValueError(f"Expected an observation of 1 to {most} rows in {path}; got none.")
    if y.ndim != 2 or y.shape[1] != columns:
        raise ValueError(f"Expected rows of {columns} numbers in {path}; got {y.shape}.")
    if path.suffix != ".npz" and not np.isfinite(y).all():
        raise ValueError(f"Expected finite numbers in {path}; got others.")
    return padded(y, most)
