"""Inversion by a learned prior, for every observation anew. A new method is one file and one line here."""

REFINEMENTS = {
    "hqs": "inversion.refinements.splitting:HalfQuadraticSplitting",
    "latent_nuts": "inversion.refinements.latent_nuts:LatentNuts",
}
