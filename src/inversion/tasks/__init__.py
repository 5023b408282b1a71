"""Inverse problems: joint distributions p(theta) p(y | theta). A new one is one file and one line here."""

from collections.abc import Mapping
from typing import Any

from inversion.registry import build

TASKS = {
    "two_moons_line": "inversion.tasks.two_moons_line:TwoMoonsLine",
    "eight_gaussians": "inversion.tasks.eight_gaussians:EightGaussians",
    "gaussian_image": "inversion.tasks.gaussian_image:GaussianImage",
    "random_field": "inversion.tasks.random_field:RandomField",
    "sphere_field": "inversion.tasks.sphere_field:SphereField",
    "digits_denoise": "inversion.tasks.digits:digits_denoise",
    "digits_inpaint": "inversion.tasks.digits:digits_inpaint",
    "digits_deblur": "inversion.tasks.digits:digits_deblur",
    "digits_superresolve": "inversion.tasks.digits:digits_superresolve",
    "gaussian_linear": "inversion.tasks.gaussian_linear:GaussianLinear",
    "two_moons": "inversion.tasks.two_moons:TwoMoons",
    "gaussian_linear_uniform": "inversion.tasks.gaussian_linear_uniform:GaussianLinearUniform",
    "gaussian_mixture": "inversion.tasks.common_mean:CommonMean",
    "slcp": "inversion.tasks.slcp:Slcp",
    "slcp_distractors": "inversion.tasks.slcp_distractors:SlcpDistractors",
    "bernoulli_glm": "inversion.tasks.bernoulli_glm:BernoulliGlm",
    "bernoulli_glm_raw": "inversion.tasks.bernoulli_glm_raw:BernoulliGlmRaw",
    "sir": "inversion.tasks.sir:Sir",
    "lotka_volterra": "inversion.tasks.lotka_volterra:LotkaVolterra",
    "dirichlet_multinomial": "inversion.tasks.dirichlet_multinomial:DirichletMultinomial",
    "witch_hat": "inversion.tasks.witch_hat:WitchHat",
    "normal_gamma": "inversion.tasks.normal_gamma:NormalGamma",
    "gaussian_set": "inversion.tasks.gaussian_set:GaussianSet",
    "stochastic_volatility": "inversion.tasks.stochastic_volatility:StochasticVolatility",
    "cos": "inversion.tasks.cos:Cos",
    "socks": "inversion.tasks.socks:Socks",
    "species_sampling": "inversion.tasks.species_sampling:SpeciesSampling",
    "poisson_gamma": "inversion.tasks.poisson_gamma:PoissonGamma",
    "dirichlet_laplace": "inversion.tasks.dirichlet_laplace:DirichletLaplace",
    "normal_wishart": "inversion.tasks.normal_wishart:NormalWishart",
    "g_and_k": "inversion.tasks.g_and_k:GAndK",
    "lotka_volterra_series": "inversion.tasks.lotka_volterra_series:LotkaVolterraSeries",
    "markov_switching": "inversion.tasks.markov_switching:MarkovSwitching",
    "fractional_brownian": "inversion.tasks.fractional_brownian:FractionalBrownian",
    "minnesota_var": "inversion.tasks.minnesota_var:MinnesotaVar",
    "black_box": "inversion.tasks.black_box:BlackBox",
    "images": "inversion.tasks.images:Images",
    "netcdf": "inversion.tasks.netcdf:NetCDF",
    "dataset": "inversion.tasks.dataset:Dataset",
}


def make_task(entry: Mapping[str, Any]):
    """The task that a params.yaml entry describes."""
    return build(TASKS, entry)
