"""Draw from a trained posterior for observations of your own, and say where the draws went."""

import argparse
import json
from pathlib import Path

from inversion.cli.common import configure_jax, write_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a file under results/models")
    parser.add_argument(
        "--observation", required=True, type=Path, help=".csv (a row each), .npz (y) or .json"
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
    from inversion.records import Draws, check_observation

    model = inversion.load(str(arguments.model))
    y = read_observations(arguments.observation, model.standardisation.task.event_shape)
    check_observation(y, model.standardisation.task.event_shape)
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
    """Observations of shape (obs, *event); one alone need not have the leading axis."""
    import numpy as np

    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                y = file["y"]
        elif path.suffix == ".json":
            y = np.asarray(json.loads(path.read_text()), np.float64)
        elif path.suffix == ".csv":
            y = np.loadtxt(path, delimiter=",", ndmin=2)
        else:
            raise ValueError("its name ends with none of .csv, .npz, .json")
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"Expected numbers of shape {event_shape} in {path}; got: {error}."
        ) from error
    if y.ndim == len(event_shape):
        y = y[None]
    if y.ndim != len(event_shape) + 1:
        raise ValueError(
            f"Expected observations of shape {event_shape} in {path}, several along a leading axis; got {y.shape}."
        )
    return y.astype(np.float32)
