"""`slcp` among 92 numbers that say nothing: sbibm's `slcp_distractors` (Lueckmann et al., 2021, T.4).

The 8 numbers of `slcp` and one draw of an even mixture of 20 Student t in 92 dimensions, with 2 degrees of freedom,
all in a fixed random order. The mixture's parameters are drawn once, from NumPy's generator with seed 42, as
sbibm 1.1.0 drew those of its files. Its factors have condition numbers to 5e18: no float holds a draw well enough for
its density. The likelihood leaves that density out, which does not depend on theta.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.tasks.slcp import Slcp
from inversion.tasks.symmetric import SymmetricTask
from inversion.tasks.task import BoundedTask, LabelledTask, SmoothTask

SLCP = Slcp()
NOISE_DIM, COMPONENTS = 92, 20


class Distractors(NamedTuple):
    """Locations (20, 92), factors (20, 92, 92), and the order of all numbers (100,)."""

    loc: np.ndarray
    factor: np.ndarray
    order: np.ndarray


def _distractors() -> Distractors:
    rng = np.random.RandomState(42)
    shape = (NOISE_DIM, NOISE_DIM)
    loc = [15 * rng.normal(size=NOISE_DIM) for _ in range(COMPONENTS)]
    factor = [
        np.tril(rng.normal(size=shape)) + np.diag(np.exp(rng.normal(size=NOISE_DIM)))
        for _ in range(COMPONENTS)
    ]
    return Distractors(np.array(loc), 3 * np.array(factor), rng.permutation(NOISE_DIM + 8))


DISTRACTORS = _distractors()


class SlcpDistractors(SmoothTask, BoundedTask, LabelledTask, SymmetricTask):
    """The posterior is that of `slcp`, given the 8 numbers that count."""

    def prior(self) -> dist.Distribution:
        return SLCP.prior()

    def simulate(self, key: PRNGKeyArray, theta: Float[Array, "5"]) -> Float[Array, "100"]:
        key_data, key_noise = jax.random.split(key)
        noise = _draw_noise(key_noise, theta)
        return jnp.concatenate([SLCP.simulate(key_data, theta), noise])[DISTRACTORS.order]

    def log_likelihood(self, theta: Float[Array, "5"], y: Float[Array, "100"]) -> Float[Array, ""]:
        """Of the 8 numbers that count."""
        return SLCP.log_likelihood(theta, informative(y))

    def log_likelihood_bound(self, y: Float[Array, "100"]) -> Float[Array, ""]:
        return SLCP.log_likelihood_bound(informative(y))

    def moved(
        self, key: PRNGKeyArray, theta: Float[Array, "5"], y: Float[Array, "100"]
    ) -> tuple[Float[Array, "5"], Float[Array, "100"]]:
        """As `slcp`'s, the other 92 numbers left alone."""
        theta, points = SLCP.moved(key, theta, informative(y))
        return theta, y.at[np.argsort(DISTRACTORS.order)[:8]].set(points)

    @property
    def parts(self) -> dict[str, int]:
        return SLCP.parts

    def labels(self, theta: Float[Array, "5"]) -> dict[str, Array]:
        return SLCP.labels(theta)


def informative(y: Float[Array, "100"]) -> Float[Array, "8"]:
    """What `slcp` gave."""
    return y[np.argsort(DISTRACTORS.order)[:8]]


def _draw_noise(key: PRNGKeyArray, like: Array) -> Float[Array, "92"]:
    """loc + L z / sqrt(w / 2), w ~ chi^2(2), of a component drawn evenly; w / 2 is exponential."""
    key_which, key_normal, key_scale = jax.random.split(key, 3)
    which = jax.random.randint(key_which, (), 0, COMPONENTS)
    z = jax.random.normal(key_normal, (NOISE_DIM,), like.dtype)
    z = z / jnp.sqrt(jax.random.exponential(key_scale, (), like.dtype))

    def component(noise: Array, part: tuple[Array, Array, Array]) -> tuple[Array, None]:
        number, loc, factor = part
        return jnp.where(which == number, loc + factor @ z, noise), None

    # One after the other: under vmap, picking a factor would copy it for each draw.
    loc, factor = (jnp.asarray(x, like.dtype) for x in DISTRACTORS[:2])
    noise, _ = jax.lax.scan(component, z, (jnp.arange(COMPONENTS), loc, factor))
    return noise
