"""Rotation-based iterative Gaussianization of the prior: fitted layer by layer in closed form; y is not read.

Laparra, Camps-Valls and Malo, Iterative Gaussianization: from ICA to Random Rotations, 2011 (arXiv 1602.00229): turn
the draws, map each margin to N(0, 1) by its quantiles, and again. Among a few random rotations the one is taken whose
margins lie farthest from normal, by the transport distance (Dai and Seljak, Sliced Iterative Normalizing Flows, 2021).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.linalg.lapack import dgeqrf
from scipy.special import ndtr, ndtri

from inversion.cost import Entry
from inversion.estimators.direct import AbstractDirect, Steps
from inversion.estimators.gaussianization import AbstractGaussianization
from inversion.networks.base import Normal
from inversion.networks.gaussianization import Gaussianization, layer
from inversion.networks.margins import Margins
from inversion.networks.permutation import Rotations

LEAST = 1e-6  # the least step from knot to knot, in standard deviations


class IterativeGaussianization(AbstractGaussianization, AbstractDirect):
    """At most `layers`, each through `knots` quantiles of every margin; stops after `patience` that gained nothing.

    The outermost knots leave `beyond` draws on each side, where the map goes on straight, so that tails are Gaussian.
    `rotation` is `random`, the best of `candidates`, or `pca`, the axes of the draws' own covariance.
    """

    transform: Gaussianization
    base: Normal
    rotation: str = eqx.field(static=True)
    candidates: int = eqx.field(static=True)
    beyond: int = eqx.field(static=True)
    patience: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        key: PRNGKeyArray,
        theta_dim: int,
        y_shape: tuple[int, ...],
        layers: int = 40,
        knots: int = 16,
        rotation: str = "random",
        candidates: int = 8,
        beyond: int = 5,
        patience: int = 5,
    ) -> None:
        del y_shape
        if rotation not in ("random", "pca"):
            raise ValueError(f"Expected a rotation among random, pca; got {rotation!r}.")
        if min(candidates, beyond, patience) < 1:
            raise ValueError(
                "Expected candidates, beyond and patience of at least 1; "
                f"got {candidates}, {beyond} and {patience}."
            )
        self.transform = Gaussianization(
            theta_dim, layers=layers, knots=knots, interval=4.0, key=key
        )
        self.base = Normal(theta_dim)
        self.rotation, self.candidates = rotation, candidates
        self.beyond, self.patience = beyond, patience

    def fitted(
        self,
        key: PRNGKeyArray,
        theta: Float[Array, "n dim"],
        held_out: Float[Array, "m dim"],
        *,
        entry: Entry,
    ) -> tuple["IterativeGaussianization", Steps]:
        rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        blank = jax.tree.map(np.asarray, (self.transform.rotations, self.transform.margins))
        layers, _, knots = blank[1].log_slopes.shape
        levels = self._levels(len(theta), knots)
        x, others = np.asarray(theta).T, np.asarray(held_out).T
        parts = jax.tree.map(lambda leaf: leaf[0], blank)
        push = entry.compile(_pushed, parts, x, others, quick=True)
        made, losses, log_dets = [], [], np.zeros(2)
        while len(losses) < layers and _gaining(losses, self.patience):
            parts = jax.tree.map(
                lambda leaf: np.asarray(leaf, np.float32), self._layer(rng, x, levels)
            )
            x, others, slopes, energies = push(parts, x, others)
            log_dets += np.asarray(slopes)
            losses.append(np.asarray(energies) - log_dets)
            made.append(parts)
        train, validation = np.array(losses).T
        best = int(np.argmin(validation)) + 1
        # What is left of the layers turns the coordinates and moves nothing.
        rotations, margins = jax.tree.map(
            lambda empty, *leaves: jnp.asarray(np.concatenate([np.stack(leaves), empty[best:]])),
            blank,
            *made[:best],
        )
        where = lambda made: (made.transform.rotations, made.transform.margins)  # noqa: E731
        return eqx.tree_at(where, self, (rotations, margins)), Steps(train, validation)

    def _levels(self, num: int, knots: int) -> Float[np.ndarray, " knots"]:
        """Where the knots of a margin are mapped to, evenly on the normal's own scale."""
        if num <= 2 * self.beyond:
            raise ValueError(f"Expected more than {2 * self.beyond} draws to fit to; got {num}.")
        edge = -ndtri(self.beyond / num)
        return np.linspace(-edge, edge, knots)

    def _layer(
        self,
        rng: np.random.Generator,
        x: Float[Array, "dim n"],
        levels: Float[np.ndarray, " knots"],
    ) -> tuple[Rotations, Margins]:
        """The next layer for the draws `x`."""
        x = np.asarray(x)
        if self.rotation == "pca":
            tried = [_reflections(np.linalg.eigh(np.cov(x, dtype=float))[1].T)]
        else:
            tried = rng.normal(size=(self.candidates, len(x), len(x)))
        found = [_quantiles(vectors, x, levels) for vectors in tried]
        best = int(np.argmax([np.sum((knots - levels) ** 2) for knots in found]))
        heights = np.broadcast_to(levels, found[best].shape)
        return Rotations(tried[best]), Margins.through(found[best], heights)


def _pushed(parts, x: Array, others: Array) -> tuple[Array, Array, Array, Array]:
    """Both sets of draws after a layer, the means of its log |det|, and those of -log N(z; 0, I)."""
    moved = [layer(parts, each) for each in (x, others)]
    normal = Normal(len(x))
    slopes = jnp.stack([jnp.mean(log_det) for _, log_det in moved])
    energies = jnp.stack([-jnp.mean(normal.log_prob(z)) for z, _ in moved])
    return moved[0][0], moved[1][0], slopes, energies


def _gaining(losses: list, patience: int) -> bool:
    """Whether the loss on what is held out was lowered within the last `patience` layers."""
    validation = [held_out for _, held_out in losses]
    return len(validation) <= patience or min(validation[-patience:]) < min(validation[:-patience])


def _quantiles(
    vectors: Float[np.ndarray, "dim dim"],
    x: Float[np.ndarray, "dim n"],
    levels: Float[np.ndarray, " knots"],
) -> Float[np.ndarray, "dim knots"]:
    """Of each margin of the turned draws, at the probabilities of `levels`; ties are parted."""
    turned = _product(vectors).astype(x.dtype) @ x
    found = np.quantile(turned, ndtr(levels), axis=1).T.astype(float)
    return found + LEAST * np.arange(len(levels))


def _product(vectors: Float[np.ndarray, "dim dim"]) -> Float[np.ndarray, "dim dim"]:
    """The matrix of `Rotations(vectors)`."""
    matrix = np.eye(len(vectors))
    for v in vectors:
        matrix -= np.outer(matrix @ v, 2 * v / (v @ v))
    return matrix


def _reflections(matrix: Float[np.ndarray, "dim dim"]) -> Float[np.ndarray, "dim dim"]:
    """Vectors whose reflections multiply to an orthogonal `matrix`, but for the signs of its rows.

    By Householder's factorisation of its transpose, whose triangular factor is then diagonal, 1 or -1.
    """
    factored = dgeqrf(matrix.T)[0]
    return (np.tril(factored, -1).T + np.eye(len(matrix)))[::-1]
