"""cDiff's conditional normalising flow: minimise E[-log q(theta | y)] over simulated pairs.

Chen, Bansal and Scott, 2025 (arXiv 2410.19105), the flow that their diffusion model is held against: dual affine
couplings, a fixed random permutation before each, and the log-scales within +-bound.
"""

import jax
from jaxtyping import PRNGKeyArray

from inversion.estimators.normalising_flow import AbstractNormalisingFlow, context_dim
from inversion.networks.base import Normal
from inversion.networks.coupling import Coupling
from inversion.networks.permutation import shuffled
from inversion.networks.transformer import BoundedAffine


class CNF(AbstractNormalisingFlow):
    """`layers` couplings; a conditioner is a linear map to `width`, `blocks` residual ELU layers, a linear map.

    In an odd dimension the first half is the larger one; in one dimension y alone sets the map.
    """

    transform: Coupling
    base: Normal

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        layers: int = 32,
        bound: float = 0.1,
        width: int = 32,
        blocks: int = 3,
    ) -> None:
        key_mixing, key_init = jax.random.split(key)
        self.transform = Coupling(
            theta_dim,
            context_dim(y_shape),
            mixing=shuffled(key_mixing, layers, theta_dim),
            transformer=BoundedAffine(bound),
            width=width,
            depth=blocks + 1,
            activation="elu",
            dual=True,
            residual=True,
            fixed=min((theta_dim + 1) // 2, theta_dim - 1),
            key=key_init,
        )
        self.base = Normal(theta_dim)
