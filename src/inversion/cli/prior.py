"""Hold a learned prior against the prior: draws, and scores of these and of the density or its bound."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell, write_json

AT_ONCE = 100  # truths whose densities or bounds are computed together: bounds the memory
RARE = 1e-3  # the share of exact draws whose density is below what counts as off the prior
LATENTS = 50  # draws of z that the mean given a truth is taken over


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True, help="the draws")
    parser.add_argument("--record", required=True, help="the scores")


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell, "root_seed", "task", "task_entry", "method", "budget", "seed", "asked"
    )
    configure_jax(double=False)
    import jax
    import numpy as np

    from inversion.estimators.bounded import AbstractBoundedEstimator
    from inversion.estimators.trained import Trained, load_model, read_header
    from inversion.keys import key_for
    from inversion.posterior import AbstractTransport
    from inversion.records import Draws
    from inversion.tasks import make_task

    header, asked = read_header(arguments.model), cell["asked"]
    if header["task"] != cell["task_entry"]:
        raise ValueError(
            f"Expected a model of {cell['task']} as params.yaml describes it; got one of {header['task']}."
        )
    task, model = make_task(cell["task_entry"]), load_model(arguments.model)
    if not isinstance(model, Trained) or not isinstance(
        model.estimator, AbstractTransport | AbstractBoundedEstimator
    ):
        raise ValueError(f"Expected a learned prior in {arguments.model}; got {header['kind']!r}.")
    names = (cell["task"], cell["method"], cell["budget"], cell["seed"])
    key_draws, key_bound = jax.random.split(key_for(cell["root_seed"], "prior", *names))
    # The same for all methods, so that their losses differ by what they have learned alone.
    key_truth = key_for(cell["root_seed"], "prior", cell["task"])
    truth, exact = unseen(key_truth, task, asked["truths"])
    y = np.zeros(task.event_shape, np.float32)  # which a prior does not read
    draw = jax.jit(lambda key: model.sample(key, y, asked["draws"]))
    theta = np.asarray(draw(key_draws))
    scores = of_density(model, truth, exact, y)
    scores |= of_bound(key_bound, model, truth, exact, asked["bound"])
    scores |= of_draws(cell["root_seed"], task, theta, truth)
    nobody = np.full((1, task.dim), np.nan, np.float32)
    Draws(nobody, y[None], theta[None]).save(arguments.out)
    write_json(arguments.record, scores)


def unseen(key, task, num: int):
    """Draws of the prior that no training has seen, and their log-density where there is one."""
    import jax
    import numpy as np

    from inversion.tasks.held_out import HeldOutTask

    if isinstance(task, HeldOutTask):
        return np.asarray(task.held_out("test").sample(key, (num,)), np.float32), None
    truth = np.asarray(jax.jit(lambda key: task.prior().sample(key, (num,)))(key), np.float32)
    return truth, log_density(task, truth)


def log_density(task, theta):
    """The prior's own."""
    import jax
    import numpy as np

    return np.asarray(jax.jit(jax.vmap(task.prior().log_prob))(theta))


def of_density(model, truth, exact, y) -> dict[str, float]:
    """Mean loss of the truths, and what it is above the exact density's, each with its standard error."""
    from inversion.posterior import AbstractDensity

    if not isinstance(model, AbstractDensity):
        return {}
    return losses("nll", mapped(model, lambda model, theta: model.log_prob(theta, y), truth), exact)


def of_bound(key, model, truth, exact, asked) -> dict[str, float]:
    """The bounds of an autoencoder by one draw of z and by many, as losses, and the share of active units."""
    import jax
    import numpy as np

    from inversion.estimators.bounded import AbstractBoundedEstimator

    if not isinstance(model.estimator, AbstractBoundedEstimator):
        return {}
    truth = truth[: asked["truths"]]
    exact = None if exact is None else exact[: asked["truths"]]
    keys = jax.random.split(key, len(truth))

    def bound(model, pair, num):
        key, theta = pair
        maps = model.standardisation
        one = model.estimator.bound(key, maps.theta_in(theta), num)
        return one + maps.log_det(theta)

    scores = {}
    for name, num in (("elbo", 1), ("bound", asked["draws"])):
        found = mapped(model, lambda model, pair, num=num: bound(model, pair, num), (keys, truth))
        scores |= losses(f"{name}_nll", found, exact)
    some = np.asarray(jax.vmap(model.standardisation.theta_in)(truth[:1000]))
    active = jax.jit(lambda key: model.estimator.active_units(key, some, LATENTS))
    return scores | {"active_units": float(active(key))}


def of_draws(seed: int, task, theta, truth) -> dict[str, float]:
    """What sets the draws apart from truths: distances, the masses of the prior's parts, and the share off it."""
    import jax
    import numpy as np

    from inversion.diagnostics.consistency import masses, total_variation
    from inversion.diagnostics.mmd import mmd
    from inversion.diagnostics.sliced_wasserstein import sliced_wasserstein
    from inversion.tasks.held_out import HeldOutTask
    from inversion.tasks.task import LabelledTask

    num = min(len(theta), len(truth), 2000)
    scores = {
        "mmd": mmd(theta[:num], truth[:num], seed=seed),
        "sliced_wasserstein": sliced_wasserstein(theta, truth, seed=seed, projections=100),
    }
    if isinstance(task, LabelledTask):
        label = jax.jit(jax.vmap(task.labels))
        labels, true_labels = label(theta), label(truth)
        for name, parts in task.parts.items():
            mass, true_mass = (
                masses(np.asarray(found[name]), parts) for found in (labels, true_labels)
            )
            scores |= {f"{name}_{k + 1}": float(m) for k, m in enumerate(mass)}
            scores[f"{name}_tv"] = total_variation(mass, true_mass)
            scores[f"{name}_error"] = float(np.abs(mass - true_mass).max())
    if not isinstance(task, HeldOutTask):
        edge = np.quantile(log_density(task, truth), RARE)
        scores["off_rate"] = float(np.mean(log_density(task, theta) < edge))
    return scores


def losses(name: str, log_prob, exact) -> dict[str, float]:
    """Minus the mean of a log-density or of a bound of it, and that above the exact one's."""
    from inversion.diagnostics.excess_nll import excess_nll, nll

    found = {name: nll(log_prob)}
    if exact is not None:
        found[f"excess_{name}"] = excess_nll(exact, log_prob)
    return {
        key: value
        for name, one in found.items()
        for key, value in ((name, one.mean), (f"{name}_se", one.standard_error))
    }


def mapped(model, function, inputs):
    """`function(model, one)` at every one of the inputs, a hundred at a time."""
    import equinox as eqx
    import jax
    import numpy as np

    @eqx.filter_jit
    def run(model, inputs):
        return jax.lax.map(lambda one: function(model, one), inputs, batch_size=AT_ONCE)

    return np.asarray(run(model, inputs))
