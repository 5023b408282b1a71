"""NUTS on prior times likelihood, in the prior's unconstrained coordinates, from many dispersed starts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from numpyro.distributions.transforms import biject_to

from inversion.cost import Calls
from inversion.inverted import Inverted, Verdict
from inversion.references.reference import AbstractReference
from inversion.samplers.convergence import judge_task
from inversion.samplers.nuts import run_chains
from inversion.tasks.task import SmoothTask


class Nuts(AbstractReference):
    """`chains` chains from prior draws spread out `dispersion` times around their mean.

    Each makes `warmup` transitions and then `steps`, or more if more draws are asked for.
    """

    needs = SmoothTask
    chains: int = eqx.field(static=True)
    warmup: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    dispersion: float = eqx.field(static=True)

    def __init__(
        self, *, chains: int, warmup: int, steps: int = 1, dispersion: float = 2.0
    ) -> None:
        self.chains, self.warmup, self.steps = chains, warmup, steps
        self.dispersion = dispersion

    def invert(
        self, key: PRNGKeyArray, task: SmoothTask, y: Float[Array, "*event"], num: int
    ) -> Inverted:
        prior = task.prior()
        bijection = biject_to(prior.support)
        key_start, key_run = jax.random.split(key)

        def log_density(u: Array) -> Array:
            theta = bijection(u)
            jacobian = jnp.sum(bijection.log_abs_det_jacobian(u, theta))
            return prior.log_prob(theta) + task.log_likelihood(theta, y) + jacobian

        start = bijection.inv(prior.sample(key_start, (self.chains,)))
        start = start.mean(0) + self.dispersion * (start - start.mean(0))
        steps = max(self.steps, -(-num // self.chains))
        run = run_chains(key_run, log_density, start, warmup=self.warmup, steps=steps)
        run = run._replace(x=bijection(run.x))
        zero = jnp.zeros(())
        calls = Calls(zero, zero, run.gradients, zero)
        return Inverted(run.thinned(num), calls, run.x, run.diverging)

    def verdict(self, task: SmoothTask, inverted: Inverted) -> Verdict:
        return judge_task(task, np.asarray(inverted.chains), np.asarray(inverted.diverging))
