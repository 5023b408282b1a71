"""Hold a trained posterior against held-out pairs: the certificate that `inversion infer` judges by, and its test.

A sixth of the pairs are the map of what was simulated. Half of the others set the thresholds, the other half shows
what they do: false alarms, alarms at planted faults, coverage before and after the repair.
"""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell, write_costs, write_json

MAPPED = 6  # one pair in so many is on the map
PAIRS = 20  # draws and densities of so many at once: bounds the memory
SEEN, AGAIN = 200, 50  # parameters, and observations of each, that tell the noise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pairs", required=True, help="held-out pairs")
    parser.add_argument("--out", required=True, help="the certificate")
    parser.add_argument("--record", required=True, help="what its test has shown")
    parser.add_argument("--cost", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(
        arguments.cell, "root_seed", "task", "task_entry", "method", "budget", "seed", "draws"
    )
    configure_jax(double=False)
    import jax
    import numpy as np

    from inversion.cost import Calls, Cost, Ledger
    from inversion.estimators.trained import Trained, load_model
    from inversion.keys import key_for
    from inversion.records import Simulations
    from inversion.trust.certificate import Certificate
    from inversion.trust.off_map import Map

    model, pairs, num = (
        load_model(arguments.model),
        Simulations.load(arguments.pairs),
        cell["draws"],
    )
    if not isinstance(model, Trained):
        raise ValueError("Expected a model to draw from; got one of a mean and quantiles.")
    mapped = len(pairs) // MAPPED
    calibrated = mapped + (len(pairs) - mapped) // 2
    names = (cell["task"], cell["method"], cell["budget"], cell["seed"])
    key_draw, key_fault = jax.random.split(key_for(cell["root_seed"], "certify", *names))
    ledger = Ledger()
    with ledger.entry(Cost(*names, "certify", "held_out", len(pairs), num)) as entry:
        seen = features_of(model, pairs.y, entry)
        held = Simulations(pairs.theta[mapped:], pairs.y[mapped:])
        central, highest = levels(key_draw, model, held, num, cell["root_seed"], entry)
        entry.count(Calls(network=len(held) * (2 * num + 1)))
        distance = Map(seen[:mapped]).distance(seen[mapped:]).astype(np.float32)
    split = calibrated - mapped

    def part(pairs: slice) -> Certificate:
        region = None if highest is None else highest[pairs]
        return Certificate(seen[:mapped], distance[pairs], central[pairs], region)

    kept, tested = part(slice(split)), part(slice(split, None))
    alarms = fault_alarms(key_fault, model, pairs.y[calibrated:], kept)
    kept.save(arguments.out)
    write_json(arguments.record, record(kept, tested) | {"alarms": alarms})
    write_costs(arguments.cost, ledger.as_rows())


def features_of(model, y, entry=None):
    """What the estimator sees of each observation, of shape (obs, features)."""
    import equinox as eqx
    import jax
    import numpy as np

    from inversion.compiling import options
    from inversion.trust.features import features

    arrays, static = eqx.partition(model, eqx.is_array)
    each = lambda arrays, y: jax.lax.map(  # noqa: E731
        lambda y: features(eqx.combine(arrays, static), y), y, batch_size=min(len(y), 1000)
    )
    if entry is not None:
        return np.asarray(entry.compile(each, arrays, y, quick=True)(arrays, y))
    return np.asarray(jax.jit(each, compiler_options=options(quick=True))(arrays, y))


def levels(key, model, pairs, num: int, seed: int, entry):
    """The levels of the truths: of central intervals by coordinate, and of highest-density regions if there are."""
    import equinox as eqx
    import jax
    import numpy as np

    from inversion.posterior import AbstractDensity
    from inversion.trust.conformal import central_levels, highest_levels

    arrays, static = eqx.partition(model, eqx.is_array)
    dense = isinstance(model, AbstractDensity)

    def one(arrays, key, theta, y):
        posterior = eqx.combine(arrays, static)
        draws = posterior.sample(key, y, num)
        if not dense:
            return draws, None, None
        log_prob = jax.vmap(lambda theta: posterior.log_prob(theta, y))(draws)
        return draws, log_prob, posterior.log_prob(theta, y)

    def every(arrays, keys, theta, y):
        inputs = (keys, theta, y)
        return jax.lax.map(lambda each: one(arrays, *each), inputs, batch_size=PAIRS)

    inputs = (arrays, jax.random.split(key, len(pairs)), pairs.theta, pairs.y)
    draws, log_prob, log_prob_true = entry.compile(every, *inputs, quick=True)(*inputs)
    central = central_levels(np.asarray(draws), pairs.theta, seed).astype(np.float32)
    if not dense:
        return central, None
    highest = highest_levels(np.asarray(log_prob), np.asarray(log_prob_true), seed)
    return central, highest.astype(np.float32)


def fault_alarms(key, model, y, certificate) -> dict[str, float]:
    """How often each planted fault is told; nothing where JAX cannot simulate the noise."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from inversion.tasks.outside import KINDS
    from inversion.trust.faults import FAULTS

    task = model.standardisation.task
    if type(task).__module__.rpartition(".")[2] in KINDS:
        return {}
    key_noise, key_faults = jax.random.split(key)
    scale, found = noise_scale(key_noise, task), {}
    for at, (name, fault) in enumerate(FAULTS.items()):
        keys = jax.random.split(jax.random.fold_in(key_faults, at), len(y))
        planted = jax.jit(jax.vmap(fault, (0, 0, None)))(keys, jnp.asarray(y), scale)
        distance = certificate.map.distance(features_of(model, np.asarray(planted)))
        found[name] = float(np.mean(distance > certificate.alarm))
    return found


def noise_scale(key, task):
    """The standard deviation of y at fixed theta, by column: the mean of its variance over the prior."""
    import jax
    import jax.numpy as jnp

    key_theta, key_y = jax.random.split(key)
    theta = task.prior().sample(key_theta, (SEEN,))

    def variance(key, theta):
        y = jax.vmap(task.simulate, (0, None))(jax.random.split(key, AGAIN), theta)
        spread = jnp.nanvar(y, axis=0)
        return jnp.nanmean(spread.reshape(-1, spread.shape[-1]), axis=0)

    spread = jax.jit(jax.vmap(variance))(jax.random.split(key_y, SEEN), theta)
    return jnp.sqrt(jnp.nanmean(spread, axis=0))


def record(kept, tested) -> dict:
    """What the kept thresholds do on the pairs that were not used to set them."""
    import numpy as np

    from inversion.trust.certificate import LEVEL
    from inversion.trust.conformal import quantile

    found = {
        "pairs": len(kept.distance),
        "tested": len(tested.distance),
        "false_alarms": float(np.mean(tested.distance > kept.alarm)),
        "coverage": tested.coverage().tolist(),
        "coverage_repaired": np.mean(tested.central <= kept.repaired(), axis=0).tolist(),
    }
    if kept.highest is None:
        return found
    level = quantile(kept.highest, LEVEL)
    return found | {
        "region": float(np.mean(tested.highest <= LEVEL)),
        "region_repaired": float(np.mean(tested.highest <= level)),
    }
