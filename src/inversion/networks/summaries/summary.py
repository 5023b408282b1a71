"""What a summary network gives to the estimator behind it: a vector of fixed size."""

import abc

import equinox as eqx
from jaxtyping import Array, Float


class AbstractSummary(eqx.Module):
    """s(y) for one observation whose rows may be padded.

    To write one: a constructor with keyword-only arguments, `key` and `y_shape` given by the training command
    and the others its settings in params.yaml. The last column of y is the mask: 1 in a row that was
    observed, 0 in one that pads, where the other columns are 0 too. What pads must not matter. A summary of a vector
    y, as `PointMoments` is, has no mask.
    """

    dim: eqx.AbstractVar[int]  # of the summary

    @abc.abstractmethod
    def __call__(self, y: Float[Array, "rows columns+1"]) -> Float[Array, " dim"]:
        """The summary of one observation."""
