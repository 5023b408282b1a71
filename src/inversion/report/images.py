"""The tables of the page on images: what was asked beside what was measured, and every method's scores."""

from collections.abc import Iterator
from functools import partial
from operator import attrgetter

import pandas as pd

from inversion.grid import RESTORATIONS
from inversion.names import in_order
from inversion.report import distilled
from inversion.report.formats import MINUS, MISSING, format_number
from inversion.report.results import Results, method_name, pipe_table, task_name
from inversion.tables.images import CALLS, DRAW, TRAIN

HELD_OUT, SEEN = RESTORATIONS
IMAGES = (
    "gaussian_image", "gaussian_image_16", "gaussian_image_32", "random_field", "random_field_blur",
    "digits_denoise", "digits_inpaint", "digits_deblur", "digits_superresolve", "sphere_field", "sphere_field_orbit",
)  # fmt: skip
OPERATORS = tuple(task for task in IMAGES if task.startswith("digits"))
ONE_PASS, PRIOR, SLOWEST = "aps_image", "diffusion_prior", "dps_image"
BASELINES = (SLOWEST, "pigdm_image", "diffpir_image", "annealed_langevin_image")
# Each by one draw and by the mean of all.
LIKENESSES = {"psnr": "PSNR, dB", "ssim": "SSIM", "perceptual": "Contrast distance"}
CALIBRATION = {
    "coverage_90": "Pixels in 90 %", "coverage_90_low": "Coarse patterns in 90 %",
    "projection_ks": "KS of projections", "spread": "Sd",
}  # fmt: skip
EXACT = {
    "c2st": "C2ST", "spread_error": "Sd, error", "mean_error": "Mean, error", "rmse_error": "RMSE, error",
    "band_error": "Worst band",
}  # fmt: skip
COST = {DRAW: "A draw, CPU", CALLS: "Passes a draw", TRAIN: "Training, CPU"}
PERCENT = {"coverage_90", "coverage_90_low", *EXACT} - {"c2st"}
WRITERS = {"gaussian": "A Gaussian", "image_prior_mlp": "Perceptron", "image_prior": "U-Net"}
SHARED, GAIN_SE = "psnr_mean_shared", "psnr_gain_se"


def images_table(results: Results, task: str) -> str:
    """A row for each method; a column for each score that any has. One draw and the mean of all stand apart.

    Where methods restore more images than others, PSNR of the mean stands besides over those that all restore.
    """
    means = _means(results, task, HELD_OUT)
    made = {score for _, score in means.index}
    scored = _methods(means, "psnr_mean", SHARED)
    uneven = any(means[method, "psnr_mean"] != means[method, SHARED] for method in scored)
    likenesses = {name: title for name, title in LIKENESSES.items() if f"{name}_1" in made}
    others = {name: title for name, title in (CALIBRATION | EXACT | COST).items() if name in made}
    rows = []
    for method in in_order({method for method, _ in means.index}):
        pairs = (
            _told(f"{name}_{which}", means.get((method, f"{name}_{which}")))
            for name in likenesses
            for which in ("1", "mean")
        )
        rows.append(
            [
                method_name(method),
                *([_told(SHARED, means.get((method, SHARED)))] if uneven else []),
                *pairs,
                *(_told(name, means.get((method, name))) for name in others),
            ]
        )
    titles = [f"{title}, {which}" for title in likenesses.values() for which in ("1", "mean")]
    shared = ["PSNR, dB, mean, images of all"] if uneven else []
    return pipe_table(["Method", *shared, *titles, *others.values()], rows)


def images_targets(results: Results) -> str:
    """What was asked, what was reached and by which method; what was not measured has no row."""
    rows = [
        row
        for rows in (_exact, _field, _modes, _calibrated, _gaps, _speed, _training)
        for row in rows(results)
    ]
    header = ["What", "Asked", "Measured", "By"]
    return pipe_table(header, [[*row] for row in rows], text_columns=1)


