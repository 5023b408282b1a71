"""Measured images side by side: truth, measurement, draws, mean and standard deviation, a row for each method."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from inversion.figures.layout import Frame, height_of, panels_in, write
from inversion.figures.study import Study
from inversion.figures.style import FAINT, INK, WIDTH, bare, colour_of, task_name
from inversion.names import TASKS, in_order, method_name
from inversion.tables.images import SHOWN, image_pictures

TITLES = ("truth", "measured", *["draw"] * SHOWN, "mean", "sd")
FRAME = Frame(left=1.75, right=0.1, top=0.5, bottom=0.08, down=0.07)
PANEL = 0.74  # inches


def restorations(study: Study) -> Figure:
    """A block of rows for each task; the standard deviations of a task have one scale."""
    found = image_pictures(study.results, study.params, study.report)
    tasks = in_order({task for task, _ in found}, TASKS)
    blocks = {task: in_order([m for other, m in found if other == task]) for task in tasks}
    heights = {task: height_of(len(methods), PANEL, FRAME) for task, methods in blocks.items()}
    figure = Figure((WIDTH, max(0.5, sum(heights.values()))))
    above, below = 0.0, sum(heights.values())
    for task, methods in blocks.items():
        below -= heights[task]
        write(figure, above + 0.12, task_name(task), 10, INK, "bold")
        frame = FRAME._replace(top=above + FRAME.top, bottom=below + FRAME.bottom)
        places = panels_in(figure, len(methods), 1, frame)
        truth = found[task, methods[0]][0]
        widest = max(found[task, method][-1].max() for method in methods)
        for row, method in enumerate(methods):
            axes = figure.add_subplot(places[row, 0])
            scales = truth.min(), truth.max(), widest
            show_row(axes, found[task, method], scales, TITLES if row == 0 else ())
            look = {"color": colour_of(method), "weight": "bold", "size": 8}
            look |= {"ha": "right", "va": "center", "transform": axes.transAxes}
            axes.text(-0.015, 0.5, _broken(method_name(method)), **look)
        above += heights[task]
    return figure


def show_row(
    axes: Axes,
    shown: Float[np.ndarray, "picture h w c"],
    scales: tuple[float, float, float],
    titles: Sequence[str] = (),
) -> None:
    """Pictures side by side, from the left, as one image, which makes a small file.

    Of `scales` the last is the highest value of the last picture, a standard deviation; the first two are the lowest
    and the highest of the others.
    """
    bare(axes)
    low, high, widest = scales
    height, width = shown.shape[1:3]
    starts = np.arange(len(shown)) * (width + max(1, width // 8))
    row = np.zeros((height, starts[-1] + width, 4))  # between the pictures nothing
    for start, picture in zip(starts[:-1], shown[:-1], strict=True):
        row[:, start : start + width] = _coloured(picture, low, high)
    row[:, starts[-1] :] = _coloured(shown[-1], 0.0, widest)
    axes.imshow(row, interpolation="none")
    axes.set_anchor("W")
    for start, title in zip(starts, titles, strict=False):
        place = start + (width - 1) / 2, -0.5
        look = {"size": 8, "ha": "center", "va": "bottom", "textcoords": "offset points"}
        axes.annotate(title, place, (0, 3), **look)


def _coloured(
    picture: Float[np.ndarray, "h w c"], low: float, high: float
) -> Float[np.ndarray, "h w 4"]:
    """Grey for one channel, colours for three; what is hidden is a pale colour of the frame."""
    scaled = np.clip((picture - low) / max(high - low, 1e-6), 0, 1)
    colours = np.ones((*picture.shape[:2], 4))
    colours[..., :3] = np.where(np.isnan(scaled), to_rgb(FAINT), scaled)
    return colours


def _broken(name: str, most: int = 22) -> str:
    """A long name in two lines."""
    if len(name) <= most or " " not in name:
        return name
    place = min((i for i, c in enumerate(name) if c == " "), key=lambda i: abs(i - len(name) / 2))
    return f"{name[:place]}\n{name[place + 1 :]}"
