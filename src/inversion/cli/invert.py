"""What `reference` and `refine` share: a method inverts a panel's observations one by one, anew for each."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from inversion.cli.common import write_costs, write_json


def add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--panel", required=True, help="the observations")
    parser.add_argument("--out", required=True)
    parser.add_argument(
        "--record", required=True, help="whether the draws may serve as a reference"
    )
    parser.add_argument("--netcdf", help="the chains, of a Markov chain method")
    parser.add_argument("--cost", required=True)


def invert_panel(
    arguments: argparse.Namespace,
    cell: Mapping[str, Any],
    verb: str,
    task: Any,
    method: Any,
    invert: Callable[..., Any],
    log_prob: Callable[..., Any] | None = None,
) -> None:
    """Map `invert(key, y, num)` over the panel; write draws, verdict, chains and cost."""
    import jax
    import numpy as np

    from inversion.cost import Cost, Ledger
    from inversion.inverted import Verdict
    from inversion.keys import key_for
    from inversion.records import Draws, Simulations, check_observation

    if not isinstance(task, method.needs):
        raise ValueError(
            f"Expected a {method.needs.__name__} for method {cell['method']!r}; "
            f"got task {cell['task']!r}, which is none."
        )
    truth, num = Simulations.load(arguments.panel), cell["draws"]
    truth = truth.head(cell.get("observations_used") or len(truth))
    if len(truth):
        check_observation(truth.y, task.event_shape)
    names = (cell["task"], cell["method"], cell.get("budget", 0), cell["seed"])
    keys = jax.random.split(key_for(cell["root_seed"], verb, *names, cell["panel"]), len(truth))
    inputs = (keys, jax.numpy.asarray(truth.y, float))
    ledger = Ledger()
    with ledger.entry(Cost(*names, verb, cell["panel"], len(truth), num)) as entry:
        over = entry.compile(
            lambda k, y: jax.lax.map(lambda pair: invert(*pair, num), (k, y)), *inputs
        )
        inverted = jax.block_until_ready(over(*inputs))
        entry.count(type(inverted.calls)(*(np.sum(calls) for calls in inverted.calls)))
    inverted = jax.tree.map(np.asarray, inverted)
    densities = (None, None)
    if log_prob is not None:
        densities = (
            log_prob(inverted.theta, inputs[1]),
            log_prob(truth.theta[:, None], inputs[1])[:, 0],
        )
    verdict = method.verdict(task, inverted) if len(truth) else Verdict(True, [], {})
    if arguments.netcdf:
        write_chains(arguments.netcdf, inverted)
    write_json(arguments.record, verdict._asdict())
    write_costs(arguments.cost, ledger.as_rows() if num else [])
    Draws(truth.theta, truth.y, inverted.theta.astype(np.float32), *densities).save(arguments.out)


def write_chains(path: str, inverted: Any) -> None:
    """Every transition after the warm-up as ArviZ NetCDF, the same bytes for the same chains."""
    import arviz as az
    import numpy as np

    from inversion.records import write_atomic

    chains = np.moveaxis(inverted.chains, 0, 2).astype(np.float32)
    data = az.from_dict(
        posterior={"theta": chains},
        sample_stats={"diverging": np.moveaxis(inverted.diverging, 0, 2)},
        dims={"theta": ["observation", "coordinate"], "diverging": ["observation"]},
    )
    for group in data.groups():
        data[group].attrs.pop("created_at", None)
    write_atomic(path, lambda temporary: data.to_netcdf(str(temporary)))
