"""The Transmission page: a few images really sent and received, a bit turned over, one transaction, and the file itself.

The page's settings stand in the address by themselves: its widgets are bound to query parameters of their names.
"""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from explorer import figures, state, transmission, transmission_figures
from explorer.chart import draw
from explorer.lessons.words import SENT_LINK
from explorer.state import Side
from explorer.transmission import Show, Stream
from explorer.transmission_component import transmission as player
from explorer.views import pickers, words
from explorer.views.panels import plain
from explorer.views.transmission_words import (
    FILE, FLIP, GARBAGE, LEAD, METER_NOTE, METERS, PLAYED, RECEIVER, SENDER, STACK, STEP, STEP_FORMULA, STEPS,
)  # fmt: skip
from lpvae.bundle import Bundle
from lpvae.costs import bits
from lpvae.errors import UserError
from lpvae.evaluate import order_nats

BAR = r"\|"  # in a cell of a Markdown table
COUNTS = (12, 24, 48)
FROM = {"near": "near one image", "random": "at random"}
COLOURS = {"alone": figures.GREY, "tour": figures.ORANGE, "together": figures.BLUE, "bz2": "#44aa99"}


def render() -> None:
    """The page, from the top down."""
    st.header("A transmission")
    st.markdown(LEAD)
    names = state.names()
    if not names:
        st.info(words.NO_BUNDLES.format(folder=state.models_folder()))
        return
    sides = _models(names)
    if sides is None:
        return
    ids = _chosen(sides[0].bundle)
    _transmission(sides, tuple(int(i) for i in ids))


def _models(names: list[str]) -> tuple[Side, Side] | None:
    """The model that sends on a tour and as a set, and the other one, which sends one by one."""
    first, sides = state.Selection.default(names), []
    choices = (("sender", "Model that sends on a tour, and as a set", first.right),
               ("beside", "Model that sends the same images one by one", first.left))  # fmt: skip
    for column, (key, label, default), side in zip(st.columns(2), choices, ("right", "left")):
        pickers.kept_in_address(key, names, default)
        name = pickers.model(column, label, names, key)
        pickers.write_address(key, name, default)
        try:
            sides.append(state.load(side, name))
        except UserError as error:
            st.error(plain(str(error)))
    if len(sides) < 2:
        return None
    if sides[0].bundle.images.sha256 != sides[1].bundle.images.sha256:
        st.warning("The two models were made from different images, so they cannot send the same ones: choose another pair.")
        return None
    return sides[0], sides[1]


