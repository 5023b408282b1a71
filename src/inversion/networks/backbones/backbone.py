"""What every backbone offers, and how an estimator's settings name one."""

import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from inversion.networks.backbones import BACKBONES
from inversion.registry import build, resolve

IMAGE_AXES = 3  # of an image: height, width, channel


class AbstractBackbone(eqx.Module):
    """A velocity, a score or a denoiser as a network.

    To write one, give a constructor with keyword-only arguments: `key`, `theta_dim` and `y_shape`, given by the
    estimator, for one of images `image_shape`, given by the task, and its own settings, which become an entry of
    params.yaml.
    """

    @abc.abstractmethod
    def __call__(
        self, z: Float[Array, " dim"], clock: Float[Array, ""], context: Float[Array, "*event"]
    ) -> Float[Array, " dim"]:
        """Of one flat theta; the context is y as the estimator sees it."""


def backbone_of(
    entry: Mapping[str, Any], *, key: PRNGKeyArray, theta_dim: int, y_shape: tuple[int, ...]
) -> AbstractBackbone:
    """The backbone that `kind` names, with the other keys as settings."""
    if not isinstance(entry, Mapping) or "kind" not in entry:
        raise ValueError(
            f"Expected a backbone with a kind among {', '.join(BACKBONES)}; got {entry!r}."
        )
    made = resolve(BACKBONES, entry["kind"])
    of_images = isinstance(made, type) and issubclass(made, AbstractOfImages)
    if of_images and "image_shape" not in entry:
        raise ValueError(
            f"Expected a task whose theta is an image for the backbone {entry['kind']!r}; got another."
        )
    return build(BACKBONES, entry, key=key, theta_dim=theta_dim, y_shape=y_shape)


def with_image_shape(
    network: Mapping[str, Any], image_shape: tuple[int, int, int]
) -> dict[str, Any]:
    """Settings of an estimator whose backbones, also those of the estimators within, are told the shape of theta."""
    told = {}
    for name, value in network.items():
        if isinstance(value, Mapping):
            value = with_image_shape(value, image_shape)
            if name == "backbone":
                value["image_shape"] = image_shape
        told[name] = value
    return told


class AbstractOfImages(AbstractBackbone):
    """A backbone that reads theta as an image of `image_shape`."""

    image_shape: eqx.AbstractVar[tuple[int, int, int]]
