"""A figure whose dots move: an SVG of matplotlib with animated circles (SMIL) laid over it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

POINTS = 72  # an inch of an SVG by matplotlib
RADIUS = 3.4
REST = 0.15  # the share of the time that the dots stay at their ends


class Moving(NamedTuple):
    """Paths over the axes of a figure; a format without motion shows the figure alone."""

    figure: Figure
    axes: Axes
    paths: Float[np.ndarray, "dot step 2"]
    colour: str
    seconds: float

    def savefig(self, path: Path, *, format: str, **settings) -> None:
        self.figure.savefig(path, format=format, **settings)
        if format == "svg":
            text = path.read_text(encoding="utf-8")
            head, end = text[: text.rindex("</svg>")], "</svg>\n"
            path.write_text(
                head + "".join(map(self._circle, self._places())) + end, encoding="utf-8"
            )

    def _places(self) -> Float[np.ndarray, "dot step 2"]:
        """Paths in the units of the SVG, whose y goes down."""
        scale = POINTS / self.figure.dpi
        flat = self.axes.transData.transform(self.paths.reshape(-1, 2)) * scale
        flat[:, 1] = self.figure.get_figheight() * POINTS - flat[:, 1]
        return flat.reshape(self.paths.shape)

    def _circle(self, steps: Float[np.ndarray, "step 2"]) -> str:
        times = np.append(np.linspace(0, 1 - REST, len(steps)), 1.0)
        moves = "".join(
            f'<animate attributeName="{name}" dur="{self.seconds:g}s" repeatCount="indefinite" '
            f'keyTimes="{_list(times, 4)}" values="{_list(np.append(along, along[-1]), 1)}"/>'
            for name, along in zip(("cx", "cy"), steps.T)
        )
        x, y = steps[0]
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" fill="{self.colour}" stroke="white" '
            f'stroke-width="0.8">{moves}</circle>\n'
        )


def _list(values: Float[np.ndarray, " n"], digits: int) -> str:
    return ";".join(f"{value:.{digits}f}" for value in values)
