"""A trained model with other settings: a solver, its steps or its tolerance need no training of their own."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax

from inversion.estimators.trained import Trained, TrainedPoints, estimator_like, trained


def redrawn(
    model: Trained | TrainedPoints, header: Mapping[str, Any], network: Mapping[str, Any]
) -> Trained | TrainedPoints:
    """The weights of `model`, read from a file with `header`, in an estimator whose settings `network` changes.

    Raises ValueError if the estimator would not be of the same kind of weights.
    """
    maps = model.standardisation
    like = estimator_like(maps.task, header, {**header["network"], **network})
    weights, others = eqx.partition(like, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))
    ours = eqx.filter(model.estimator, eqx.is_array)
    shapes, structure = jax.tree.flatten(weights)
    leaves = jax.tree.leaves(ours)
    if [leaf.shape for leaf in shapes] != [leaf.shape for leaf in leaves]:
        raise ValueError(
            f"Expected settings that leave the {len(leaves)} arrays of weights as they are; got {dict(network)}."
        )
    return trained(eqx.combine(jax.tree.unflatten(structure, leaves), others), maps)
