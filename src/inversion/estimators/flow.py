"""Conditional coupling flow: minimise E[-log q(theta | y)] over simulated pairs.

Papamakarios and Murray, 2016; Greenberg, Nonnenmacher and Macke, 2019 (neural posterior estimation); couplings
with rational-quadratic splines by Durkan et al., 2019, affine ones by Dinh et al., 2017. The conditioners read y.
With `dual: true, act_norm: true, transform: affine` a layer is that of BayesFlow's CouplingFlow (Radev et al., 2020).
"""

import jax
from jaxtyping import PRNGKeyArray

from inversion.estimators.normalising_flow import AbstractNormalisingFlow, context_dim
from inversion.networks.base import AbstractBase, base_of
from inversion.networks.coupling import Coupling
from inversion.networks.permutation import PERMUTATIONS
from inversion.networks.transformer import Affine, Spline


class Flow(AbstractNormalisingFlow):
    """`layers` couplings, splines with `knots` inner knots on [-interval, interval] or `affine`."""

    transform: Coupling
    base: AbstractBase

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        layers: int = 6,
        transform: str = "spline",
        knots: int = 8,
        interval: float = 5.0,
        width: int = 64,
        depth: int = 2,
        activation: str = "relu",
        act_norm: bool = False,
        permutation: str = "random",
        dual: bool = False,
        base: str = "normal",
        df: float = 25.0,
        components: int = 4,
    ) -> None:
        transformers = {"spline": Spline(knots, interval), "affine": Affine()}
        for what, name, names in (
            ("transform", transform, transformers),
            ("permutation", permutation, PERMUTATIONS),
        ):
            if name not in names:
                raise ValueError(f"Expected a {what} among {', '.join(names)}; got {name!r}.")
        key_mixing, key_init = jax.random.split(key)
        self.transform = Coupling(
            theta_dim,
            context_dim(y_shape),
            mixing=PERMUTATIONS[permutation](key_mixing, layers, theta_dim),
            transformer=transformers[transform],
            width=width,
            depth=depth,
            activation=activation,
            act_norm=act_norm,
            dual=dual,
            key=key_init,
        )
        key_base = jax.random.fold_in(key, 1)
        self.base = base_of(base, theta_dim, df=df, components=components, key=key_base)
