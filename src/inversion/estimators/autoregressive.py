"""Masked autoregressive flow with splines: minimise E[-log q(theta | y)] over simulated pairs.

Papamakarios, Pavlakou and Murray, 2017; with rational-quadratic splines Durkan et al., 2019, as sbi's and lampe's NSF.
"""

from jaxtyping import PRNGKeyArray

from inversion.estimators.normalising_flow import AbstractNormalisingFlow, context_dim
from inversion.networks.autoregressive import Autoregressive
from inversion.networks.base import Normal
from inversion.networks.transformer import Spline


class AutoregressiveFlow(AbstractNormalisingFlow):
    """`layers` of splines with `knots` inner knots on [-interval, interval]."""

    transform: Autoregressive
    base: Normal

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        layers: int = 5,
        knots: int = 8,
        interval: float = 5.0,
        width: int = 64,
        depth: int = 2,
        activation: str = "silu",
    ) -> None:
        self.transform = Autoregressive(
            theta_dim,
            context_dim(y_shape),
            transformer=Spline(knots, interval),
            layers=layers,
            width=width,
            depth=depth,
            activation=activation,
            key=key,
        )
        self.base = Normal(theta_dim)
