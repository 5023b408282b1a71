"""One training with the original's settings (flow_original of params.yaml): this package against flowjax.

Both train the same architecture with the same optimiser, batches and number of steps on the same 6,000
pairs, in float32 on one thread. `whole` is the time of building, compiling and training, nothing cached;
`step` is the steady state, from the difference of a whole and a short training; each by the wall and as
CPU time of the process, which a busy machine disturbs less. By hand:

    OMP_NUM_THREADS=1 NPROC=1 taskset -c 0 python benchmarks/training.py --repetitions 3
"""

import argparse
import time
from datetime import date
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import yaml
from flowjax.bijections import Chain, Coupling, Permute, RationalQuadraticSpline
from flowjax.distributions import StandardNormal, Transformed
from flowjax.train import fit_to_data

from inversion.cost import Cost, Entry
from inversion.estimators.fit import Training, fit
from inversion.estimators.trained import make_estimator
from inversion.records import Simulations
from inversion.tasks import make_task

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "report" / "tables" / "training_speed.csv"
TASK, METHOD, NUM, SHORT = "two_moons_line", "flow_original", 6000, 10


def simulate(task):
    theta = task.prior().sample(jax.random.key(0), (NUM,))
    y = jax.vmap(task.simulate)(jax.random.split(jax.random.key(1), NUM), theta)
    return Simulations(np.asarray(theta, np.float32), np.asarray(y, np.float32))


def ours(task, simulations, entry, epochs):
    training = Training(**{**entry["fit"], "epochs": epochs})
    estimator = make_estimator(jax.random.key(2), task, entry["kind"], entry["network"])
    cost = Entry(Cost(TASK, METHOD, NUM, 0, "train"))
    result = fit(jax.random.key(3), estimator, task, simulations, training, entry=cost)
    return result.steps, float(result.validation.min())


def flowjax(simulations, entry, epochs):
    network, training = entry["network"], entry["fit"]
    dim, y_dim = simulations.theta.shape[1], simulations.y.shape[1]
    layers = []
    for number, key in enumerate(jax.random.split(jax.random.key(2), network["layers"])):
        spline = RationalQuadraticSpline(knots=network["knots"], interval=network["interval"])
        coupling = Coupling(
            key,
            transformer=spline,
            untransformed_dim=dim // 2,
            dim=dim,
            cond_dim=y_dim,
            nn_width=network["width"],
            nn_depth=network["depth"],
        )
        layers += [Permute(jnp.array([1, 0])), coupling] if number else [coupling]
    flow = Transformed(StandardNormal((dim,)), Chain(layers))
    num_train = NUM - round(training["validation"] * NUM)
    schedule = optax.cosine_decay_schedule(
        training["learning_rate"],
        epochs * -(-num_train // training["batch"]),
        training["final_fraction"],
    )
    optimiser = optax.chain(optax.clip_by_global_norm(training["clip"]), optax.adam(schedule))
    standardised = [(a - a.mean(0)) / a.std(0) for a in (simulations.theta, simulations.y)]
    _, losses = fit_to_data(
        jax.random.key(3),
        flow,
        standardised,
        optimizer=optimiser,
        max_epochs=epochs,
        max_patience=epochs,
        batch_size=training["batch"],
        val_prop=training["validation"],
        show_progress=False,
    )
    return epochs * (num_train // training["batch"]), min(losses["val"])


def timed(train, epochs):
    """Wall and CPU seconds, steps and best validation loss of one training that starts with nothing compiled."""
    jax.clear_caches()
    wall, cpu = time.perf_counter(), time.process_time()
    steps, validation = train(epochs)
    return np.array([time.perf_counter() - wall, time.process_time() - cpu]), steps, validation


def measure(who, train, epochs, repetitions):
    """Rows of the table."""
    whole, step = [], []
    for _ in range(repetitions):
        short_s, short_steps, _ = timed(train, SHORT)
        whole_s, steps, validation = timed(train, epochs)
        whole.append(whole_s)
        step.append((whole_s - short_s) / (steps - short_steps) * 1e3)
        print(f"{who}: {whole_s} s, {step[-1]} ms a step, loss {validation:.4f}", flush=True)
    for what, unit, values in (("whole", "s", whole), ("step", "ms", step)):
        for number, clock in enumerate(("wall", "CPU")):
            of_clock = [value[number] for value in values]
            numbers = [round(float(f(of_clock)), 3) for f in (np.median, np.min, np.max)]
            stamp = [repetitions, unit, machine(), date.today().isoformat()]
            yield [f"{what}, {clock}", who, *numbers, *stamp]


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(line.split(": ")[1] for line in lines if line.startswith("model name"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--flowjax-repetitions", type=int, default=2)
    arguments = parser.parse_args()
    jax.config.update("jax_enable_compilation_cache", False)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    task, entry = make_task(params["tasks"][TASK]), params["estimators"][METHOD]
    simulations, epochs = simulate(task), entry["fit"]["epochs"]
    rows = [
        *measure(
            "inversion",
            lambda epochs: ours(task, simulations, entry, epochs),
            epochs,
            arguments.repetitions,
        ),
        *measure(
            "flowjax",
            lambda epochs: flowjax(simulations, entry, epochs),
            epochs,
            arguments.flowjax_repetitions,
        ),
    ]
    names = ["what", "who", "median", "low", "high", "repetitions", "unit", "machine", "date"]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=names).to_csv(TABLE, index=False)


if __name__ == "__main__":
    main()
