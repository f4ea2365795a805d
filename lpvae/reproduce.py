"""Every figure of the README, from the shipped bundles and the recorded experiments, as the README prints them."""

from dataclasses import dataclass, replace
from pathlib import Path

from lpvae import bundle, experiments, summary
from lpvae.builder import trained_of
from lpvae.decoders import AutoregressiveDecoder
from lpvae.errors import UserError
from lpvae.model import Config, from_dict
from lpvae.report import report
from lpvae.train import Training


@dataclass(frozen=True)
class Published:
    """Another's figure: total nats an image, binarised MNIST test."""

    model: str
    nats: float
    protocol: str
    bits: str  # "static": one fixed draw of the bits, for training too; "resampled": drawn anew each pass
    source: str


PUBLISHED = (
    Published("ACN", 73.9, "ordered: each image given one before it; compare with `tour` and `set`", "static",
              "arXiv 1804.02476, abstract, first version"),
    Published("PixelCNN", 81.3, "exact, one image alone", "static", "arXiv 1601.06759, table"),
    Published("PixelRNN", 79.2, "exact, one image alone", "static", "arXiv 1601.06759, table"),
    Published("MatNet", 78.5, "bound, one image alone", "static", "arXiv 1612.02806, as others cite it"),
    Published("VAE", 84.45, "bound, one image alone", "resampled", "arXiv 2004.04795, table"),
    Published("VAE with a VampPrior", 82.43, "bound, one image alone", "resampled", "arXiv 2004.04795, table"),
    Published("Exemplar VAE", 82.09, "bound, one image alone", "resampled", "arXiv 2004.04795, table"),
    Published("VAE, PixelSNAIL decoder", 78.20, "bound, one image alone", "resampled", "arXiv 2004.04795, table"),
    Published("VampPrior, PixelSNAIL decoder", 77.90, "bound, one image alone", "resampled", "arXiv 2004.04795, table"),
    Published("Exemplar VAE, PixelSNAIL decoder", 77.95, "bound, one image alone", "resampled", "arXiv 2004.04795, table"),
)  # fmt: skip
OURS = (  # bundle, protocol, what it is
    ("local-autoregressive", "mixture", "`mixture`: bound, one image alone"),
    ("global-autoregressive", "global", "`global`: bound, one image alone"),
    ("local-autoregressive", "tour", "`tour`: each image given the one before; its order carries no message"),
    ("local-autoregressive", "set", "`set`: `mixture` less what the order can say"),
    ("global-autoregressive", "set", "`set`: `global` less what the order can say"),
    ("local-autoregressive", "free_neighbour", "`free_neighbour`: **not a complete code**"),
)
# of the collapse and its rescues, all by one recipe: a bundle or an experiment
RESCUES = ("global-autoregressive", "freebits-autoregressive", "vamp-autoregressive", "passes20", "narrow-mixture",
           "wide-global-autoregressive", "wide-local-autoregressive", "wide-mixture-local-autoregressive")  # fmt: skip


def sections() -> dict[str, str]:
    """Heading → Markdown. Raises UserError where a bundle lacks a figure."""
    paths = [bundle.resolve(name) for name in bundle.available()]
    if not paths:
        raise UserError(f"no bundles are shipped in {bundle.MODELS}: train and build one, see the README.")
    made = {
        "The shipped models": summary.models_table(paths), "Beside published figures": _beside(paths),
        "How they were trained": _trained(paths), "Collapse and rescue": _rescues(paths), "Ablations": _ablations(),
        "Passes against costs": _passes(paths),
    }  # fmt: skip
    return {heading: text for heading, text in made.items() if text}


BEGIN, END = "<!-- reproduce: {heading} -->", "<!-- end -->"


