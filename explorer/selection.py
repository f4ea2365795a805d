"""The selection: all that the address bar holds, and so all that a link restores. No streamlit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

import numpy as np

from explorer import answers, look, paths
from lpvae import data

MAX_K = 50
SHOWS = ("test", "all")
WHATS = ("code", "sampled")
WALKS = ("there", "dream", "draw")
DEFAULTS = {"left": "global-autoregressive", "right": "local-autoregressive"}


@dataclass(frozen=True)
class Selection:
    """What is asked of the page.

    left, right: names of bundles; show: "test" or "all" images; what: maps of "code" or "sampled" z; id, second: row ids
    (None: the first test image; no second image); k: neighbours; neighbour: rank of the chosen one, from 1; metric: which
    neighbours are listed; walk: which of the panels that move is open; line: the way of its interpolation. The others say
    how the maps are looked at: see `explorer.look`.
    """

    left: str
    right: str
    show: str = "test"
    what: str = "code"
    id: int | None = None
    k: int = 5
    neighbour: int = 1
    second: int | None = None
    metric: str = "euclid"
    walk: str = "there"
    line: str = "straight"
    colour: str = ""
    layers: str = ""
    move: str = ""
    hidden: str = ""
    cost: str = ""
    view: str = ""
    lasso: str = ""

    @classmethod
    def default(cls, names: list[str]) -> "Selection":
        """The global and the local autoregressive model where they are there, else the first two. names: not empty."""
        left = DEFAULTS["left"] if DEFAULTS["left"] in names else names[0]
        others = [name for name in names if name != left] or names
        return cls(left, DEFAULTS["right"] if DEFAULTS["right"] in others else others[0])

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], names: list[str], start: "Selection | None" = None
    ) -> tuple["Selection", list[str]]:
        """The selection that an address asks for; what it asks wrongly stays as at the start and earns a message."""
        selection, messages = start or cls.default(names), []
        for key, text in query.items():
            value, message = _parsed(key, str(text), names)
            if message:
                messages.append(message)
            else:
                selection = replace(selection, **{key: value})
        return selection, messages

    def to_query(self) -> dict[str, str]:
        """The inverse of `from_query`."""
        return {key: str(value) for key, value in asdict(self).items() if value not in (None, "")}

    def look(self) -> dict[str, str]:
        """The part that says how the maps are looked at."""
        return {part: getattr(self, part) for part in look.PARTS}

    def fitted(self, images: data.Images, table_size: int) -> tuple["Selection", list[str]]:
        """This selection with row ids and ranks that the data has, and a message for each that it has not."""
        first = int(shown_ids(images, "test")[0])
        fit, messages = replace(self, id=first) if self.id is None else self, []
        for key, instead, text in (("id", first, f"image {first} is shown"), ("second", None, "there is no second image")):
            if (value := getattr(fit, key)) is not None and not 0 <= value < len(images.pixels):
                messages.append(f"There is no image {value:,}: row numbers go from 0 to {len(images.pixels) - 1:,}; {text}.")
                fit = replace(fit, **{key: instead})
        k = min(fit.k, max_k(table_size))
        return replace(fit, k=k, neighbour=min(fit.neighbour, k)), messages


def is_whole(query: Mapping[str, str]) -> bool:
    """Whether an address says all, as ours do; one that does not, such as a link's from another page, leaves the rest alone."""
    return {"left", "right", "show", "what", "k"} <= set(query)


def max_k(table_size: int) -> int:
    """The most neighbours that can be asked of a table, the image itself left out."""
    return max(1, min(MAX_K, table_size - 1))


def shown_ids(images: data.Images, show: str) -> np.ndarray:
    """Ids of the images whose points a map shows; data without a test split shows all of it."""
    ids = images.splits.get("test", ())
    return np.asarray(ids) if show == "test" and len(ids) else np.arange(len(images.pixels))


def _parsed(key: str, text: str, names: list[str]) -> tuple[object, str]:
    """The value of one part of an address, and a message where it makes no sense."""
    shown = repr(text[:40])
    if key in ("left", "right"):
        return text, "" if text in names else f"There is no bundle {shown}: there are {', '.join(names)}."
    choices = {"show": SHOWS, "what": WHATS, "metric": answers.METRICS, "walk": WALKS, "line": paths.LINES}.get(key)
    if choices:
        return text, "" if text in choices else f"The address asks for {key} {shown}; it can be {' or '.join(choices)}."
    if key in look.PARTS:
        return text, "" if look.fits(key, text) else f"The address has {key} {shown}, which the maps do not understand."
    if key not in {field.name for field in fields(Selection)}:
        return None, f"The address has {key[:40]!r}, which means nothing here."
    # more digits than any row number has; and int() would take '１' or '1_0'
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None, f"The address asks for {key} {shown}, which is not a whole number."
    if key in ("k", "neighbour") and not 1 <= int(text) <= MAX_K:
        return None, f"The address asks for {key} {int(text)}; it goes from 1 to {MAX_K}."
    return int(text), ""
