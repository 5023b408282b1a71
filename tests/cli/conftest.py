"""Verbs that run in this process leave JAX as they found it."""

import jax
import pytest


@pytest.fixture(autouse=True)
def _single_precision_again():
    yield
    jax.config.update("jax_enable_x64", False)
