"""Draw from a trained posterior for every panel, with its density where it has one."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell, write_costs

AT_ONCE = 10_000  # draws in one batch: bounds the memory
# A batch of densities by an ODE takes as many steps as its slowest: a small one takes half the time of AT_ONCE.
DENSITIES_AT_ONCE = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--model", required=True)
    parser.add_argument(
        "--panels", nargs="+", required=True, help="in the order of the cell's draws"
    )
    parser.add_argument("--out", nargs="+", required=True, help="in the same order")
    parser.add_argument("--cost", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell,
        *("root_seed", "task", "task_entry", "method", "budget", "seed"),
        *("draws", "observations_used"),
    )
    configure_jax(double=False)
    from inversion.cost import Calls, Cost, Ledger
    from inversion.estimators.redrawn import redrawn
    from inversion.estimators.trained import Trained, load_model, read_header
    from inversion.keys import key_for
    from inversion.posterior import AbstractDensity, AbstractPoints
    from inversion.records import Draws, Simulations, check_observation

    header = read_header(arguments.model)
    if header["task"] != cell["task_entry"]:
        raise ValueError(
            f"Expected a model of {cell['task']} as params.yaml describes it; got one of {header['task']}."
        )
    model = load_model(arguments.model)
    if "network" in cell:
        model = redrawn(model, header, cell["network"])
    passes = model.estimator.passes if isinstance(model, Trained) else 1
    ledger, files = Ledger(), []
    for (panel, num), observed in zip(cell["draws"].items(), arguments.panels, strict=True):
        truth = Simulations.load(observed).head(cell["observations_used"][panel])
        if len(truth):
            check_observation(truth.y, model.standardisation.task.event_shape)
        names = (cell["task"], cell["method"], cell["budget"], cell["seed"])
        if isinstance(model, AbstractPoints):
            with ledger.entry(Cost(*names, "sample", panel, len(truth), min(num, 1))) as entry:
                files.append(points(model, truth, entry))
                entry.count(Calls(network=len(truth)))
            continue
        key = key_for(cell["root_seed"], "sample", *names, panel)
        with ledger.entry(Cost(*names, "sample", panel, len(truth), num)) as entry:
            theta = draw(key, model, truth.y, num, entry)
            entry.count(Calls(network=len(truth) * num * passes))
        log_prob = log_prob_true = None
        if isinstance(model, AbstractDensity):
            log_prob_true = density(model, truth.theta[:, None], truth.y)[:, 0]
            # Of the draws, highest-density coverage alone asks for it, and where an ODE gives it, it is dear.
            log_prob = density(model, theta, truth.y) if panel == "calibration" else None
        files.append(Draws(truth.theta, truth.y, theta, log_prob, log_prob_true))
    for file, path in zip(files, arguments.out, strict=True):
        file.save(path)
    write_costs(arguments.cost, [row for row in ledger.as_rows() if row["draws"]])


def draw(key, model, y, num: int, entry):
    """`num` draws for each observation, of shape (obs, num, dim)."""
    import equinox as eqx
    import jax
    import numpy as np

    if num == 0 or len(y) == 0:
        return np.zeros((len(y), num, model.standardisation.task.dim), np.float32)
    arrays, static = eqx.partition(model, eqx.is_array)

    def sample(arrays, key, y):
        posterior, keys = eqx.combine(arrays, static), jax.random.split(key, len(y))
        one = lambda pair: posterior.sample(*pair, num)  # noqa: E731
        return jax.lax.map(one, (keys, y), batch_size=min(len(y), max(1, AT_ONCE // num)))

    inputs = (arrays, key, y)
    return np.asarray(entry.compile(sample, *inputs)(*inputs))


def points(model, truth, entry):
    """Mean and quantiles in place of draws, of which there are none."""
    import equinox as eqx
    import jax
    import numpy as np

    from inversion.records import Draws

    arrays, static = eqx.partition(model, eqx.is_array)
    each = lambda arrays, y: jax.lax.map(  # noqa: E731
        eqx.combine(arrays, static).points, y, batch_size=max(1, min(len(y), AT_ONCE))
    )
    mean, quantiles = entry.compile(each, arrays, truth.y)(arrays, truth.y)
    return Draws(
        truth.theta,
        truth.y,
        np.zeros((len(truth), 0, truth.theta.shape[1]), np.float32),
        mean=np.asarray(mean),
        quantiles=np.asarray(quantiles),
        levels=np.asarray(model.levels),
    )


def density(model, theta, y):
    """log q(theta | y) for theta of shape (obs, num, dim)."""
    import equinox as eqx
    import jax
    import numpy as np

    if theta.size == 0:
        return np.zeros(theta.shape[:2], np.float32)

    @eqx.filter_jit
    def log_prob(model, theta, y):
        def over_draws(theta, y):
            size = min(len(theta), DENSITIES_AT_ONCE)
            return jax.lax.map(lambda theta: model.log_prob(theta, y), theta, batch_size=size)

        size = min(len(y), max(1, DENSITIES_AT_ONCE // theta.shape[1]))
        return jax.lax.map(lambda pair: over_draws(*pair), (theta, y), batch_size=size)

    return np.asarray(log_prob(model, theta, y))