def _chosen(bundle: Bundle) -> np.ndarray:
    """Row ids of the images to send."""
    there = np.asarray(state.shown_ids(bundle.images, "test"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = st.segmented_control("Test images", FROM, default="near", key="chosen", required=True, format_func=FROM.get,
                                   bind="query-params")  # fmt: skip
        count = st.selectbox("How many", _counts(there), key="count", bind="query-params", width=140)
        if how == "near":
            last = len(bundle.images.pixels) - 1
            _at_most("around", last)
            image = st.number_input(f"Near image (row 0 to {last:,})", 0, last, int(there[0]), key="around", bind="query-params", width=220)
            return transmission.near(bundle, there, image, count)
        seed = st.number_input("Draw number", 0, 9999, 0, key="draw", bind="query-params", width=150,
                               help="The same number draws the same images again.")  # fmt: skip
    return np.sort(np.random.default_rng([seed, 8]).choice(there, count, replace=False))


def _counts(there: np.ndarray) -> list[int]:
    return [n for n in COUNTS if n <= len(there)] or [len(there)]


def _at_most(key: str, most: int) -> None:
    """What was chosen under other circumstances may be too much now."""
    if isinstance(value := st.session_state.get(key), int) and value > most:
        st.session_state[key] = most


# ---- The work, ahead and in the background


@dataclass
class Job:
    """A transmission being made by a thread: how much of it is done, and what comes of it."""

    whole: int
    done: int = 0
    result: Future = field(default_factory=Future)

    def said(self) -> None:
        self.done += 1


@st.cache_resource(show_spinner=False, max_entries=24)
def _job(key: str, other_key: str, ids: tuple[int, ...], _bundle: Bundle, _other: Bundle) -> Job:
    job = Job(transmission.work(len(ids)))
    _worker().submit(_make, job, _bundle, _other, np.array(ids))
    return job


def _make(job: Job, bundle: Bundle, other: Bundle, ids: np.ndarray) -> None:
    try:
        job.result.set_result(transmission.prepare(bundle, other, ids, job.said))
    except Exception as error:  # for the page to tell, and a program's error for the terminal
        if not isinstance(error, UserError):
            logging.getLogger(__name__).exception("a transmission failed")
        job.result.set_exception(error)


@st.cache_resource(show_spinner=False)
def _worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "transmission")  # one set at a time: visitors share the cores


@st.cache_resource(show_spinner=False)
def _one_damage_at_a_time() -> threading.Lock:
    return threading.Lock()


def prepare() -> None:
    """Do ahead what a first visit with no address waits for. Raises UserError where a model cannot be read."""
    if names := state.names():
        first = state.Selection.default(names)
        sides = state.load("right", first.right), state.load("left", first.left)
        there = np.asarray(state.shown_ids(sides[0].bundle.images, "test"))
        ids = transmission.near(sides[0].bundle, there, int(there[0]), _counts(there)[0])
        _job(sides[0].key, sides[1].key, tuple(map(int, ids)), sides[0].bundle, sides[1].bundle)


def _transmission(sides: tuple[Side, Side], ids: tuple[int, ...]) -> None:
    job = _job(sides[0].key, sides[1].key, ids, sides[0].bundle, sides[1].bundle)
    if not job.result.done():
        _await(job)
        return
    try:
        show = job.result.result()
    except UserError as error:
        st.error(plain(str(error)))
        return
    except Exception as error:  # a model that passes its checks and yet cannot send
        st.error(f"These images could not be sent ({type(error).__name__}): choose another model or other images.")
        return
    played = st.segmented_control("Play", PLAYED, default="tour", key="played", required=True, format_func=PLAYED.get, bind="query-params")
    stream = getattr(show, played)
    whose = sides[1] if played == "alone" else sides[0]
    _play(show, stream, sides, whose, played)
    _flip(stream, show, f"{whose.key} {sides[1].key} {ids} {played}")
    _step(show, stream, whose)
    _file(stream, show, whose)


@st.fragment(run_every="1s")
def _await(job: Job) -> None:
    if job.result.done():
        st.rerun()
    st.progress(min(1.0, job.done / job.whole), "Sending the images under three codes, and receiving them again …")


# ---- The panels


def _play(show: Show, stream: Stream, sides, whose: Side, played: str) -> None:
    with st.expander("How can a message be shorter than its parts?"):
        st.markdown(STACK)
    order = stream.order
    ids, images = show.ids[order], show.images[order]
    labels = whose.bundle.images.labels[ids]
    names = [f"image {i}" + (f" ({label})" if label >= 0 else "") for i, label in zip(ids, labels)]
    texts = {"sender": SENDER, "message": "", "receiver": RECEIVER}
    player(sent=images, received=stream.received, names=names, groups=[int(label) for label in labels], lengths=stream.lengths,
           meters=_meters(show, stream, sides), place=_place(whose, ids), whose=texts, key="player")  # fmt: skip
    same = bool((stream.received == images).all())
    st.caption(("The receiver's images are the sender's, bit for bit. " if same else "The receiver's images are NOT the sender's. ")
               + METER_NOTE.format(count=len(ids), order=bits(order_nats(len(ids)))))  # fmt: skip
    st.markdown(SENT_LINK)


def _meters(show: Show, played: Stream, sides) -> list[dict]:
    by = {"tour": sides[0], "together": sides[0], "alone": sides[1]}
    found = []
    for key in ("alone", "tour", "together"):
        stream = getattr(show, key)
        name, about = METERS[key]
        found.append({"name": name.format(name=by[key].title), "help": about, "colour": COLOURS[key], "totals": stream.lengths})
    name, about = METERS["bz2"]
    sent = show.images[played.order][::-1]  # the last one first
    return [*found, {"name": name, "help": about, "colour": COLOURS["bz2"], "totals": transmission.bz2_totals(sent)}]


def _place(side: Side, ids: np.ndarray) -> dict | None:
    """The small map, where the points can be fetched."""
    try:
        url = state.points_urls(side.key, "code", side.bundle)[0]
    except UserError as error:
        st.warning(plain(str(error)))
        return None
    about = f"Map of the codes of {side.title}; the way of the sender, dashed, and of the receiver through {len(ids)} images"
    return {"points_url": url, "ranges": state.ranges(state.shown_ids(side.bundle.images, "test")),
            "path": side.bundle.maps["code"][ids], "about": about}  # fmt: skip


@st.fragment
def _flip(stream: Stream, show: Show, key: str) -> None:
    st.subheader("Turn over one bit")
    st.caption(FLIP)
    last = 32 * len(stream.words) - 1
    _at_most("bit", last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        bit = st.number_input(f"Bit (0, the bottom, to {last:,}, the top)", 0, last, last // 2, key="bit", bind="query-params",
                              width=280)
        if st.button("Turn it over and decode", type="primary"):
            st.session_state["flipped"] = key, bit
    asked = st.session_state.get("flipped")
    if asked is None or asked[0] != key:
        return
    with st.spinner("The receiver decodes the damaged message"), _one_damage_at_a_time():
        damage = _damage(key, asked[1], stream)
    st.markdown(f"**The program**, given the file with bit {asked[1]:,} turned over: “{plain(transmission.refusal(stream, asked[1]))}”")
    right = sum(damage.right)
    st.markdown(f"**Below the checksum**, {right} of {len(stream.received)} images arrive as they were sent"
                f" ({len(damage.images)} came off at all). {plain(damage.word)}")  # fmt: skip
    if len(damage.images):
        st.caption(GARBAGE)
        captions = ["as sent" if same else "wrong" for same in damage.right]
        alts = [f"Received image {n}: {caption}" for n, caption in enumerate(captions, 1)]
        st.html(figures.gallery(damage.images, captions, alts, 2))


@st.cache_resource(show_spinner=False, max_entries=64)
def _damage(key: str, bit: int, _stream: Stream) -> transmission.Damage:
    return transmission.decode_damaged(_stream, bit)


@st.fragment
def _step(show: Show, stream: Stream, whose: Side) -> None:
    st.subheader("One image's transaction")
    st.caption(STEP)
    count = len(stream.steps)
    _at_most("turn", count)
    turn = st.slider("Image, in the sender's order", 1, count, min(2, count), key="turn", bind="query-params") if count > 1 else 1
    place = stream.order[count - turn]
    steps = [(s.what, s.change, s.length) for s in stream.steps[turn - 1] if abs(s.change) > 0.005]  # not what would read 0.0
    before = stream.lengths[turn - 1]
    kind = st.session_state.get("chart", "png")
    picture, chart = st.columns([1, 4])
    name = f"image {show.ids[place]}"
    picture.html(figures.gallery(show.images[[place]], [name], [name], 5))
    with chart:
        draw(transmission_figures.transaction_chart(before, steps), "transaction",
             figures.config(f"transaction-{turn}", kind), alt=_told(before, steps))  # fmt: skip
    rows = [f"| {what} | {change:+.1f} | {length:.1f} | {STEPS.get(what, '').replace('|', BAR)} |" for what, change, length in steps]
    st.markdown("\n".join(["| step | bits | message after | what happens |", "|---|--:|--:|---|", *rows]))
    st.segmented_control("Chart downloads as", ("png", "svg"), default="png", key="chart", required=True, format_func=str.upper,
                         help="The camera above the chart saves it.")  # fmt: skip
    with st.expander("Formula"):
        st.latex(STEP_FORMULA)
        st.markdown(f"This image took {stream.lengths[turn] - before:.1f} bits. A set's first step pops log₂ of the number of images left;"
                    f" over all {count} images that is {order_nats(count):.2f} nats an image.")  # fmt: skip


def _told(before: float, steps) -> str:
    return f"The message is {before:.0f} bits long; then " + "; ".join(f"{what} {change:+.1f}" for what, change, _ in steps)


def _file(stream: Stream, show: Show, whose: Side) -> None:
    st.subheader("The file")
    st.caption(FILE)
    file = f"{whose.bundle.name}-{stream.header.protocol}-{len(show.ids)}.lpv"
    read = transmission.readme(stream, show.images, file, whose.bundle.name)
    with st.container(horizontal=True):
        st.download_button(f"{file} ({len(stream.content):,} bytes)", stream.content, file, "application/octet-stream", on_click="ignore")
        st.download_button("Its README", read, f"{file}.README.txt", "text/plain", on_click="ignore")
    st.code(f"python -m lpvae decompress {file} images.npz", language="sh")
