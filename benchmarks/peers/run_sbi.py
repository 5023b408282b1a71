"""sbi's neural spline flow by its own training loop, `NPE.train`.

Its couplings are those of nflows: the conditioner is a residual network, of which one block is the nearest to two
hidden layers, and a learned linear map follows each coupling. `train` knows no schedule, so the cosine is set between
the epochs.
"""

import math
from importlib.metadata import version

import torch
from record import Record
from sbi.inference import NPE
from sbi.neural_nets import posterior_nn
from torch.utils.data import SubsetRandomSampler


class Watched(NPE):
    """Trains on the first pairs and holds out the others, under a cosine, and tells the record of each epoch."""

    record: Record
    num_train: int

    def get_dataloaders(self, *args, **kwargs):
        loaders = super().get_dataloaders(*args, **kwargs)
        for loader, start, stop in zip(loaders, (0, self.num_train), (self.num_train, None)):
            rows = SubsetRandomSampler(range(len(loader.dataset))[start:stop])
            loader.batch_sampler.sampler = rows
        return loaders

    def _summarize_epoch(self, train_loss, val_loss, *args):
        super()._summarize_epoch(train_loss, val_loss, *args)
        fit, epochs = self.record.settings["fit"], self.record.settings["epochs"]
        done = (self.epoch + 1) / epochs
        final = fit["final_fraction"]
        for group in self.optimizer.param_groups:
            share = final + (1 - final) * (1 + math.cos(math.pi * done)) / 2
            group["lr"] = fit["learning_rate"] * share
        self.record.epoch(self.epoch + 1, val_loss)


def main():
    record = Record()
    record.ready(sbi=version("sbi"), torch=torch.__version__)
    settings, network, fit = record.settings, record.settings["network"], record.settings["fit"]
    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    pairs = {name: torch.as_tensor(array) for name, array in record.pairs.items()}
    builder = posterior_nn(
        model="nsf",
        z_score_theta="none",
        z_score_x="none",
        hidden_features=network["width"],
        num_transforms=network["layers"],
        num_bins=network["knots"] + 1,
        tail_bound=network["interval"],
        num_blocks=1,
    )
    trainer = Watched(density_estimator=builder, show_progress_bars=False)
    trainer.record, trainer.num_train = record, len(pairs["theta_train"])
    theta, y = (
        torch.cat([pairs[f"{name}_train"], pairs[f"{name}_held_out"]]) for name in ("theta", "y")
    )
    estimator = trainer.append_simulations(theta, y).train(
        training_batch_size=fit["batch"],
        learning_rate=fit["learning_rate"],
        validation_fraction=len(pairs["theta_held_out"]) / len(theta),
        stop_after_epochs=settings["epochs"],
        max_num_epochs=settings["epochs"] - 1,
        clip_max_norm=fit["clip"],
    )
    with torch.no_grad():
        again = float(estimator.loss(pairs["theta_held_out"], pairs["y_held_out"]).mean())
    least = min(line["loss"] for line in record.lines if line["what"] == "epoch")
    if not math.isclose(again, least, abs_tol=1e-3):
        raise ValueError(f"Expected the loss of the held-out pairs, {again}; got {least}.")

    def draw(seed, y):
        torch.manual_seed(seed)
        with torch.no_grad():
            return estimator.sample((settings["draws"],), condition=y).numpy()

    record.draws("draw", lambda seed: draw(seed, pairs["y_observed"][None])[:, 0])
    record.draws("draw_many", lambda seed: draw(seed, pairs["y_many"]))
    record.finish()


if __name__ == "__main__":
    main()