def images_writers(results: Results) -> str:
    """What `benchmarks/writers.py` measured: PSNR of posterior means, on images seen or not, of known hands or not."""
    groups = {
        "seen": "Seen",
        "same_hands": "Unseen, of these hands",
        "validation": "Validation",
        "test": "Test",
    }
    rows = []
    for row in sorted(results.writers.itertuples(), key=attrgetter("task")):
        scores = (_told("psnr", getattr(row, group)) for group in groups)
        made = (f"{row.warp:g}", f"{row.steps:,}") if row.steps else (MISSING, MISSING)
        told = task_name(row.task), WRITERS[row.prior], *made
        rows.append([*told, *scores, row.date, row.machine])
    header = ["Problem", "Prior", "Warp", "Steps", *groups.values(), "Measured", "Processor"]
    return pipe_table(header, rows, text_columns=2)


def _exact(results: Results) -> Iterator[tuple[str, ...]]:
    """Error of the mean and spread on white images: the method whose worse one is the least."""
    for task in ("gaussian_image", "gaussian_image_16", "gaussian_image_32"):
        means = _means(results, task, HELD_OUT)
        asked = "≤ 3 %" if task == "gaussian_image" else "told"
        worst = {
            method: max(abs(means[method, "rmse_error"]), abs(means[method, "spread_error"]))
            for method in _methods(means, "rmse_error", "spread_error")
        }
        if worst:
            best = min(worst, key=worst.get)
            name = task_name(task)
            for score, what in (("rmse_error", "RMSE of the mean"), ("spread_error", "sd")):
                yield _row(f"{name}: {what}, error", asked, score, means[best, score], best)


def _field(results: Results) -> Iterator[tuple[str, ...]]:
    for task in ("random_field", "random_field_blur"):
        means = _means(results, task, HELD_OUT)
        if methods := _methods(means, "band_error"):
            best = min(methods, key=lambda method: means[method, "band_error"])
            what = f"{task_name(task)}: posterior power, worst band"
            yield _row(what, "≤ 5 %", "band_error", means[best, "band_error"], best)


def _modes(results: Results) -> Iterator[tuple[str, ...]]:
    """At y = 0, which lies in the middle of the observations."""
    middle = len(results.observations_of(distilled.TASK)) // 2
    for method, prior in distilled.ONE_PASS.items():
        value = distilled.value_of(results, method, distilled.DISTANCE, str(middle))
        if value is not None:
            what = f"{task_name(distilled.TASK)}, y = 0, {prior}: total variation of the four segments' masses"
            told = format_number(distilled.DISTANCE, value)
            yield what, f"≤ {distilled.ASKED:.2f}", told, method_name(method)


def _calibrated(results: Results) -> Iterator[tuple[str, ...]]:
    for task in OPERATORS:
        means = _means(results, task, HELD_OUT)
        if methods := _methods(means, "coverage_90"):
            best = min(methods, key=lambda method: abs(means[method, "coverage_90"] - 0.9))
            what = f"{task_name(task)}: pixels in their 90 % intervals"
            yield _row(what, "87 to 93 %", "coverage_90", means[best, "coverage_90"], best)


def _gaps(results: Results) -> Iterator[tuple[str, ...]]:
    """PSNR on images that the training saw above that on images that it did not: of one pass, or the largest."""
    for task in OPERATORS:
        seen, unseen = _means(results, task, SEEN), _means(results, task, HELD_OUT)
        gaps = {
            method: seen[method, "psnr_mean"] - unseen[method, "psnr_mean"]
            for method in set(_methods(seen, "psnr_mean")) & set(_methods(unseen, "psnr_mean"))
        }
        if gaps:
            method = ONE_PASS if ONE_PASS in gaps else max(gaps, key=gaps.get)
            what = f"{task_name(task)}: PSNR on images seen above unseen ones"
            yield (
                what,
                "≤ 0.2 dB",
                f"{gaps[method]:.2f} dB".replace("-", MINUS),
                method_name(method),
            )


