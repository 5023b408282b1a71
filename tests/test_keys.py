"""Keys from names: the same for the same names, and no accidental meeting of two."""

import jax
import pytest

from inversion.keys import key_for


def bits(*names):
    return tuple(jax.random.key_data(key_for(*names)).tolist())


def test_same_names_same_key():
    assert bits(0, "train", "two_moons_line", 6000) == bits(0, "train", "two_moons_line", 6000)


@pytest.mark.parametrize(
    "other", [(1, "a", "b"), (0, "b", "a"), (0, "ab"), (0, "a", "b", ""), (0, "a")]
)
def test_other_names_other_key(other):
    assert bits(0, "a", "b") != bits(*other)
