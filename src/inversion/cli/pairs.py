"""Pairs (theta, y) of the user's own, read from npz, csv or parquet by what a dataset says of its columns."""

import importlib.util
import zipfile
from pathlib import Path
from typing import Any


def read_pairs(path: Path, task: Any):
    """theta of shape (n, dim) and y of shape (n, *event), as float32."""
    columns = _arrays(path) if path.suffix == ".npz" else _table(path)
    theta_array, y_array = task.array if path.suffix == ".npz" else (None, None)
    theta = _numbers(path, columns, theta_array, task.theta, (task.dim,))
    y = _numbers(path, columns, y_array, task.y, task.event_shape)
    if len(theta) != len(y):
        raise ValueError(f"Expected as many theta as y in {path}; got {len(theta)} and {len(y)}.")
    return theta, y


def names_in(path: Path) -> set[str]:
    """The columns of a table, or the arrays of an npz."""
    return set(_arrays(path) if path.suffix == ".npz" else _table(path))


def _numbers(
    path: Path, columns: Any, array: str | None, names: tuple[str, ...], shape: tuple[int, ...]
):
    """One array of an npz, or columns side by side, of shape (n, *shape)."""
    import numpy as np

    wanted = names if array is None else (array,)
    missing = [name for name in wanted if name not in columns]
    if missing:
        there = ", ".join(map(str, list(columns)[:20])) or "nothing"
        raise ValueError(f"Expected {missing[0]!r} in {path}; got {there}.")
    try:
        with np.errstate(over="ignore"):  # too large a number is not finite, and left out as such
            values = [np.asarray(columns[name], np.float32) for name in wanted]
        found = values[0] if array is not None else np.stack(values, axis=1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected numbers in {path}; got: {error}.") from None
    if array is None:
        if found.ndim != 2:
            raise ValueError(
                f"Expected one number a pair in {names[0]!r} of {path}; got {found.shape[2:]}."
            )
        found = found.reshape(-1, *shape)
    if found.ndim == 0 or found.shape[1:] != shape:
        raise ValueError(
            f"Expected {wanted[0]!r} of {path} to have the shape (n, {', '.join(map(str, shape))}); got {found.shape}."
        )
    return found


def _arrays(path: Path) -> dict:
    import numpy as np

    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise ValueError(f"Expected {path} to be a whole npz file; got: {error}.") from None


def _table(path: Path):
    import pandas as pd

    if path.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ValueError(
            f"Expected pyarrow, to read {path}; got none: install it with `pip install pyarrow`."
        )
    try:
        return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"Expected a table in {path}; got: {error}.") from None
