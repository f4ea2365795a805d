"""Reports and bundles as text for a terminal or a README; no figure of its own."""

from pathlib import Path

from lpvae import bundle
from lpvae.errors import UserError

LABELS = {
    "free_neighbour": "free neighbour (not a complete code)", "pointer": "pointer", "mixture": "mixture",
    "tour": "tour (of the set: its order carries no message)", "set": "set (mixture or global, less what the order can say)",
    "global": "global, N(0, I)",
}
# (heading, protocol): complete codes of one image alone, complete codes of the whole set, and what is no complete code
TOTALS = (("global", "global"), ("pointer", "pointer"), ("mixture", "mixture"), ("tour", "tour"), ("set", "set"))
COLUMNS = ("pixels", "swapped", *(heading for heading, _ in TOTALS), "order can hide", "± s.e.", "free neighbour*",
           "linear c / z", "10-NN c / z")  # fmt: skip


def report_text(figures: dict) -> str:
    """What `evaluate` measured, as lines."""
    lines = [f"{figures['n']} images of the {figures['split']} split; {figures['protocol_data']}; z sampled",
             f"pixels {figures['nats']['pixels']:.2f} nats; with another image's code {_number(figures['swapped_code_pixels'])}",
             f"{'protocol':50s} {'latent':>8s} {'total nats':>11s} {'± s.e.':>7s} {'bits':>8s}"]
    for name, latent in figures["nats"].items():
        if name != "pixels" and latent is not None:
            total, error = figures["total_nats"][name], figures["total_nats_standard_error"][name]
            lines.append(f"{LABELS[name]:50s} {latent:8.2f} {total:11.2f} {error or float('nan'):7.2f}"
                         f" {figures['total_bits'][name]:8.2f}")
    lines.append(f"the order of {figures['n']} images can say {figures['order_nats']:.2f} nats an image")
    if figures["probe"]["linear"] is not None:
        probes = ", ".join(f"{k.replace('_', ' on ')} {v:.1f}" for k, v in figures["probe"].items())
        lines.append(f"probes, % right: {probes}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def bundle_text(path: Path) -> str:
    """A bundle's config, data, passes, figures and sizes, as lines. Raises UserError where bundle.json lacks them."""
    meta = bundle.verified_meta(path)
    size = sum(p.stat().st_size for p in path.iterdir()) / 1e6
    try:
        config, training, trained = meta["config"], meta["training"], meta["trained"]
        return "\n".join([
            f"{path.name}: {config['prior']} prior, {config['decoder']} decoder, D = {config['code_dim']}, K = {config['neighbours']}",
            f"trained on {meta['data']['name']} ({training['binarisation']}), {training['epochs']} passes,"
            f" {trained['seconds'] / 60:.0f} minutes on {training['device']}, seed {training['seed']}",
            f"{size:.1f} MB, of which weights {(path / bundle.WEIGHTS).stat().st_size / 1e6:.1f} MB",
            report_text(meta["metrics"]),
        ])
    except (KeyError, TypeError, ValueError, AttributeError, OSError):
        raise UserError(f"{path / bundle.META} lacks what info prints: build the bundle again.") from None


def models_table(paths: list[Path]) -> str:
    """A Markdown table, a row a bundle: total nats an image by protocol on the split it was measured on, and probes."""
    rows = [f"| model | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    return "\n".join(rows + [_row(path) for path in paths])


def _row(path: Path) -> str:
    try:
        return f"| `{path.name}` | {' | '.join(cells(bundle.read_meta(path)['metrics']))} |"
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(f"{path / bundle.META} lacks what info prints: build the bundle again.") from None


def cells(m: dict) -> list[str]:
    """One report under COLUMNS. The standard error is the largest of the totals'."""
    total, probe, swapped = m["total_nats"], m["probe"], m["swapped_code_pixels"]
    error = max((e for e in m["total_nats_standard_error"].values() if e is not None), default=None)
    return [
        f"{m['nats']['pixels']:.2f}", "–" if swapped is None else f"{swapped - m['nats']['pixels']:+.2f}",
        *(_number(total.get(protocol)) for _, protocol in TOTALS),
        f"{m['order_nats']:.2f}", _number(error), _number(total.get("free_neighbour")),
        *("–" if probe[k] is None else f"{probe[k]:.1f} / {probe[k + '_sampled']:.1f}" for k in ("linear", "knn")),
    ]  # fmt: skip
