"""Draw from a trained posterior for observations of your own, and say where the draws went."""

import argparse
import json
from pathlib import Path

from inversion.cli.common import configure_jax, write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a file under results/models")
    parser.add_argument(
        "--observation",
        required=True,
        type=Path,
        help=".csv, .json, or .npz with y: observations one below the other; of a set or a series, the rows of "
        "one, or (.json) a list of several, each as long as it is, or (.npz) several padded with rows of NaN",
    )
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, type=Path, help=".csv or .npz")


def run(arguments: argparse.Namespace) -> None:
    if arguments.draws < 1:
        raise ValueError(f"Expected --draws of at least 1; got {arguments.draws}.")
    if arguments.out.suffix not in (".csv", ".npz"):
        raise ValueError(f"Expected --out to end with .csv or .npz; got {arguments.out}.")
    configure_jax(double=False)
    import jax
    import numpy as np

    import inversion
    from inversion.keys import key_for
    from inversion.posterior import AbstractPoints
    from inversion.records import Draws, check_observation

    model = inversion.load(str(arguments.model))
    if isinstance(model, AbstractPoints):
        raise ValueError(
            "Expected a model to draw from; got one of a mean and quantiles (inversion.load gives its points)."
        )
    task = model.standardisation.task
    y = read_observations(arguments.observation, task.event_shape)
    check_observation(y, task.event_shape)
    check_lengths(y, getattr(task, "min_rows", 1))
    keys = jax.random.split(key_for(arguments.seed, "infer"), len(y))
    sample = jax.jit(lambda key, y: model.sample(key, y, arguments.draws))
    theta = np.stack([np.asarray(sample(key, one)) for key, one in zip(keys, y, strict=True)])
    if arguments.out.suffix == ".npz":
        nothing = np.full((len(y), theta.shape[2]), np.nan, np.float32)
        Draws(nothing, y, theta).save(arguments.out)
    else:
        columns = [f"theta_{i + 1}" for i in range(theta.shape[2])]
        rows = [
            {"observation": i, **dict(zip(columns, draw, strict=True))}
            for i, draws in enumerate(theta)
            for draw in draws.tolist()
        ]
        write_table(arguments.out, rows, ["observation", *columns])
    print(
        f"{theta.shape[0]} x {theta.shape[1]} draws of theta ({theta.shape[2]}) in {arguments.out}"
    )


def read_observations(path: Path, event_shape: tuple[int, ...]):
    """Observations of shape (obs, *event), padded with rows of NaN; one alone need not have the leading axis."""
    import numpy as np

    rows, expected = len(event_shape) == 2, f"Expected numbers of shape {event_shape} in {path}"
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                found = file["y"]
        elif path.suffix == ".json":
            found = json.loads(path.read_text())
        elif path.suffix == ".csv":
            lines = [line for line in path.read_text().splitlines() if line.strip()]
            found = np.loadtxt(lines, delimiter=",", ndmin=2) if lines else []
        else:
            raise ValueError("its name ends with none of .csv, .npz, .json")
        several = rows and np.ndim(next(iter(found), 0)) == 2
        y = [np.asarray(one, np.float32) for one in (found if several else [found])]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{expected}; got: {error}.") from error
    if rows:
        return np.stack([_whole_rows(one, path, event_shape) for one in y])
    (y,) = y
    if y.ndim == len(event_shape):
        y = y[None]
    if y.ndim != len(event_shape) + 1:
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
