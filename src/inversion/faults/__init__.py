"""Planted faults: exact posteriors made wrong in a known way, to show which diagnostic sees what.

A new fault is one file and one line here.
"""

FAULTS: dict[str, str] = {
    "exact": "inversion.faults.exact:Exact",
    "affine": "inversion.faults.affine:Affine",
    "prior": "inversion.faults.prior:Prior",
    "correlated": "inversion.faults.correlated:Correlated",
    "missing_mode": "inversion.faults.missing_mode:MissingMode",
    "coarse": "inversion.faults.coarse:Coarse",
}