def write_into(path: Path) -> None:
    """Put the sections into a text between the comments BEGIN and END, by way of a temporary file.

    Raises UserError for a file that cannot be read, that has no place for a section, or that ends a section nowhere.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError):
        raise UserError(f"{path} cannot be read as text: name the README.") from None
    for heading, section in sections().items():
        before, begin, rest = text.partition(BEGIN.format(heading=heading))
        _, end, after = rest.partition(END)
        if not (begin and end):
            raise UserError(f"{path} has no place for {heading!r}: put {BEGIN.format(heading=heading)} and {END} where it belongs.")
        text = f"{before}{begin}\n{section}\n{end}{after}"
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- |", "|---|").replace(" --- |", "---|")


def _beside(paths: list[Path]) -> str:
    rows = []
    for name, protocol, what in OURS:
        m = _metrics(paths, name)
        if m is not None and m["total_nats"].get(protocol) is not None:
            total, error = m["total_nats"][protocol], m["total_nats_standard_error"][protocol]
            rows.append([f"`{name}`", f"{total:.2f} ± {error:.2f}", "", what, _binarisation(paths, name), "here"])
    rows += _static()
    rows += [[p.model, "", f"{p.nats:g}", p.protocol, p.bits, p.source] for p in PUBLISHED]
    return _table(["model", "ours, nats", "published, nats", "protocol", "training bits", "source"], rows)


def _static() -> list[list[str]]:
    """Our costs of static bits, by a model trained on nothing else: the protocol of the paper, but for the split."""
    recorded = experiments.recordings().get("static")
    if recorded is None:
        return []
    m, rows = recorded["metrics"], []
    for protocol in ("mixture", "tour", "set", "free_neighbour"):
        what = next(text for _, of, text in OURS if of == protocol)
        total, error = m["total_nats"][protocol], m["total_nats_standard_error"][protocol]
        rows.append(["experiment `static`", f"{total:.2f} ± {error:.2f}", "", what, f"static; {m['n']:,} {m['split']} images", "here"])
    return rows


def _metrics(paths: list[Path], name: str) -> dict | None:
    path = next((path for path in paths if path.name == name), None)
    return None if path is None else bundle.read_meta(path)["metrics"]


def _binarisation(paths: list[Path], name: str) -> str:
    return bundle.read_meta(next(path for path in paths if path.name == name))["training"]["binarisation"]


def _trained(paths: list[Path]) -> str:
    rows = []
    for path in paths:
        meta = bundle.read_meta(path)
        training, trained, config = meta["training"], meta["trained"], meta["config"]
        minutes, weights = f"{trained['seconds'] / 60:.0f}", f"{(path / bundle.WEIGHTS).stat().st_size / 1e6:.1f}"
        rows.append([f"`{path.name}`", str(training["epochs"]), minutes, training["device"], training["precision"],
                     str(config["code_dim"]), weights])  # fmt: skip
    return _table(["model", "passes", "minutes", "on", "arithmetic", "D", "weights, MB"], rows)


def _rescues(paths: list[Path]) -> str:
    """Priors and ways to train them, by two views of the decoder; empty where none of the models is there."""
    rows = [row for row in (_rescue(paths, name) for name in RESCUES) if row]
    return _table(["prior", "decoder sees above", "passes", "pixels", "latent", "total", "protocol", "swapped", "linear c / z",
                   "10-NN c / z", "name"], rows) if rows else ""  # fmt: skip


def _rescue(paths: list[Path], name: str) -> list[str] | None:
    if name in experiments.EXPERIMENTS:
        this, recorded = experiments.EXPERIMENTS[name], experiments.recordings().get(name)
        config, training, m = replace(experiments.CONFIG, **this.change), this.training, recorded and recorded["metrics"]
    else:
        m, path = _metrics(paths, name), next((path for path in paths if path.name == name), None)
        meta = bundle.read_meta(path) if path else {}
        config, training = Config.from_dict(meta.get("config", {})), from_dict(Training, meta.get("training", {}))
    if m is None:
        return None
    prior = {"global": "N(0, I)", "vamp": f"vamp, {config.pseudo_inputs} components"}.get(config.prior, config.prior)
    prior += f", {training.free_bits:g} nats a dimension free" if training.free_bits else ""
    prior += ", trained by `mixture`" if training.latent_cost == "mixture" else ""
    protocol = "global" if config.prior == "global" else "mixture"
    seen, of = AutoregressiveDecoder.rows_above(config.dilations), config.side // 2 - 1
    cells = summary.cells(m)
    return [prior, f"{min(seen, of)} of {of} rows", str(training.epochs), cells[0], f"{m['nats'][protocol]:.2f}",
            f"{m['total_nats'][protocol]:.2f}", f"`{protocol}`", cells[1], *cells[-2:], f"`{name}`"]  # fmt: skip


def _ablations() -> str:
    recorded = experiments.recordings()
    rows = [[f"`{name}`", recorded[name]["what"], *summary.cells(recorded[name]["metrics"])]
            for name in experiments.ABLATIONS if name in recorded]  # fmt: skip
    return _table(["ablation", "what", *summary.COLUMNS], rows) if rows else ""


def _passes(paths: list[Path], name: str = "local-autoregressive") -> str:
    """Validation costs after each pass of one model's training."""
    path = next((path for path in paths if path.name == name), None)
    if path is None:
        return ""
    entries = [e for e in bundle.read_meta(path)["log"] if "validation" in e]
    shown = [e for e in entries if e["epoch"] in (1, 2, 4, 8, 16, 32) or e is entries[-1]]
    rows = []
    for e in shown:
        v = e["validation"]
        mixture, free = (f"{v['pixels'] + v[k]:.2f}" for k in ("mixture", "free_neighbour"))
        rows.append([str(e["epoch"]), f"{v['pixels']:.2f}", mixture, free])
    return _table(["pass", "pixels", "mixture", "free neighbour*"], rows)


def differences(say=print) -> int:
    """Measure every shipped bundle again and tell where a figure is not the one its bundle.json holds; how many differ."""
    wrong = 0
    for name in bundle.available():
        trained, images, seed = trained_of(name)
        stored = bundle.read_meta(bundle.resolve(name))["metrics"]
        fresh = report(trained, images, stored["split"], seed=seed)
        for protocol, total in fresh["total_nats"].items():
            kept = stored["total_nats"].get(protocol)
            if kept is None or total is None:
                same = kept is total
            else:
                same = abs(kept - total) < 0.02  # sums of half-precision weights differ a little between machines
            wrong += not same
            say(f"{name}, {protocol}: shipped {kept}, measured {total}{'' if same else '   <- differs'}")
    return wrong
