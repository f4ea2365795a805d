"""The Compare page's table: its columns, their order, and the table as CSV. No streamlit.

Costs are in nats an image unless a name says bits.
"""

import csv
import io
from dataclasses import dataclass

from explorer.comparisons import INCOMPLETE, PROBES, PROTOCOLS, Model, in_unit


@dataclass(frozen=True)
class Column:
    """One column: what it is called, what it means (on hover), the group it stands in, and whether less is better.

    cost: whether its figures are nats; digits: after the point, None for text.
    """

    key: str
    label: str
    help: str
    group: str = ""
    cost: bool = False
    digits: int | None = None
    better: str = ""  # "low", "high" or neither


ONE, SET, NOT = "one image alone", "the whole set, in any order", "not a complete code"
KEEPS, MADE = "what the code keeps", "how it was made"
COLUMNS = (
    Column("global", "N(0, I)", "z is sent with N(0, I), one codebook for every image. A complete code for one image alone.",
           ONE, True, 2, "low"),
    Column("pointer", "pointer", "The neighbour is named; the free choice among the K pays part of it back. A complete code for"
           " one image alone.", ONE, True, 2, "low"),
    Column("mixture", "mixture", "z is sent with the average of all the priors that the model has: no neighbour to name. A"
           " complete code for one image alone: compare this one with other models.", ONE, True, 2, "low"),
    Column("tour", "tour", "Each z is sent with the prior of the image sent just before. Complete for the set; its order says"
           " nothing else. Add the order's worth before comparing with one image alone.", SET, True, 2, "low"),
    Column("set", "set", "The best code for one image alone, less what the order of the set could say, which comes back in full."
           " Every model gains the same.", SET, True, 2, "low"),
    Column("order", "the order's worth", "What the order of this many images could say, ln(n!)/n an image: tour and set both"
           " leave it unsaid. Add it to them before comparing them with one image alone.", SET, True, 2),
    Column("free_neighbour", "free neighbour", "NOT a complete code: z is sent with a neighbour's prior, but nobody told the"
           " receiver which neighbour. No receiver could decode it.", NOT, True, 2),
    Column("pixels", "pixels", "What the pixels cost once z is known: a part of each total.", KEEPS, True, 2),
    Column("rise", "swapped", "What the pixels cost more with another image's code: how much the decoder listens to z.", KEEPS,
           True, 2),
    Column("linear_sampled", "linear z", "Digits that a linear classifier names from a sampled z, the only thing that the"
           " decoder ever sees. Per cent.", KEEPS, False, 1, "high"),
    Column("linear", "linear c", "The same from the mean c of the code. A silent model's means still sort the digits, so this"
           " flatters it. Per cent.", KEEPS, False, 1, "high"),
    Column("knn_sampled", "10-NN z", "Digits named by the ten nearest training codes, from sampled z. Per cent.", KEEPS, False, 1,
           "high"),
    Column("knn", "10-NN c", "The same from the mean c. Per cent.", KEEPS, False, 1, "high"),
    Column("active", "active", "Dimensions of the code whose mean varies from image to image (variance above 0.01).", KEEPS,
           False, 0),
    Column("code_dim", "D", "Dimensions of the code.", MADE, False, 0),
    Column("neighbours", "K", "The prior is given one of the K nearest codes; a global prior is given none.", MADE, False, 0),
    Column("passes", "passes", "How often the training saw every image.", MADE, False, 0),
    Column("minutes", "minutes", "How long the training took, on the machine that it ran on.", MADE, False, 0),
    Column("weights_mb", "MB", "Size of the weights on disk, in megabytes.", MADE, False, 1),
)  # fmt: skip
NAME = Column("name", "model", "What the model is; below it the name of its folder. Sort by name.")
BY_KEY = {column.key: column for column in (NAME, *COLUMNS)}
PARTS = ("total", "latent")


def value(model: Model, key: str, part: str = "total") -> float | str | None:
    """A cell of the table, costs in nats; None where the model has no such figure. part: costs with the pixels, or without."""
    if key in PROTOCOLS:
        return getattr(model, part).get(key)
    if key in PROBES:
        return model.probe.get(key)
    if key == "name":
        return model.title or model.name
    return getattr(model, key)


def sorted_models(models: list[Model], key: str, descending: bool, part: str = "total") -> list[Model]:
    """By a column, names deciding ties; models without the figure come last either way."""
    known = [m for m in models if value(m, key, part) is not None]
    known.sort(key=lambda m: m.name)
    known.sort(key=lambda m: value(m, key, part), reverse=descending)
    return known + sorted((m for m in models if value(m, key, part) is None), key=lambda m: m.name)


def text(model: Model, column: Column, part: str, unit: str) -> str:
    """A cell as it is written; a dash where there is no figure."""
    found = value(model, column.key, part)
    if found is None:
        return "–"
    if isinstance(found, str):
        return found
    return f"{in_unit(found, unit) if column.cost else found:.{column.digits}f}"


def winners(models: list[Model], column: Column, part: str = "total") -> set[str]:
    """Names of the models with the best figure of a column, to the digits shown; none where one alone has it."""
    known = {m.name: round(value(m, column.key, part), column.digits) for m in models
             if column.better and value(m, column.key, part) is not None}
    if len(known) < 2 or (column.cost and part == "latent"):  # a silent latent is cheap, and no merit
        return set()
    best = (min if column.better == "low" else max)(known.values())
    return {name for name, figure in known.items() if figure == best}


def csv_text(models: list[Model], unit: str) -> str:
    """The whole table: every cost's latent part, total and standard error, under a name that says what it is."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["model", "prior", "decoder", "measured_on", "images", "data"]
    costs = [(kind, p) for p in PROTOCOLS for kind in ("latent", "total", "error")]
    other = [column for column in COLUMNS if column.key not in PROTOCOLS]
    names = [f"{p}{'_INCOMPLETE' if p in INCOMPLETE else ''}_{'standard_error' if kind == 'error' else kind}_{unit}"
             for kind, p in costs]
    percent = {probe: f"{probe}_percent" for probe in PROBES}
    writer.writerow(head + names + [f"{c.key}_{unit}" if c.cost else percent.get(c.key, c.key) for c in other])
    for m in models:
        row = [_safe(m.name), _safe(m.prior), _safe(m.decoder), _safe(m.split), m.n, _safe(m.protocol_data)]
        row += [_csv_cost(getattr(m, kind).get(p), unit) for kind, p in costs]
        writer.writerow(row + [_csv_cost(value(m, c.key), unit) if c.cost else value(m, c.key) for c in other])
    return out.getvalue()


def _csv_cost(nats: float | None, unit: str) -> str:
    return "" if nats is None else f"{in_unit(nats, unit):.4f}"


def _safe(text: str) -> str:
    """Text that a spreadsheet will not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
