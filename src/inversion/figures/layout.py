"""Panels at places counted in inches.

matplotlib's constrained layout solves for the places, and its last bit differs from one process to the next: enough
for other names inside an SVG, so another file.
"""

from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.text import Text


class Frame(NamedTuple):
    """Space around the panels, and between them, in inches."""

    left: float
    right: float
    top: float
    bottom: float
    across: float = 0.0
    down: float = 0.0


def height_of(rows: int, panel: float, frame: Frame) -> float:
    """Height in inches of a figure with `rows` panels `panel` inches high."""
    return frame.top + rows * panel + (rows - 1) * frame.down + frame.bottom


def panels_in(figure: Figure, rows: int, columns: int, frame: Frame) -> GridSpec:
    """The places of the panels: all of the figure within its frame."""
    width, height = figure.get_size_inches()
    panel_width = (width - frame.left - frame.right - (columns - 1) * frame.across) / columns
    panel_height = (height - frame.top - frame.bottom - (rows - 1) * frame.down) / rows
    return figure.add_gridspec(
        rows,
        columns,
        left=frame.left / width,
        right=1 - frame.right / width,
        top=1 - frame.top / height,
        bottom=frame.bottom / height,
        wspace=frame.across / panel_width,
        hspace=frame.down / panel_height,
    )


def write(
    figure: Figure, down: float, text: str, size: float, colour: str, weight: str = "normal"
) -> Text:
    """A line of text at the left edge, its middle `down` inches below the top."""
    height = figure.get_figheight()
    look = {"size": size, "color": colour, "weight": weight, "va": "center"}
    return figure.text(0.01, 1 - down / height, text, **look)
