"""What the panels show, worked out once: answers, decoded pictures, daydreams, and graphs that a background thread makes.

What is known of the data is shared by all visitors and never changed; of a visitor's own image nothing leaves the session.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import streamlit as st
from torch.distributions import Distribution

from explorer import answers, paths, pictures, subjects
from explorer.answers import Answer
from explorer.subjects import Subject
from lpvae.bundle import Bundle

OWN = 24  # results about a visitor's own images that the session keeps


def graph_of(side) -> paths.Graph | None:
    """The neighbour graph of the side's codes, which takes seconds, once: begun by the first call, None until it is there."""
    graph = _graph(side.key, side.bundle)
    return graph.result() if graph.done() and not graph.exception() else None


@st.cache_resource(show_spinner=False, max_entries=8)
def _graph(key: str, _bundle: Bundle) -> Future:
    return _worker().submit(paths.neighbour_graph, _bundle.table)


def in_background(work: Callable, *given) -> Future:
    """Have the one thread that gives way to the visitors' do some work, after what it has to do already."""
    return _worker().submit(work, *given)


@st.cache_resource(show_spinner=False)
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "graphs", initializer=_give_way)


@st.cache_resource(show_spinner=False)
def _decoder() -> ThreadPoolExecutor:
    """One thread that decodes for all visitors in turn, while the answers to others' clicks go first."""
    return ThreadPoolExecutor(1, "decoder", initializer=_give_way)


def _give_way() -> None:
    """Let the visitors' threads go first; on Linux a thread has a priority of its own."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
    except (AttributeError, OSError):
        pass


def answer(side, selection, own: np.ndarray | None = None) -> Answer:
    """The answer for a selection, or for a visitor's own image `own` (S, S) of 0/1 with the rest of the selection."""
    subject = subject_of(side, selection.id, own)
    graph = graph_of(side) if selection.line == "graph" else None
    return answers.answer(side.bundle, subject, selection.k, selection.neighbour, selection.second, selection.metric,
                          selection.line, graph)  # fmt: skip


def subject_of(side, image: int, own: np.ndarray | None) -> Subject:
    """The image of that row, or the visitor's own where there is one."""
    if own is None:
        return subjects.of_row(side.bundle, image)
    asked = ("subject", side.key, own.tobytes())
    return _of_session(asked, lambda: subjects.of_bits(side.bundle, own, _priors(side.key, side.bundle)))


@st.cache_resource(show_spinner=False, max_entries=8)
def _priors(key: str, _bundle: Bundle) -> Distribution | None:
    return subjects.prior_of_all(_bundle) if _bundle.model.prior.needs_neighbour else None


def pictures_of(side, given: Answer, strip: bool = True) -> pictures.Pictures:
    """All that is decoded for a click, the strip only where it is seen; what was decoded before costs nothing."""
    path, samples = given.path if strip else given.path[:0], given.samples[: answers.PICTURES]
    asked = ("pictures", given.chosen, given.target, given.line) if strip else ("pictures", given.chosen)
    return _kept(side, given.subject, asked,
                 lambda: _decoder().submit(pictures.pictures, side.bundle, given.subject, path, samples).result())  # fmt: skip


def path_on_maps(side, given: Answer, walk: str) -> np.ndarray:
    """Codes (n, D) of the way that the maps show: the daydream's once it is known, else the interpolation's."""
    return dream_of(side, given.subject).codes if walk == "dream" and has_dreamt(side, given.subject) else given.path


def drawing_of(side, subject: Subject, attempt: int) -> pictures.Drawing:
    """See `pictures.drawing`."""
    return _kept(side, subject, ("drawing", attempt), lambda: pictures.drawing(side.bundle, subject, attempt))


def dream_of(side, subject: Subject) -> pictures.Dream:
    """See `pictures.dream`."""
    dream = _kept(side, subject, ("dream",), lambda: pictures.dream(side.bundle, subject))
    st.session_state[f"dreamt {side.name}"] = _name(side, subject)
    return dream


def has_dreamt(side, subject: Subject) -> bool:
    """Whether this visitor's last daydream here began at the subject, so that asking for it again costs nothing."""
    return st.session_state.get(f"dreamt {side.name}") == _name(side, subject)


def _name(side, subject: Subject) -> tuple:
    return side.key, subject.bits.tobytes() if subject.id is None else subject.id


def _kept(side, subject: Subject, asked: tuple, make: Callable):
    """What `make` returns, from the cache of all visitors; for a visitor's own image from the session's."""
    name = (*_name(side, subject), *asked)
    return _of_session(name, make) if subject.id is None else _of_all(name, make)


def _of_session(name: tuple, make: Callable):
    kept = st.session_state.setdefault("own results", {})
    if name not in kept:
        kept[name] = make()
        while len(kept) > OWN:
            del kept[next(iter(kept))]
    return kept[name]


@st.cache_resource(show_spinner=False, max_entries=512)
def _of_all(name: tuple, _make: Callable):
    return _make()
