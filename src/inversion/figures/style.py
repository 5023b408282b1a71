"""How all figures look: one colour and one name for each method, and SVG that is the same bytes every time.

Colours after Okabe and Ito, and Tol, told apart by colour-blind readers; lines carry their names besides.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure


class Look(NamedTuple):
    """A method's name as the report writes it, and its colour."""

    name: str
    colour: str


LOOKS = {
    "exact": Look("exact", "#3b3f45"),
    "flow": Look("flow", "#0072b2"),
    "flow_fresh": Look("flow, fresh noise", "#3fa7dd"),
    "flow_ensemble": Look("flow ensemble", "#005a46"),
    "flow_ensemble_fresh": Look("flow ensemble, fresh noise", "#2ba89a"),
    "flow_original": Look("flow, original", "#44379b"),
    "rejection": Look("rejection, exact", "#d98c00"),
    "rejection_kernel": Look("rejection, kernel", "#8f7400"),
    "rejection_box": Look("rejection, box", "#d55e00"),
    "nuts": Look("NUTS", "#009e73"),
    "latent_nuts": Look("latent NUTS", "#882255"),
    "hqs": Look("splitting (HQS)", "#c9659c"),
}
TASKS = {"two_moons_line": "Two moons, line", "gaussian_linear": "Linear Gaussian"}

WIDTH = 7.5  # inches: 720 px on the page
INK, FAINT, ALARM = "#24292f", "#8a929b", "#fdecea"
MINUS = "\N{MINUS SIGN}"
SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "lines.solid_capstyle": "round",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "inversion",
}


def name_of(method: str) -> str:
    return LOOKS[method].name if method in LOOKS else method


def colour_of(method: str) -> str:
    return LOOKS[method].colour if method in LOOKS else FAINT


def task_name(task: str) -> str:
    return TASKS.get(task, task)


def in_order(methods: set[str]) -> list[str]:
    """Known methods in the order of the table above, then the others by name."""
    return [name for name in LOOKS if name in methods] + sorted(methods - set(LOOKS))


def signed(value: float, digits: int = 0) -> str:
    """A number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def bare(axes: Axes) -> None:
    """No spines, no ticks: the picture alone."""
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])


def draw_to(path: Path, draw: Callable[[], Figure], kind: str = "svg") -> None:
    """Write what `draw` returns. Settings are read when drawing and when writing alike."""
    with rc_context(SETTINGS):
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        draw().savefig(path, format=kind, dpi=200, metadata=metadata)
