"""The diffusion bound on log p(theta) of a denoiser: an identity where the denoiser is exact, a bound where it is not.

Song et al., 2021 (maximum likelihood training), and Kingma et al., 2021; in the form of Kong, Brekelmans and Ver
Steeg, 2023, against the Gaussian g with the prior's centre and spread, whose errors cancel most of the noise and both
ends:

    -log p(x) = -log g(x) + int E_e[|x - D(x + s e, s)|^2 - |x - D_g(x + s e, s)|^2] / s^2 d ln s,   D_g of g.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from inversion.posterior import AbstractDenoiser

# Levels are drawn with ln(sigma / spread) logistic: most of what tells one theta from another lies here.
MIDDLE, WIDTH = 0.2, 0.7


def drawn_level(
    prior: AbstractDenoiser, share: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The sigma below which this share of the draws lies, and 1 / density of ln sigma there."""
    least, most = (
        jax.nn.sigmoid((jnp.log(level / prior.spread) - jnp.log(MIDDLE)) / WIDTH)
        for level in prior.levels
    )
    p = least + share * (most - least)
    sigma = prior.spread * MIDDLE * jnp.exp(WIDTH * jnp.log(p / (1 - p)))
    return sigma, (most - least) * WIDTH / (p * (1 - p))


def log_density_bound(
    prior: AbstractDenoiser,
    theta: Float[Array, " dim"],
    shares: Float[Array, " levels"],
    noise: Float[Array, "levels dim"],
) -> Float[Array, ""]:
    """The bound, unbiased where `shares` are uniform on (0, 1) and `noise` of N(0, I); one pass for each."""

    def term(share: Array, noise: Array) -> Array:
        sigma, weight = drawn_level(prior, share)
        white = sigma * noise
        error = (theta - prior.denoised(theta + prior.scale * white, sigma)) / prior.scale
        offset = (theta - prior.centre) / prior.scale
        # theta - D_g(z) with D_g(z) = centre + c (z - centre), c = spread^2 / (spread^2 + sigma^2)
        shrink = prior.spread**2 / (prior.spread**2 + sigma**2)
        gaussian = (1 - shrink) * offset - shrink * white
        return weight * jnp.sum(error**2 - gaussian**2) / sigma**2

    scale = prior.spread * prior.scale
    standard = (theta - prior.centre) / scale
    log_gaussian = -0.5 * jnp.sum(standard**2 + jnp.log(2 * jnp.pi)) - jnp.sum(jnp.log(scale))
    return log_gaussian - jnp.mean(jax.vmap(term)(shares, noise))
