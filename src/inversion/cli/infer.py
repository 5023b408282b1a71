"""Draw from a trained posterior for observations of your own, and say whether the draws may be used."""

import argparse
from pathlib import Path

from inversion.cli.common import configure_jax
from inversion.cli.models import check_seed
from inversion.cli.observations import check_lengths, read_observations

SUFFIXES = (".csv", ".npz", ".nc")
PLOTS = (".png", ".svg")
SHOWN = 5  # observations that the terminal has a summary of


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
    parser.add_argument("--out", required=True, type=Path, help=".csv, .npz, or .nc for ArviZ")
    parser.add_argument(
        "--plot", type=Path, help="the first observation's draws: pairs of coordinates, or pictures"
    )
    parser.add_argument(
        "--correct",
        action="store_true",
        help="draws of the exact posterior, by importance weights or, where those do not carry, tempered steps",
    )


def run(arguments: argparse.Namespace) -> None:
    check_arguments(arguments)
    configure_jax(double=False)
    import numpy as np

    from inversion.cli.inferred import draw
    from inversion.cli.interrupt import tidied
    from inversion.cli.models import certificate_of, load
    from inversion.records import check_observation

    model = load(arguments.model)
    task = model.standardisation.task
    y = read_observations(arguments.observation, task)
    check_observation(y, task.event_shape)
    check_lengths(y, getattr(task, "min_rows", 1))
    certificate = certificate_of(Path(arguments.model))
    inferred = draw(arguments, model, certificate, y)
    theta = np.stack([one.theta for one in inferred])
    with tidied():
        write_draws(arguments.out, theta, y, inferred)
        if arguments.plot:
            plot(arguments.plot, task, theta[0], y[0])
    report(arguments, task, certificate, inferred)


def check_arguments(arguments: argparse.Namespace) -> None:
    """What can be refused before anything is loaded."""
    if arguments.draws < 1:
        raise ValueError(f"Expected --draws of at least 1; got {arguments.draws}.")
    check_seed(arguments.seed)
    for option, path, suffixes in (
        ("--out", arguments.out, SUFFIXES),
        ("--plot", arguments.plot, PLOTS),
    ):
        if path is not None and path.suffix not in suffixes:
            raise ValueError(f"Expected {option} to end with {' or '.join(suffixes)}; got {path}.")


def plot(path: Path, task, theta, y) -> None:
    """Of one observation: pictures of an image, otherwise coordinates by pairs."""
    from inversion.tasks.image import ImageTask

    if isinstance(task, ImageTask):
        from inversion.figures.pictures import save_pictures

        save_pictures(path, theta, y)
    else:
        from inversion.figures.pairs import save_pairs

        save_pairs(path, theta, names_of(task, theta.shape[1]))


def names_of(task, dim: int) -> list[str]:
    """The task's own names of theta where it has some."""
    names = getattr(task, "theta", None)
    if isinstance(names, tuple) and len(names) == dim:
        return list(names)
    return [f"theta_{i + 1}" for i in range(dim)]


def write_draws(path: Path, theta, y, inferred) -> None:
    """Of shape (obs, draw, dim), in the format that the suffix names."""
    import numpy as np

    from inversion.records import Draws, write_atomic

    if path.suffix == ".npz":
        nothing = np.full((len(y), theta.shape[2]), np.nan, np.float32)
        Draws(nothing, y, theta).save(path)
    elif path.suffix == ".csv":
        columns = [f"theta_{i + 1}" for i in range(theta.shape[2])]
        rows = np.column_stack([np.repeat(np.arange(len(y)), theta.shape[1]), np.vstack(theta)])
        text = "\n".join([",".join(["observation", *columns]), *map(_line, rows.tolist()), ""])
        write_atomic(path, lambda temporary: temporary.write_text(text))
    else:
        import arviz as az

        data = az.from_dict(
            posterior={"theta": np.moveaxis(theta, 0, 1)[None]},
            observed_data={"y": y},
            dims={"theta": ["observation", "coordinate"], "y": ["observation"]},
        )
        data.posterior.attrs["verdict"] = [str(one.advice) for one in inferred]
        for group in data.groups():
            data[group].attrs.pop("created_at", None)
        write_atomic(path, lambda temporary: data.to_netcdf(str(temporary)))


def _line(row: list[float]) -> str:
    return ",".join([str(int(row[0])), *map(repr, row[1:])])


def report(arguments: argparse.Namespace, task, certificate, inferred) -> None:
    """Credible intervals and the verdict, on the terminal."""
    from inversion.trust.summary import summary

    dim = inferred[0].theta.shape[1]
    names, levels = names_of(task, dim), None if certificate is None else certificate.repaired()
    for at, one in enumerate(inferred[:SHOWN]):
        if len(inferred) > 1:
            print(f"observation {at}")
        corrected = one.advice.word == "use it corrected" and arguments.correct
        print(summary(names, one.theta, None if corrected else levels))
        print(f"{one.advice}\n")
    if len(inferred) > SHOWN:
        print(f"and {len(inferred) - SHOWN} more, of whose verdicts:")
        for word in dict.fromkeys(one.advice.word for one in inferred):
            print(f"  {sum(one.advice.word == word for one in inferred)} x {word}")
    print(f"{len(inferred)} x {arguments.draws} draws of theta ({dim}) in {arguments.out}")
