"""What an estimator sees of an observation: its summary where it learned one, else y itself, standardised."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from inversion.estimators.summarised import AbstractSummarised
from inversion.estimators.trained import Trained


def features(model: Trained, y: Float[Array, "*event"]) -> Float[Array, " features"]:
    """Of one observation."""
    seen = model.standardisation.y_in(y)
    if isinstance(model.estimator, AbstractSummarised):
        seen = model.estimator.summary(seen)
    return jnp.ravel(seen)
