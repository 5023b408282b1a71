"""How far an observation lies from what was simulated: the distance to its NEIGHBOURS-th nearest simulated one.

Distances are taken in the estimator's own features, made round by their covariance over the simulations: a direction
in which simulations hardly differ counts as much as any other, and it is there that a misspecified observation stands
out (Schmitt, Buerkner, Koethe and Radev, 2023, look for misspecification in the summaries as well). The nearest
neighbours follow a cloud of any shape, where a Mahalanobis distance takes it for a Gaussian.
"""

import numpy as np
from jaxtyping import Float

NEIGHBOURS = 20
FLAT = 1e-6  # of the largest variance: below it, differences are rounding
AT_ONCE = 500


class Map:
    """Simulated observations, as features; at least NEIGHBOURS + 1 of them."""

    def __init__(self, simulated: Float[np.ndarray, "n features"]) -> None:
        if len(simulated) <= NEIGHBOURS:
            raise ValueError(
                f"Expected more than {NEIGHBOURS} simulated observations; got {len(simulated)}."
            )
        self.mean = simulated.mean(axis=0, dtype=np.float64)
        centred = simulated - self.mean
        variances, axes = np.linalg.eigh(centred.T @ centred / len(simulated))
        floor = max(FLAT * variances[-1], np.finfo(np.float64).tiny)
        self.root = axes / np.sqrt(np.maximum(variances, floor))
        self.places = centred @ self.root

    def distance(self, features: Float[np.ndarray, "m features"]) -> Float[np.ndarray, " m"]:
        """To the NEIGHBOURS-th nearest simulated observation; inf where a feature is not finite."""
        places = (features.astype(np.float64) - self.mean) @ self.root
        distances = np.full(len(places), np.inf)
        finite = np.isfinite(places).all(axis=1).nonzero()[0]
        norms = np.sum(self.places**2, axis=1)
        for at in np.array_split(finite, max(1, -(-len(finite) // AT_ONCE))):
            square = norms - 2 * places[at] @ self.places.T
            nearest = np.partition(square, NEIGHBOURS - 1, axis=1)[:, NEIGHBOURS - 1]
            own = np.sum(places[at] ** 2, axis=1)
            distances[at] = np.sqrt(np.maximum(nearest + own, 0.0))
        return distances
