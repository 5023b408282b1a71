"""Draw pairs (theta, y) from a task: a training set, or the observations of a panel."""

import argparse

from inversion.cli.common import add_cell, configure_jax, read_cell, write_costs
from inversion.grid import RESTORATIONS

AT_ONCE = 10_000  # pairs in one batch: bounds the memory of what a simulator does on the way


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_cell(parser)
    parser.add_argument("--out", required=True)
    parser.add_argument("--cost", required=True)


def run(arguments: argparse.Namespace) -> None:
    cell = read_cell(arguments.cell, "root_seed", "task", "task_entry")
    configure_jax(double=True)
    from inversion.cost import Calls, Cost, Ledger
    from inversion.tasks import make_task

    task = make_task(cell["task_entry"])
    asked = cell.get("observations", cell.get("budget"))
    panel = cell.get("panel", "")
    num = asked if isinstance(asked, int) else len(asked)
    if num < 1:
        raise ValueError(f"Expected at least one pair to simulate; got {asked}.")
    row = Cost(cell["task"], "", 0 if panel else num, cell.get("seed", 0), "simulate", panel, num)
    ledger = Ledger()
    with ledger.entry(row) as entry:
        if isinstance(asked, int):
            names = ("simulate", cell["task"], panel, num, row.seed)
            simulations = simulate(cell["root_seed"], names, task, num, entry, truths(task, panel))
            entry.count(Calls(simulator=num))
        else:
            simulations = given(task, asked)
    simulations.save(arguments.out)
    write_costs(arguments.cost, ledger.as_rows())


def truths(task, panel: str):
    """What draws theta: of a task of examples, a panel's are those that no training sees, each once where it can."""
    from inversion.tasks.examples import Examples
    from inversion.tasks.held_out import HeldOutTask

    prior = task.prior()
    if panel and isinstance(task, HeldOutTask):
        prior = task.held_out("train" if panel == "restoration_seen" else "test")
    if panel in RESTORATIONS and isinstance(prior, Examples):
        return prior.each
    return lambda key, num: prior.sample(key, (num,))


def simulate(root_seed: int, names: tuple, task, num: int, entry, draw=None):
    """`num` pairs, theta by `draw(key, num)` or from the prior, computed in float64 and kept as float32."""
    import jax
    import numpy as np

    from inversion.keys import key_for
    from inversion.records import Simulations, lengths, whole

    draw = draw or truths(task, "")
    key_theta = key_for(root_seed, *names, "theta")
    key_y = key_for(root_seed, *names, "y")

    def joint(key_theta, key_y):
        theta = draw(key_theta, num)
        pairs = (jax.random.split(key_y, num), theta)
        one = lambda pair: task.simulate(*pair).astype(np.float32)  # noqa: E731
        return theta, jax.lax.map(one, pairs, batch_size=min(num, AT_ONCE))

    theta, y = entry.compile(joint, key_theta, key_y)(key_theta, key_y)
    theta, y = np.asarray(theta, np.float32), np.asarray(y, np.float32)
    bad = np.sum(~whole(y))
    if bad:
        raise ValueError(f"Expected finite simulations; got {bad} of {num} that are not.")
    length = lengths(y) if np.isnan(y).any() else None
    return Simulations(theta, y, length)


def given(task, observations: list):
    """Observations by their values: their theta is not known."""
    import numpy as np

    from inversion.records import Simulations, check_observation

    y = np.asarray(observations, np.float32)
    check_observation(y, task.event_shape)
    return Simulations(np.full((len(y), task.dim), np.nan, np.float32), y)
