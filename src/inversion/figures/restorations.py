"""Measured images side by side: truth, measurement, draws, mean and standard deviation, a row for each method."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inversion.figures.layout import Frame, height_of, panels_in, write
from inversion.figures.study import Study
from inversion.figures.style import FAINT, INK, WIDTH, bare, colour_of, task_name
from inversion.names import TASKS, in_order, method_name
from inversion.tables.images import SHOWN, image_pictures

TITLES = ("truth", "measured", *["draw"] * SHOWN, "mean", "sd")
FRAME = Frame(left=1.75, right=0.1, top=0.5, bottom=0.08, across=0.07, down=0.07)
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
        places = panels_in(figure, len(methods), len(TITLES), frame)
        truth = found[task, methods[0]][0]
        widest = max(found[task, method][-1].max() for method in methods)
        for row, method in enumerate(methods):
            for column, picture in enumerate(found[task, method]):
                axes = figure.add_subplot(places[row, column])
                last = column == len(TITLES) - 1
                show_picture(
                    axes, picture, 0.0 if last else truth.min(), widest if last else truth.max()
                )
                if row == 0:
                    axes.set_title(TITLES[column], size=8, pad=3)
                if column == 0:
                    look = {"color": colour_of(method), "weight": "bold", "size": 8}
                    look |= {"ha": "right", "va": "center", "transform": axes.transAxes}
                    axes.text(-0.12, 0.5, _broken(method_name(method)), **look)
        above += heights[task]
    return figure


def show_picture(axes: Axes, picture: Float[np.ndarray, "h w c"], low: float, high: float) -> None:
    """Grey for one channel; what is hidden is a pale colour of the frame."""
    bare(axes)
    axes.set_facecolor(FAINT)
    if picture.shape[2] == 1:
        axes.imshow(
            picture[..., 0], cmap="gray", vmin=low, vmax=max(high, low + 1e-6), interpolation="none"
        )
    else:
        scaled = np.clip((picture - low) / max(high - low, 1e-6), 0, 1)
        axes.imshow(np.nan_to_num(scaled, nan=0.5), interpolation="none")


def _broken(name: str, most: int = 22) -> str:
    """A long name in two lines."""
    if len(name) <= most or " " not in name:
        return name
    place = min((i for i, c in enumerate(name) if c == " "), key=lambda i: abs(i - len(name) / 2))
    return f"{name[:place]}\n{name[place + 1 :]}"
