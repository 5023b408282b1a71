"""flowjax's coupling flow by its own training loop, `fit_to_data`.

The flow is that of its `coupling_flow`, whose layers are scanned, and which is quick to train and not to draw from.
`chained: true` is the flow as the original study has it, a chain the other way round; `scanned: true` trains the first
by a compiled scan in the place of `fit_to_data`.
"""

from importlib.metadata import version

import equinox as eqx
import flowjax.train.loops
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flowjax.bijections import Chain, Coupling, Flip, RationalQuadraticSpline
from flowjax.distributions import Normal, Transformed
from flowjax.flows import coupling_flow
from flowjax.train import fit_to_data
from record import Record


def make(settings, dim, y_dim):
    network, key, base = (
        settings["network"],
        jax.random.key(settings["seed"]),
        Normal(jnp.zeros(dim)),
    )
    sizes = {
        "transformer": RationalQuadraticSpline(
            knots=network["knots"], interval=network["interval"]
        ),
        "cond_dim": y_dim,
        "nn_width": network["width"],
        "nn_depth": network["depth"],
    }
    if not settings.get("chained"):
        return coupling_flow(key, base_dist=base, flow_layers=network["layers"], **sizes)
    layers = []
    for part in jax.random.split(key, network["layers"]):
        layers += [Coupling(part, untransformed_dim=dim // 2, dim=dim, **sizes), Flip((dim,))]
    return Transformed(base, Chain(layers[:-1]))


def optimiser_of(settings, steps):
    fit = settings["fit"]
    total = settings["epochs"] * steps
    schedule = optax.cosine_decay_schedule(fit["learning_rate"], total, fit["final_fraction"])
    return optax.chain(optax.clip_by_global_norm(fit["clip"]), optax.adam(schedule))


def progress_bar(record):
    """In the place of the loop's progress bar, which is told the losses after every epoch."""

    class Bar:
        def __init__(self, epochs, disable):
            self.epochs, self.number = epochs, 0

        def __iter__(self):
            return iter(self.epochs)

        def set_postfix(self, losses):
            self.number += 1
            record.epoch(self.number, losses["val"])

    return Bar


def by_fit_to_data(record, flow):
    settings, held_out = record.settings, len(record.pairs["theta_held_out"])
    num = held_out + len(record.pairs["theta_train"])
    key = jax.random.key(settings["seed"] + 1)
    order = jax.random.permutation(jax.random.split(key)[1], num)  # as `fit_to_data` splits
    flowjax.train.loops.tqdm = progress_bar(record)
    batch = settings["fit"]["batch"]
    flow, losses = fit_to_data(
        key,
        flow,
        record.arranged(np.asarray(order)),
        optimizer=optimiser_of(settings, (num - held_out) // batch),
        max_epochs=settings["epochs"],
        max_patience=settings["epochs"],
        batch_size=batch,
        val_prop=held_out / num,
    )
    theta, y = (record.pairs[f"{name}_held_out"] for name in ("theta", "y"))
    again = -float(jnp.mean(eqx.filter_jit(flow.log_prob)(theta, y)))
    if not np.isclose(again, min(losses["val"]), atol=1e-3):
        raise ValueError(f"Expected the loss of the held-out pairs; got {again}, {losses['val']}.")
    return flow


def by_scan(record, flow):
    settings, batch = record.settings, record.settings["fit"]["batch"]
    pairs = tuple(jnp.asarray(record.pairs[f"{name}_train"]) for name in ("theta", "y"))
    held_out = tuple(jnp.asarray(record.pairs[f"{name}_held_out"]) for name in ("theta", "y"))
    parameters, static = eqx.partition(flow, eqx.is_inexact_array)
    steps = len(pairs[0]) // batch
    optimiser = optimiser_of(settings, steps)

    def loss(parameters, theta, y):
        return -jnp.mean(eqx.combine(parameters, static).log_prob(theta, y))

    def step(state, rows):
        parameters, optimiser_state = state
        gradient = jax.grad(loss)(parameters, *(a[rows] for a in pairs))
        updates, optimiser_state = optimiser.update(gradient, optimiser_state)
        return (optax.apply_updates(parameters, updates), optimiser_state), None

    @jax.jit
    def epoch(state, key):
        order = jax.random.permutation(key, len(pairs[0]))[: steps * batch]
        state, _ = jax.lax.scan(step, state, order.reshape(steps, batch))
        return state, loss(state[0], *held_out)

    state = parameters, optimiser.init(parameters)
    keys = jax.random.split(jax.random.key(settings["seed"] + 1), settings["epochs"])
    for number, key in enumerate(keys, start=1):
        state, value = epoch(state, key)
        record.epoch(number, value)
    return eqx.combine(state[0], static)


def main():
    record = Record()
    record.ready(flowjax=version("flowjax"), jax=jax.__version__)
    settings, pairs = record.settings, record.pairs
    flow = make(settings, pairs["theta_train"].shape[1], pairs["y_train"].shape[1])
    flow = (by_scan if settings.get("scanned") else by_fit_to_data)(record, flow)
    num = settings["draws"]

    @eqx.filter_jit
    def sample(flow, key, y):
        return flow.sample(key, (num,), condition=y)

    @eqx.filter_jit
    def sample_many(flow, key, y):
        keys = jax.random.split(key, len(y))
        return jax.vmap(lambda key, y: flow.sample(key, (num,), condition=y))(keys, y)

    if not settings.get("scanned"):
        key, y, many = jax.random.key, pairs["y_observed"], pairs["y_many"]
        record.draws("draw", lambda seed: np.asarray(sample(flow, key(seed), y)))
        record.draws("draw_many", lambda seed: np.asarray(sample_many(flow, key(seed), many)))
    record.finish()


if __name__ == "__main__":
    main()
