"""What the maps' points can be coloured and filtered by: numbers an image, published once for all visitors."""

import threading
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from explorer import answers, neighbourhoods, shared
from explorer.component import publish_labels, publish_values
from explorer.selection import Selection, shown_ids
from lpvae import data
from lpvae.bundle import Bundle
from lpvae.errors import UserError

NEAREST = 16  # neighbours of an image that two models may agree on
AT_ONCE = 2_000  # images whose neighbours are sought before others get a turn


def offered(left, right, selection: Selection, words: dict) -> list[dict]:
    """The colourings of two sides, as the maps take them; `words`: name → (title, explanation).

    The agreement of the neighbours is worked out when it is asked for, by a thread; its address is None until then.
    """
    (left_url, right_url), difference = (costs_url(side.key, side.bundle) for side in (left, right)), _difference(left, right)
    agreed = agreement(left, right)
    if selection.colour == "agreement":
        agreed.ask(left.bundle, right.bundle, selection.show)
    urls = {
        "left": (left_url, "sequential", "bits"), "right": (right_url, "sequential", "bits"),
        "difference": (difference, "diverging", "bits"),
        "agreement": (agreed.urls.get(selection.show), "sequential", f"of {NEAREST}"),
        "split": (splits_url(left.bundle.images.sha256, left.bundle.images), "categories", ""),
    }  # fmt: skip
    return [
        {"name": name, "title": words[name][0].format(left=left.title, right=right.title), "url": url, "kind": kind,
         "unit": unit, "help": words[name][1], "late": name == "agreement"}
        for name, (url, kind, unit) in urls.items()
    ]  # fmt: skip


@st.cache_resource(show_spinner=False, max_entries=32)
def total_bits(key: str, _bundle: Bundle) -> np.ndarray:
    """Each image's whole cost in bits as the browser has it, (N,) float32: see `answers.total_bits`."""
    return answers.total_bits(_bundle).astype(np.float32)


@st.cache_resource(show_spinner=False, max_entries=32)
def costs_url(key: str, _bundle: Bundle) -> str:
    """The address of `total_bits`."""
    return publish_values(total_bits(key, _bundle))


def _difference(left, right) -> str:
    return _difference_url(left.key, right.key, left.bundle, right.bundle)


@st.cache_resource(show_spinner=False, max_entries=64)
def _difference_url(left: str, right: str, _left: Bundle, _right: Bundle) -> str:
    return publish_values(total_bits(left, _left).astype(float) - total_bits(right, _right))


def split_numbers(images: data.Images) -> np.ndarray:
    """The number of each image's split among the data's, in their order, (N,); −1: of none."""
    numbers = np.full(len(images.pixels), -1)
    for number, ids in enumerate(images.splits.values()):
        numbers[ids] = number
    return numbers


@st.cache_resource(show_spinner=False, max_entries=16)
def splits_url(sha256: str, _images: data.Images) -> str:
    """The address of `split_numbers`."""
    return publish_labels(split_numbers(_images))


@dataclass
class Agreement:
    """How many of an image's nearest training images two models share, by the images shown; worked out once, when asked."""

    urls: dict[str, str] = field(default_factory=dict)
    error: str = ""
    begun: set = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, left: Bundle, right: Bundle, show: str) -> None:
        """Begin to work it out for "test" or "all" images, if nobody has."""
        with self.lock:
            if show in self.begun:
                return
            self.begun.add(show)
        shared.in_background(self._work_out, left, right, show)

    def _work_out(self, left: Bundle, right: Bundle, show: str) -> None:
        try:
            values = np.full(len(left.codes), np.nan)
            ids = shown_ids(left.images, show)
            k = min(NEAREST, *(len(bundle.table) - 1 for bundle in (left, right)))
            for part in np.array_split(ids, max(1, len(ids) // AT_ONCE)):
                values[part] = neighbourhoods.overlap(left, right, part, k) * k
            self.urls[show] = publish_values(values)
        except UserError as error:
            self.error = str(error)

    def awaited(self, show: str) -> bool:
        """Whether somebody asked for it and it is not there yet."""
        return show in self.begun and show not in self.urls and not self.error


def agreement(left, right) -> Agreement:
    """The agreement of two sides' models."""
    return _agreement(left.key, right.key)


@st.cache_resource(show_spinner=False, max_entries=32)
def _agreement(left: str, right: str) -> Agreement:
    return Agreement()
