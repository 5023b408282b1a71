"""An ensemble: the equal mixture of several estimators of one kind, trained side by side from different starts.

Lakshminarayanan, Pritzel and Blundell, 2017 (deep ensembles); for posteriors Hermans et al., 2022, who find that
ensembles are better calibrated than their members.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.estimators import ESTIMATORS
from inversion.estimators.estimator import AbstractDensityEstimator
from inversion.posterior import AbstractDensity
from inversion.registry import build


class Ensemble(AbstractDensityEstimator):
    """q(theta | y) = mean over members of q_m(theta | y).

    The members see the same batches and each minimises its own loss; the best epoch is that of the mixture.
    """

    stacked: AbstractDensityEstimator  # the leaves of all members, along a leading axis
    members: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        member: Mapping[str, Any],
        members: int = 4,
    ) -> None:
        if members < 1:
            raise ValueError(f"Expected at least 1 member; got {members}.")

        def one(key: PRNGKeyArray):
            return build(ESTIMATORS, member, key=key, theta_dim=theta_dim, y_shape=y_shape)

        self.stacked = eqx.filter_vmap(one)(jax.random.split(key, members))
        self.members = members
        if not isinstance(self.stacked, AbstractDensity):
            raise ValueError(f"Expected members with a density; got {member['kind']!r}.")

    def _each(self, function, *arguments):
        """`function` of each member, and of its own slice of `arguments`."""
        return eqx.filter_vmap(function)(self.stacked, *arguments)

    def loss(
        self,
        theta: Float[Array, " dim"],
        y: Float[Array, "*event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        keys = jax.random.split(key, self.members)
        return jnp.mean(self._each(lambda m, k: m.loss(theta, y, key=k, progress=progress), keys))

    def batch_loss(
        self,
        theta: Float[Array, "n dim"],
        y: Float[Array, "n *event"],
        *,
        key: PRNGKeyArray,
        progress: Float[Array, ""],
    ) -> Float[Array, ""]:
        keys = jax.random.split(key, self.members)
        of = lambda m, k: m.batch_loss(theta, y, key=k, progress=progress)  # noqa: E731
        return jnp.mean(self._each(of, keys))

    def validation_loss(
        self, theta: Float[Array, " dim"], y: Float[Array, "*event"], *, key: PRNGKeyArray
    ) -> Float[Array, ""]:
        del key
        return -self.log_prob(theta, y)

    def log_prob(self, theta: Float[Array, " dim"], y: Float[Array, "*event"]) -> Float[Array, ""]:
        log_prob = self._each(lambda member: member.log_prob(theta, y))
        return jax.nn.logsumexp(log_prob) - jnp.log(self.members)

    def sample(
        self, key: PRNGKeyArray, y: Float[Array, "*event"], num: int
    ) -> Float[Array, "num dim"]:
        key_which, key_draws = jax.random.split(key)
        which = jax.random.randint(key_which, (num,), 0, self.members)
        # A member is asked for six standard deviations more than its share: how many it will be asked for
        # is binomial, and shapes are fixed. A count beyond that, one time in 10^9, uses a draw twice.
        share = num / self.members
        each = min(num, int(share + 6 * (share * (1 - 1 / self.members)) ** 0.5) + 1)
        keys = jax.random.split(key_draws, self.members)
        draws = self._each(lambda member, key: member.sample(key, y, each), keys)
        asked = jnp.cumsum(which[:, None] == jnp.arange(self.members), axis=0)
        rank = jnp.take_along_axis(asked, which[:, None], axis=1)[:, 0] - 1
        return draws[which, rank % each]
