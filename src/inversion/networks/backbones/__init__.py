"""Networks f(z, clock, context) of a noised theta, a time and a condition. A new one is one file and one line here.

`backbone:` among an estimator's `network:` settings in params.yaml names one, with its settings.
"""

BACKBONES = {
    "mlp": "inversion.networks.backbones.mlp:MLPBackbone",
    "residual_uvit": "inversion.networks.backbones.residual_uvit:ResidualUViT",
    "unet": "inversion.networks.backbones.unet:UNet",
    "uvit": "inversion.networks.backbones.uvit:UViT",
}