def _speed(results: Results) -> Iterator[tuple[str, ...]]:
    """One pass against iterations under the same prior, by PSNR on the images that both restore."""
    for task in OPERATORS:
        means = _means(results, task, HELD_OUT)
        methods = _methods(means, DRAW, SHARED)
        if ONE_PASS not in methods:
            continue
        ours, asked = means[ONE_PASS, DRAW], task == "digits_denoise"
        reached = means[ONE_PASS, SHARED]
        near = [
            method for method in BASELINES
            if method in methods and abs(means[method, SHARED] - reached) <= 0.5
        ]  # fmt: skip
        if SLOWEST in methods:
            times = f"{means[SLOWEST, DRAW] / ours:,.0f} times"
            what = f"{task_name(task)}: a draw, faster than {method_name(SLOWEST)}"
            yield what, "≥ 1,000 times" if asked else "told", times, method_name(ONE_PASS)
            gain = f"{reached - means[SLOWEST, SHARED]:.2f}".replace("-", MINUS)
            if (ONE_PASS, GAIN_SE) in means.index:
                gain = f"{gain} ± {means[ONE_PASS, GAIN_SE]:.2f}"
            what = f"{task_name(task)}: PSNR of the mean above {method_name(SLOWEST)}"
            yield what, "≥ 0 dB" if asked else "told", f"{gain} dB", method_name(ONE_PASS)
        if near:
            fastest = min(near, key=lambda method: means[method, DRAW])
            times = f"{means[fastest, DRAW] / ours:,.0f} times"
            what = f"{task_name(task)}: a draw, faster than the fastest within 0.5 dB, {method_name(fastest)}"
            yield what, "≥ 20 times" if asked else "told", times, method_name(ONE_PASS)


def _training(results: Results) -> Iterator[tuple[str, ...]]:
    """Of the prior, which a baseline's training is, and of the one pass beyond it."""
    means = _means(results, "digits_denoise", HELD_OUT)
    prior = next((means[m, TRAIN] for m in BASELINES if (m, TRAIN) in means.index), None)
    if prior is None:
        return
    yield (
        "Digits: training of the diffusion prior",
        "≤ 5 min",
        format_number(TRAIN, prior),
        method_name(PRIOR),
    )
    if (ONE_PASS, TRAIN) in means.index:
        more = format_number(TRAIN, means[ONE_PASS, TRAIN] - prior)
        yield "Digits: training of one pass beyond it", "≤ 5 min", more, method_name(ONE_PASS)


def _means(results: Results, task: str, panel: str) -> pd.Series:
    """By method and score, over seeds, at the largest budget of each method."""
    rows = results.images
    rows = rows[(rows["task"] == task) & (rows["panel"] == panel)]
    largest = rows.groupby("method")["budget"].transform("max")
    return rows[rows["budget"] == largest].groupby(["method", "score"])["value"].mean()


def _methods(means: pd.Series, *scores: str) -> list[str]:
    """Those but the exact one that have all of these scores."""
    names = dict.fromkeys(method for method, _ in means.index if method != "exact")
    return [name for name in names if all((name, score) in means.index for score in scores)]


def _row(what: str, asked: str, score: str, value: float, method: str) -> tuple[str, ...]:
    return what, asked, _told(score, value), method_name(method)


def _told(score: str, value: float | None) -> str:
    if value is None or pd.isna(value):
        return MISSING
    if score in PERCENT:
        return f"{100 * value:.1f} %".replace("-", MINUS)
    if score.startswith("psnr"):
        return f"{value:.2f}".replace("-", MINUS)
    return format_number(score, value)


IMAGE_TABLES = {
    "images_targets": images_targets,
    "images_writers": images_writers,
    "images_distilled": distilled.distilled,
    "images_distilled_eight": partial(distilled.distilled, task="eight_gaussians"),
} | {f"images_{task}": partial(images_table, task=task) for task in IMAGES}
