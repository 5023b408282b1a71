"""A diffusion model of single observations composed over many, against the conjugate posterior."""

from inversion.report.results import Results, pipe_table

FORMS = {
    "jacobian": "corrected by Jacobians",
    "bridge": "Langevin steps along the bridge",
    "sum": "plain sum of scores",
}
WITHIN = 0.1  # of the exact variance


def composition(results: Results) -> str:
    """What `benchmarks/composition.py` measured; bold where the variance is right within what was asked."""
    rows = []
    for row in results.composition.itertuples():
        ratio = f"{row.variance_ratio:.3f}"
        kept = abs(row.variance_ratio - 1) <= WITHIN
        rows.append(
            [
                FORMS.get(row.form, row.form),
                str(row.observations),
                f"1 ± {WITHIN:g}",
                f"**{ratio}**" if kept else ratio,
                f"{row.low:.3f} to {row.high:.3f}",
                f"{row.mean_error:.2f}",
            ]
        )
    header = ["Form", "Observations", "Asked", "Variance over the exact one"]
    return pipe_table([*header, "Smallest and largest", "Largest error of a mean, sd"], rows)
