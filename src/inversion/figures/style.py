"""How all figures look: one colour and one name for each method, and SVG that is the same bytes every time.

Colours after Okabe and Ito, and Tol, told apart by colour-blind readers; lines carry their names besides.
"""

from collections.abc import Callable
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inversion.names import TASKS

COLOURS = {
    "exact": "#3b3f45",
    "flow": "#0072b2",
    "flow+is": "#66b2e8",
    "flow+smc": "#00344f",
    "flow_fresh": "#3fa7dd",
    "flow_ensemble": "#005a46",
    "flow_ensemble_fresh": "#2ba89a",
    "flow_ensemble_affine": "#e07b00",
    "flow_ensemble_affine_light": "#ffb347",
    "flow_ensemble_affine_wide": "#a85c00",
    "flow_original": "#44379b",
    "flow_set_transformer": "#1b4f9c",
    "flow_moments": "#2e7fb0",
    "flow_recurrent": "#4a6fa5",
    "flow_time_transformer": "#8fa9d0",
    "autoregressive": "#56b4e9",
    "autoregressive_ensemble": "#d62f7f",
    "cnf": "#7a8fb8",
    "flow_matching": "#b5446e",
    "flow_matching_ot": "#e39ab5",
    "flow_matching_cot": "#7d2e4d",
    "flow_matching_unet": "#cf6f92",
    "diffusion": "#6a3d9a",
    "diffusion_sde": "#9c7bc4",
    "diffusion_velocity": "#4b2a70",
    "diffusion_noise": "#c7b3de",
    "diffusion_unet": "#8458b3",
    "cdiff": "#8a2be2",
    "cdiff_multistep": "#5b1e96",
    "consistency": "#a6761d",
    "consistency_multistep": "#c79a4b",
    "consistency_stable": "#66490f",
    "consistency_stable_multistep": "#8f6f2e",
    "consistency_unet": "#b58a3c",
    "gaussian_head": "#5f8a3a",
    "gaussian_ensemble": "#7fb04d",
    "mixture_head": "#2f5d1e",
    "quantiles": "#9bbf72",
    "composed": "#1f6f78",
    "aps": "#9c2c77",
    "aps_known": "#c45aa0",
    "aps_exact": "#e093c6",
    "aps_original": "#5e1a47",
    "aps_image": "#b0748f",
    "dps": "#6b5b1e",
    "dps_image": "#857339",
    "pigdm": "#a89232",
    "pigdm_image": "#c4ae55",
    "diffpir": "#d9c65b",
    "diffpir_image": "#a8902a",
    "annealed_langevin": "#3d3a12",
    "annealed_langevin_image": "#5c5920",
    "latent_nuts_image": "#2c6e6a",
    "latent_nuts_vae_image": "#4f8a5b",
    "hqs": "#c9659c",
    "hqs_latent": "#dd9ac0",
    "admm": "#a8326f",
    "admm_weak": "#e3b7d1",
    "admm_latent": "#c0539a",
    "admm_proximal": "#6d1145",
    "flow+admm": "#3d6fb8",
    "ascent": "#b08bd0",
    "ascent_mean": "#cdb8e0",
    "langevin": "#c7522a",
    "langevin_latent": "#e08a6a",
    "mala": "#8c2f10",
    "mala_latent": "#b0603f",
    "flow+mala_5": "#5aa0d8",
    "flow+mala_50": "#1f6fae",
    "latent_nuts": "#882255",
    "latent_nuts_jumps": "#a3003f",
    "latent_smc": "#5b2a86",
    "nuts": "#009e73",
    "smc": "#4f7f1c",
    "rejection": "#d98c00",
    "rejection_kernel": "#8f7400",
    "rejection_box": "#d55e00",
}
# Of the learned priors that the plane of theta shows; no figure holds these and methods both.
PRIOR_COLOURS = {
    "flow_prior": "#0072b2",
    "autoregressive_prior": "#56b4e9",
    "gaussianization": "#009e73",
    "iterative_gaussianization": "#5f8a3a",
    "vae": "#d55e00",
    "vae_gaussian": "#a6761d",
}

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


def colour_of(method: str) -> str:
    return (COLOURS | PRIOR_COLOURS).get(method, FAINT)


def task_name(task: str) -> str:
    name = TASKS.get(task, task)
    return name[0].upper() + name[1:]


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
