"""Held-out pairs for a model that has been trained on others, from the workflow's file or one of the user's own."""

from pathlib import Path
from typing import Any

from inversion.cli.pairs import names_in, read_pairs


def held_out_pairs(path: Path, model: Any, least: int):
    """Pairs for a model that has not been trained on them, those that are not finite left out; `least` are needed.

    Columns, or arrays of an npz, go by the task's own names where the file has them, and else are `theta` and `y`:
    an npz as the workflow writes it, or columns `theta_1`, `theta_2`, ..., `y_1`, `y_2`, ...
    """
    import jax
    import numpy as np

    from inversion.estimators.standardisation import bijection
    from inversion.records import Simulations, whole

    task = model.standardisation.task
    theta, y = read_pairs(path, table_of(path, task))
    good = whole(y) & np.isfinite(theta).all(axis=1)
    outside = good & np.isnan(np.asarray(jax.vmap(bijection(task).inv)(theta))).any(axis=1)
    if outside.any():
        first = outside.nonzero()[0][0]
        raise ValueError(
            f"Expected theta inside the prior's support; got {theta[first].tolist()} in pair {first} of {path}, "
            f"one of {outside.sum()} outside."
        )
    if good.sum() < least:
        raise ValueError(f"Expected at least {least} whole pairs in {path}; got {good.sum()}.")
    if not good.all():
        print(f"{path}: {good.sum()} of {len(good)} pairs are whole, the others are left out")
    return Simulations(theta[good], y[good])


def table_of(path: Path, task: Any):
    """What says which columns of a file are theta and y: a dataset's task itself, or one for this file."""
    from inversion.tasks.dataset import Dataset

    if path.suffix not in (".npz", ".csv", ".parquet"):
        raise ValueError(f"Expected pairs in .npz, .csv or .parquet; got {path}.")
    there = names_in(path)
    if isinstance(task, Dataset):
        theta, y = task.array if path.suffix == ".npz" else (None, None)
        wanted = {*(task.theta if theta is None else [theta]), *(task.y if y is None else [y])}
        if path.suffix != ".npz" or wanted <= there:
            return task
    names = getattr(task, "theta", ())
    named = isinstance(names, tuple) and names and set(names) <= there
    theta = {"theta": names} if named else {"theta": "theta", "dim": task.dim}
    return Dataset(file=str(path), y="y", shape=list(task.event_shape), **theta)
