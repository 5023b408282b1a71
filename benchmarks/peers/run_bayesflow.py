"""BayesFlow's networks on JAX by its own training loop, `fit` of its approximator.

`CouplingFlow` with splines: a layer of its holds two couplings, one for each half of theta, and an ActNorm; the
dropout that it has by default is off. `FlowMatching` and `DiffusionModel` are as they come.
"""

from importlib.metadata import version

import bayesflow
import keras
from record import Record


def network_of(settings):
    if settings["kind"] == "flow_matching":
        return bayesflow.networks.FlowMatching()
    if settings["kind"] == "diffusion":
        return bayesflow.networks.DiffusionModel()
    network = settings["network"]
    edge = network["interval"]
    return bayesflow.networks.CouplingFlow(
        depth=network["layers"],
        transform="spline",
        transform_kwargs={
            "bins": network["knots"] + 1,
            "default_domain": (-edge, edge, -edge, edge),
        },
        subnet_kwargs={
            "widths": (network["width"],) * network["depth"],
            "activation": "relu",
            "dropout": 0.0,
        },
    )


class Watch(keras.callbacks.Callback):
    def __init__(self, record):
        super().__init__()
        self.record = record

    def on_epoch_end(self, epoch, logs=None):
        self.record.epoch(epoch + 1, logs["val_loss"])


def dataset(pairs, part, batch):
    names = {"inference_variables": f"theta_{part}", "inference_conditions": f"y_{part}"}
    data = {name: pairs[array] for name, array in names.items()}
    return bayesflow.datasets.OfflineDataset(data, batch_size=batch, adapter=None)


def main():
    record = Record()
    versions = {name: version(name) for name in ("bayesflow", "keras", "jax")}
    record.ready(**versions)
    settings, pairs, fit = record.settings, record.pairs, record.settings["fit"]
    keras.utils.set_random_seed(settings["seed"])
    approximator = bayesflow.approximators.ContinuousApproximator(
        inference_network=network_of(settings), standardize=None
    )
    steps = len(pairs["theta_train"]) // fit["batch"]
    schedule = keras.optimizers.schedules.CosineDecay(
        fit["learning_rate"], settings["epochs"] * steps, alpha=fit["final_fraction"]
    )
    approximator.compile(optimizer=keras.optimizers.Adam(schedule, global_clipnorm=fit["clip"]))
    approximator.fit(
        dataset=dataset(pairs, "train", fit["batch"]),
        validation_data=dataset(pairs, "held_out", fit["batch"]),
        epochs=settings["epochs"],
        callbacks=[Watch(record)],
        verbose=0,
    )

    def draw(seed, y):
        conditions = {"inference_conditions": y}
        return approximator.sample(num_samples=settings["draws"], conditions=conditions, seed=seed)

    name = "inference_variables"
    record.draws("draw", lambda seed: draw(seed, pairs["y_observed"][None])[name][0])
    if settings["kind"] == "flow":
        record.draws("draw_many", lambda seed: draw(seed, pairs["y_many"])[name])
    record.finish()


if __name__ == "__main__":
    main()
