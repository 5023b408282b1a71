"""Whether Markov chains may serve as a reference: rank-normalised R-hat, bulk effective size, divergences.

Vehtari, Gelman, Simpson, Carpenter and Buerkner, Rank-normalization, folding, and localization, 2021; by ArviZ.
"""

from collections.abc import Mapping

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from inversion.inverted import Inverted, Verdict
from inversion.samplers.tempering import LOWEST
from inversion.tasks.task import AbstractTask, LabelledTask

R_HAT = 1.01
ESS = 400  # in bulk, over all chains: the same paper's advice


def judge(
    chains: Float[np.ndarray, "obs chain step dim"],
    diverging: Bool[np.ndarray, "obs chain step"],
    labels: Mapping[str, Int[np.ndarray, "obs chain step"]],
) -> Verdict:
    """Accept where R-hat < 1.01 and ESS >= 400 for every coordinate and for the visits to every mode.

    `labels` numbers the mode that a draw lies in: a chain that cannot leave one shows in the R-hat and the
    ESS of the visits even where the coordinates look mixed. Each observation is judged by itself.
    """
    reasons, rows = [], []
    for observation, (chain, failed) in enumerate(zip(chains, diverging, strict=True)):
        columns = {f"theta[{i}]": chain[..., i] for i in range(chain.shape[-1])}
        for name, label in labels.items():
            for mode in range(int(label.max()) + 1):
                columns[f"{name}[{mode}]"] = (label[observation] == mode).astype(float)
        row = _row(columns, failed)
        reasons += [f"observation {observation}: {reason}" for reason in row["reasons"]]
        rows.append(row)
    accepted = [not row["reasons"] for row in rows]
    names = ("rhat", "ess_bulk", "lag1", "divergences")
    numbers = {name: [row[name] for row in rows] for name in names}
    return Verdict(all(accepted), reasons, {"accepted_share": float(np.mean(accepted)), **numbers})


def judge_task(
    task: AbstractTask,
    chains: Float[np.ndarray, "obs chain step dim"],
    diverging: Bool[np.ndarray, "obs chain step"],
) -> Verdict:
    """`judge`, with the modes that the task itself names."""
    labels = {}
    if isinstance(task, LabelledTask):
        over_steps = jax.jit(jax.vmap(jax.vmap(jax.vmap(task.labels))))
        labels = {name: np.asarray(label) for name, label in over_steps(chains).items()}
    return judge(chains, diverging, labels)


def judge_runs(task: AbstractTask, inverted: Inverted) -> Verdict:
    """`judge_task` of tempered runs, which must all have reached temperature 1, and their last acceptance rate."""
    judged = judge_task(task, np.asarray(inverted.chains), np.asarray(inverted.diverging))
    last = [record[~np.isnan(record[:, 1]), 1][-1] for record in np.asarray(inverted.residuals)]
    reasons = judged.reasons + [
        f"observation {at}: acceptance rate {rate:.3f}, below {LOWEST}"
        for at, rate in enumerate(last)
        if not rate >= LOWEST
    ]
    temperatures = [int((~np.isnan(r[:, 1])).sum()) for r in np.asarray(inverted.residuals)]
    more = {"acceptance": [float(rate) for rate in last], "temperatures": temperatures}
    return Verdict(not reasons, reasons, judged.numbers | more)


def _row(columns: Mapping[str, np.ndarray], diverging: np.ndarray) -> dict:
    import arviz as az

    with np.errstate(divide="ignore", invalid="ignore"):  # chains that never move have no R-hat
        r_hat = {name: float(az.rhat(x)) for name, x in columns.items()}
        ess = {name: float(az.ess(x, method="bulk")) for name, x in columns.items()}
    divergences = int(diverging.sum())
    # A column that never changes over all chains says nothing of mixing, and has no R-hat.
    moving = [name for name, x in columns.items() if np.ptp(x) > 0]
    worst, fewest = max(moving, key=r_hat.get), min(moving, key=ess.get)
    reasons = []
    if not r_hat[worst] < R_HAT:
        value = f"{r_hat[worst]:.3f}" if r_hat[worst] < 100 else "over 100"
        reasons.append(f"R-hat of {worst} is {value}, above {R_HAT}")
    if not ess[fewest] >= ESS:
        reasons.append(f"bulk ESS of {fewest} is {ess[fewest]:.0f}, below {ESS}")
    if divergences:
        reasons.append(f"{divergences} divergent transitions")
    return {
        "reasons": reasons,
        "rhat": r_hat[worst],
        "ess_bulk": ess[fewest],
        "lag1": max(lag_one(x) for n, x in columns.items() if n.startswith("theta")),
        "divergences": divergences,
    }


def lag_one(x: Float[np.ndarray, "chain step"]) -> float:
    """The lag-1 autocorrelation within chains, the chains' own means taken off."""
    x = x - x.mean(axis=1, keepdims=True)
    variance = np.sum(x**2)
    return float(np.sum(x[:, 1:] * x[:, :-1]) / variance) if variance > 0 else 1.0
