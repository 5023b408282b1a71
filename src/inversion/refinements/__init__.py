"""Inversion that starts from something learned, for every observation anew: by a learned prior, or from an amortised
posterior that is corrected. A new method is one file and one line here.
"""

REFINEMENTS = {
    "annealed_langevin": "inversion.refinements.annealed_langevin:AnnealedLangevin",
    "diffpir": "inversion.refinements.diffpir:DiffPir",
    "dps": "inversion.refinements.dps:Dps",
    "pigdm": "inversion.refinements.pigdm:Pigdm",
    "importance": "inversion.refinements.importance:Importance",
    "tempered": "inversion.refinements.tempered:Tempered",
    "hqs": "inversion.refinements.splitting:HalfQuadraticSplitting",
    "admm": "inversion.refinements.splitting:Admm",
    "ascent": "inversion.refinements.ascent:Ascent",
    "langevin": "inversion.refinements.langevin:Langevin",
    "latent_nuts": "inversion.refinements.latent_nuts:LatentNuts",
    "latent_smc": "inversion.refinements.latent_smc:LatentSmc",
}
