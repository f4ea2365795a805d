"""What a model is, in words: a short title and one line, both from its config and its training, never from its folder's name.

No streamlit. A folder's name stays what addresses and files speak of.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lpvae import bundle as bundles
from lpvae.errors import UserError
from lpvae.model import Config

PRIORS = {"global": "Global prior", "vamp": "Global mixture prior", "local": "Local prior"}


@dataclass(frozen=True)
class Naming:
    """title: a few words, which other models may share; line: what sets the model apart."""

    title: str
    line: str


def read(path: Path) -> Naming:
    """The words for a bundle; its folder's name where its bundle.json says nothing that can be read."""
    try:
        meta = json.loads((path / bundles.META).read_text("utf-8"))
        config, training = Config.from_dict(meta["config"]), meta["training"]
        how = {"free_bits": float(training.get("free_bits", 0)), "by_mixture": training.get("latent_cost") == "mixture"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UserError):
        return Naming(path.name, "")
    return Naming(title(config, **how), line(config, **how))


def distinct(namings: dict[str, Naming]) -> dict[str, Naming]:
    """By folder name; where several models have one title, each one's folder is added to it."""
    shared = Counter(naming.title for naming in namings.values())
    return {name: Naming(f"{found.title} ({name})", found.line) if shared[found.title] > 1 and found.title != name else found
            for name, found in namings.items()}  # fmt: skip


def title(config: Config, free_bits: float = 0.0, by_mixture: bool = False) -> str:
    """For example "Local prior, autoregressive, wide".

    free_bits: nats a dimension that the training did not charge; by_mixture: it charged the cost of all codes.
    """
    local = config.prior == "local"
    prior = "Local mixture prior" if local and config.prior_components > 1 else PRIORS[config.prior]
    parts = [prior, config.decoder]
    if is_wide(config):
        parts.append("wide")
    if local and not config.prior_hidden:
        parts.append("no prior network")
    if free_bits > 0:
        parts.append("free bits")
    if by_mixture:
        parts.append("by mixture")
    return ", ".join(parts)


def is_wide(config: Config) -> bool:
    """Whether some layer of an autoregressive decoder skips blocks to look further."""
    return config.decoder == "autoregressive" and max(config.dilations) > 1


def line(config: Config, free_bits: float = 0.0, by_mixture: bool = False) -> str:
    """A line short enough for a picker: where the prior comes from, how the pixels are sent, how long the code is."""
    free = [f"{free_bits:g} nats a dimension free in training"] if free_bits > 0 else []
    charged = ["trained by the cost of all codes"] if by_mixture else []
    text = "; ".join([_prior(config), _decoder(config), f"D = {config.code_dim}", *free, *charged])
    return text[0].upper() + text[1:]


def _prior(config: Config) -> str:
    if config.prior == "global":
        return "N(0, I) for every image"
    if config.prior == "vamp":
        return f"one prior of {config.pseudo_inputs} learned parts for all"
    parts = f"prior of {config.prior_components} parts" if config.prior_components > 1 else "prior"
    nearest = f"one of the {config.neighbours} nearest codes" if config.neighbours > 1 else "the nearest code"
    return f"{parts} {'made from' if config.prior_hidden else 'centred on'} {nearest}"


def _decoder(config: Config) -> str:
    if config.decoder == "factorised":
        return "pixels all at once"
    rows = min(1 + sum(config.dilations), config.side // 2 - 1)  # as `AutoregressiveDecoder.rows_above`, as far as there are any
    return f"2×2 blocks that see {rows} {'row' if rows == 1 else 'rows'} up"
