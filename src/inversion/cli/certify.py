"""Hold a trained posterior against held-out pairs: the certificate that `inversion infer` judges by, and its test.

A sixth of the pairs are the map of what was simulated. Half of the others set the thresholds, the other half shows
what they do: false alarms, alarms at planted faults, coverage before and after the repair. No simulator is asked
where JAX cannot run it: the pairs are all that is needed.
"""

import argparse
from pathlib import Path

from inversion.cli.common import configure_jax, read_cell, write_costs, write_json
from inversion.cli.models import check_seed

MAPPED = 6  # one pair in so many is on the map
LEAST = 300  # pairs: a sixth of fewer would be no map
AT_ONCE = 20  # draws and densities of so many pairs at once: bounds the memory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="a file under results/models")
    parser.add_argument(
        "--pairs",
        required=True,
        type=Path,
        help="pairs that the model has not been trained on: .npz with theta and y, or .csv or .parquet with columns "
        "by the names of the task, or theta_1, theta_2, ... and y_1, y_2, ... where it has none",
    )
    parser.add_argument("--draws", type=int, default=200, help="for each pair")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, help="the certificate; beside the model, where infer looks for it"
    )
    parser.add_argument("--record", type=Path, help="what its test has shown; beside it")
    parser.add_argument("--cost", help="the ledger's record, if wanted")
    parser.add_argument("--cell", help="JSON, of the workflow: names, seed and draws")


def run(arguments: argparse.Namespace) -> None:
    check_arguments(arguments)
    configure_jax(double=False)
    import jax
    import numpy as np

    from inversion.cli.held_out import held_out_pairs
    from inversion.cli.interrupt import tidied
    from inversion.cli.models import digest, load
    from inversion.cli.verdicts import verdict_rates
    from inversion.cost import Calls, Cost, Ledger
    from inversion.estimators.trained import read_header
    from inversion.keys import key_for
    from inversion.records import Simulations
    from inversion.trust.certificate import Certificate, beside
    from inversion.trust.off_map import Map

    model = load(arguments.model)
    cell = cell_of(arguments, read_header(arguments.model))
    pairs, num = held_out_pairs(arguments.pairs, model, LEAST), cell["draws"]
    mapped = len(pairs) // MAPPED
    calibrated = mapped + (len(pairs) - mapped) // 2
    names = (cell["task"], cell["method"], cell["budget"], cell["seed"])
    key = key_for(cell["root_seed"], "certify", *names)
    key_draw, key_fault = jax.random.split(key)
    key_judge = jax.random.fold_in(key, 1)
    ledger = Ledger()
    with ledger.entry(Cost(*names, "certify", "held_out", len(pairs), num)) as entry:
        seen = features_of(model, pairs.y, entry)
        held = Simulations(pairs.theta[mapped:], pairs.y[mapped:])
        central, highest = levels(key_draw, model, held, num, cell["root_seed"], entry)
        entry.count(Calls(network=len(held) * (2 * num + 1)))
        distance = Map(seen[:mapped]).distance(seen[mapped:]).astype(np.float32)
    split, of_model = calibrated - mapped, digest(Path(arguments.model))

    def part(pairs: slice) -> Certificate:
        region = None if highest is None else highest[pairs]
        return Certificate(seen[:mapped], distance[pairs], central[pairs], region, of_model)

    kept, tested = part(slice(split)), part(slice(split, None))
    alarms = fault_alarms(key_fault, model, pairs, calibrated, kept)
    judged = verdict_rates(key_judge, model, pairs.y[calibrated:], kept, tested)
    found = record(kept, tested) | {"alarms": alarms, "verdicts": judged}
    out = arguments.out or beside(arguments.model)
    with tidied():
        kept.save(out)
        write_json(arguments.record or out.with_suffix(".json"), found)
    if arguments.cost:
        write_costs(arguments.cost, ledger.as_rows())
    if not arguments.cell:
        print(said(out, found))


def check_arguments(arguments: argparse.Namespace) -> None:
    """What can be refused before anything is loaded."""
    if arguments.draws < 2:
        raise ValueError(f"Expected --draws of at least 2; got {arguments.draws}.")
    check_seed(arguments.seed)
    if arguments.out is not None and arguments.out.suffix != ".npz":
        raise ValueError(f"Expected --out to end with .npz; got {arguments.out}.")


def cell_of(arguments: argparse.Namespace, header: dict) -> dict:
    """The workflow's cell, or that of a model by itself."""
    if arguments.cell:
        return read_cell(arguments.cell, "root_seed", "task", "method", "budget", "seed", "draws")
    names = {"task": header.get("task_name", ""), "method": header["kind"], "budget": 0, "seed": 0}
    return {"root_seed": arguments.seed, "draws": arguments.draws, **names}


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
        return jax.lax.map(lambda each: one(arrays, *each), inputs, batch_size=AT_ONCE)

    inputs = (arrays, jax.random.split(key, len(pairs)), pairs.theta, pairs.y)
    draws, log_prob, log_prob_true = entry.compile(every, *inputs, quick=True)(*inputs)
    central = central_levels(np.asarray(draws), pairs.theta, seed).astype(np.float32)
    if not dense:
        return central, None
    highest = highest_levels(np.asarray(log_prob), np.asarray(log_prob_true), seed)
    return central, highest.astype(np.float32)


def fault_alarms(key, model, pairs, first: int, certificate) -> dict[str, float]:
    """How often each fault is told when it is planted in the observations from `first` on."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from inversion.tasks.outside import KINDS
    from inversion.trust.faults import faults_of
    from inversion.trust.noise import noise_between_neighbours, noise_scale

    task, y = model.standardisation.task, jnp.asarray(pairs.y[first:])
    key_noise, key_faults = jax.random.split(key)
    if type(task).__module__.rpartition(".")[2] in KINDS:
        scale = noise_between_neighbours(pairs.theta, pairs.y)
    else:
        scale = noise_scale(key_noise, task)
    found = {}
    for at, (name, fault) in enumerate(faults_of(task.event_shape).items()):
        keys = jax.random.split(jax.random.fold_in(key_faults, at), len(y))
        planted = jax.jit(jax.vmap(fault, (0, 0, None)))(keys, y, scale)
        distance = certificate.map.distance(features_of(model, np.asarray(planted)))
        found[name] = float(np.mean(distance > certificate.alarm))
    return found


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


def said(path: Path, found: dict) -> str:
    """The record in three lines, for a terminal."""
    from inversion.trust.certificate import LEVEL, farthest

    before, after = farthest(found["coverage"]), farthest(found["coverage_repaired"])
    told = ", ".join(f"{name} {share:.1%}" for name, share in found["alarms"].items())
    return (
        f"{path}: thresholds of {found['pairs']:,} pairs, tested on {found['tested']:,} others\n"
        f"{LEVEL:.0%} intervals hold {before:.1%} of the truths at the worst coordinate, repaired {after:.1%}\n"
        f"alarms: {found['false_alarms']:.1%} false, and at planted faults {told}"
    )
