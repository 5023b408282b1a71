"""Classical inversion, for every observation anew. A new method is one file and one line here."""

REFERENCES = {
    "exact": "inversion.references.exact:Exact",
    "rejection": "inversion.references.rejection:Rejection",
    "rejection_box": "inversion.references.rejection:BoxRejection",
    "rejection_kernel": "inversion.references.rejection:KernelRejection",
    "nuts": "inversion.references.nuts:Nuts",
    "smc": "inversion.references.smc:Smc",
}
