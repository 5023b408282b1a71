"""This study's estimators by its own training loop, `estimators.fit.fit`, and its own drawing, `cli.sample.draw`."""

import jax
import numpy as np
from record import Record

from inversion.cli.sample import draw
from inversion.cost import Cost, Entry
from inversion.estimators.fit import Training, fit
from inversion.estimators.trained import make_estimator
from inversion.records import Simulations
from inversion.tasks import make_task


class Once:
    """In the place of a ledger's entry: the first call compiles, the others are warm."""

    compiled = None

    def compile(self, function, *arguments):
        if self.compiled is None:
            self.compiled = jax.jit(function).lower(*arguments).compile()
        return self.compiled


def check(model, simulations, std, least):
    """The best validation loss is that of the held-out pairs, in the units that all peers see."""
    log_prob = jax.jit(jax.vmap(model.log_prob))(simulations.theta, simulations.y)
    again = -np.mean(log_prob) - np.sum(np.log(std))
    if not np.isclose(again, least, atol=1e-3):
        raise ValueError(f"Expected the loss of the held-out pairs, {again}; got {least}.")


def main():
    record = Record()
    record.ready(jax=jax.__version__)
    settings, pairs = record.settings, record.pairs
    task, held_out = make_task(settings["task"]), len(pairs["theta_held_out"])
    num, dim, draws = held_out + len(pairs["theta_train"]), task.dim, settings["draws"]
    mean, std = np.split(pairs["mean"], [dim]), np.split(pairs["std"], [dim])
    raw = lambda part, a: (a * std[part] + mean[part]).astype(np.float32)  # noqa: E731
    training = Training(
        **{**settings["fit"], "epochs": settings["epochs"], "validation": held_out / num}
    )
    key_init, key = jax.random.split(jax.random.key(settings["seed"]))
    order = np.asarray(jax.random.permutation(jax.random.split(key, 3)[0], num))  # as `fit` splits
    simulations = Simulations(*map(raw, (0, 1), record.arranged(order)))
    estimator = make_estimator(key_init, task, settings["kind"], settings["network"])
    entry = Entry(Cost("", "", num, settings["seed"], "train"))
    result = fit(key, estimator, task, simulations, training, entry=entry, report=record.epoch)
    model = result.model
    if settings["kind"] == "flow":
        rows = order[-held_out:]
        kept = Simulations(simulations.theta[rows], simulations.y[rows])
        check(model, kept, std[0], result.validation.min())

    key, one, many = jax.random.key, raw(1, pairs["y_observed"]), raw(1, pairs["y_many"])
    posterior = jax.jit(lambda key, y: model.sample(key, y, draws))
    record.draws("draw", lambda seed: (np.asarray(posterior(key(seed), one)) - mean[0]) / std[0])
    if settings["kind"] == "flow":
        once = Once()
        record.draws("draw_many", lambda seed: draw(key(seed), model, many, draws, once))
    record.finish()


if __name__ == "__main__":
    main()
