"""`Config` and the `LPVAE` that ties encoder, prior and decoder together."""

from dataclasses import asdict, dataclass, fields

import torch
from torch import Tensor, nn

from lpvae.costs import Costs
from lpvae.decoders import AutoregressiveDecoder, FactorisedDecoder
from lpvae.distributions import kl, posterior
from lpvae.errors import UserError
from lpvae.networks import Encoder
from lpvae.priors import GlobalPrior, LocalPrior, VampPrior

PRIORS = ("global", "vamp", "local")
DECODERS = ("factorised", "autoregressive")


@dataclass(frozen=True)
class Config:
    """Everything that `build` needs to make a model; two models of one config differ by their weights alone."""

    side: int = 28
    code_dim: int = 16
    prior: str = "local"
    decoder: str = "autoregressive"
    neighbours: int = 5  # K: the prior is fed one of the K nearest codes
    encoder_channels: int = 64
    decoder_channels: int = 64
    dilations: tuple[int, ...] = (1, 1, 1, 1, 1)  # one autoregressive layer each
    prior_hidden: tuple[int, ...] = (256, 256, 256)  # of the local prior's network; () = no network, N(ĉ, s²)
    prior_components: int = 1
    pseudo_inputs: int = 500  # of the vamp prior

    def __post_init__(self):
        if self.prior not in PRIORS:
            raise UserError(f"there is no prior {self.prior!r}: choose one of {', '.join(PRIORS)}.")
        if self.decoder not in DECODERS:
            raise UserError(f"there is no decoder {self.decoder!r}: choose one of {', '.join(DECODERS)}.")
        for name in ("side", "code_dim", "neighbours", "encoder_channels", "decoder_channels", "prior_components", "pseudo_inputs"):
            least = 2 if name.endswith("channels") else 1  # some layers have half as many
            if not (isinstance(getattr(self, name), int) and least <= getattr(self, name) <= 4096):
                raise UserError(
                    f"the config's {name} must be a whole number from {least} to 4096, not {getattr(self, name)!r}.")
        for name in ("dilations", "prior_hidden"):
            values = getattr(self, name)
            fewest = 0 if name == "prior_hidden" else 1
            if not (fewest <= len(values) <= 64 and all(isinstance(v, int) and 1 <= v <= 4096 for v in values)):
                raise UserError(f"the config's {name} must be a list of whole numbers from 1 to 4096, not {values!r}.")
        if self.decoder == "autoregressive" and self.side % 2:
            raise UserError(
                f"the autoregressive decoder sends 2×2 blocks, so a side of {self.side} pixels does not fit: pad the"
                f" images to {self.side + 1} pixels, or use the factorised decoder."
            )

    def to_dict(self) -> dict:
        """Plain lists and numbers, for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict) -> "Config":
        """The inverse of `to_dict`. An unknown key raises UserError."""
        return from_dict(cls, values)


def from_dict(cls, values: dict):
    """A frozen dataclass from a dict read from JSON; lists become tuples, and an unknown key raises UserError."""
    if not isinstance(values, dict):
        raise UserError(f"the config must be keys and values, not {values!r}.")
    known = {f.name for f in fields(cls)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise UserError(f"the config has the unknown key {unknown[0]!r}: its keys are {', '.join(sorted(known))}.")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    for field in fields(cls):
        value = values.get(field.name, field.default)
        kind = (int, float) if isinstance(field.default, float) else type(field.default)
        if not isinstance(value, kind) or isinstance(value, bool) != isinstance(field.default, bool):
            raise UserError(f"the config's {field.name} cannot be {value!r}: its default is {field.default!r}.")
    return cls(**values)


class LPVAE(nn.Module):
    """Encoder, prior and decoder. q(z|x) = N(encode(x), I); p(z|ĉ) = prior(ĉ); p(x|z) = decoder(z)."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.side, config.code_dim, config.encoder_channels)
        if config.prior == "local":
            self.prior = LocalPrior(config.code_dim, config.prior_hidden, config.prior_components)
        elif config.prior == "vamp":
            self.prior = VampPrior(config.side, config.pseudo_inputs, self.encode)
        else:
            self.prior = GlobalPrior()
        if config.decoder == "autoregressive":
            self.decoder = AutoregressiveDecoder(config.side, config.code_dim, config.decoder_channels, config.dilations)
        else:
            self.decoder = FactorisedDecoder(config.side, config.code_dim, config.decoder_channels)

    def encode(self, x: Tensor) -> Tensor:
        """Bits (B, S, S) → codes c (B, D), the means of q(z|x)."""
        return self.encoder(x[:, None].float())

    def compile_networks(self) -> None:
        """The encoder and the decoder's parallel pass by torch.compile, in place; the weights stay as they are."""
        self.encoder.compile()
        if isinstance(self.decoder, AutoregressiveDecoder):
            self.decoder._parallel = torch.compile(self.decoder._parallel)

    def costs(self, x: Tensor, code: Tensor, neighbour: Tensor, noise: Tensor) -> Costs:
        """The training loss of each image, in nats: KL(q(z|x) ‖ p(z|ĉ)) − log p(x|z), with z = c + noise.

        x (B, S, S) bits; code = encode(x), neighbour ĉ and noise ~ N(0, I), each (B, D). Protocol: `free_neighbour`
        with one neighbour drawn of the K (nobody tells the receiver which), or `global`.
        """
        q = posterior(code)
        z = code + noise
        latents = kl(q, self.prior(neighbour), z)
        pixels = -self.decoder(z).log_prob(x)
        return Costs(torch.zeros_like(latents), latents, pixels)


def build(config: Config, seed: int = 0) -> LPVAE:
    """A model with freshly drawn weights: the same config and seed give the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LPVAE(config).to(memory_format=torch.channels_last)
