"""A multilayer perceptron for one sample."""

from collections.abc import Callable
from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def mish(x: Array) -> Array:
    """x tanh(softplus(x)) (Misra, 2020) by one exponential: a network of it takes half the time."""
    e = jnp.exp(jnp.minimum(x, 20.0))  # beyond 20 it is x in any precision used here
    square = e * (e + 2)
    return x * square / (square + 2)


ACTIVATIONS = {
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "gelu": jax.nn.gelu,
    "mish": mish,
    "elu": jax.nn.elu,
    "tanh": jnp.tanh,
}


def activation_of(name: str) -> Callable[[Array], Array]:
    """The activation that a setting names."""
    if name not in ACTIVATIONS:
        raise ValueError(f"Expected an activation among {', '.join(ACTIVATIONS)}; got {name!r}.")
    return ACTIVATIONS[name]


class MLP(eqx.Module):
    """`depth` hidden layers of `width`; weights and biases start uniform in +-1/sqrt(fan in)."""

    weights: list[Float[Array, "into out"]]
    biases: list[Float[Array, " out"]]
    activation: str = eqx.field(static=True)

    def __init__(
        self,
        into: int,
        out: int,
        *,
        width: int,
        depth: int,
        activation: str = "relu",
        key: PRNGKeyArray,
    ) -> None:
        activation_of(activation)  # refuses a name that is none
        sizes = [into, *[width] * depth, out]
        shapes = list(pairwise(sizes))
        # One draw for all: a random generator is slow to compile.
        unit = jax.random.uniform(key, (sum(n * m + m for n, m in shapes),), minval=-1.0)
        self.weights, self.biases, start = [], [], 0
        for n, m in shapes:
            bound, middle, stop = max(n, 1) ** -0.5, start + n * m, start + n * m + m
            self.weights.append(bound * unit[start:middle].reshape(n, m))
            self.biases.append(bound * unit[middle:stop])
            start = stop
        self.activation = activation

    def __call__(self, x: Float[Array, " into"]) -> Float[Array, " out"]:
        activation = activation_of(self.activation)
        *hidden, (last_weight, last_bias) = zip(self.weights, self.biases)
        for weight, bias in hidden:
            x = activation(x @ weight + bias)
        return x @ last_weight + last_bias
