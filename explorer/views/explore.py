"""The one page: two linked maps, and what two models say of the selected image."""

import math
import re

import numpy as np
import streamlit as st

from explorer import answers, figures, state
from explorer.component import linked_maps
from explorer.gallery import choosable
from explorer.state import Selection, Side
from explorer.views import words
from lpvae.errors import UserError


def render() -> None:
    """The page, from the top down."""
    st.html("<style>[data-testid=stMainBlockContainer] { padding-top: 3rem; }</style>")  # room for the maps on a projector
    st.header(words.TITLE)
    st.markdown(words.LEAD)
    names = state.names()
    if not names:
        st.info(words.NO_BUNDLES.format(folder=state.models_folder()))
        return
    for message in state.start(names):
        st.warning(_plain(message))
    sides = _sides(names)
    if sides:
        _pickers(names)
        _explore(*sides)


def _sides(names: list[str]) -> tuple[Side, Side] | None:
    """The two chosen bundles; instead of one that cannot be read, another that can, and the reason."""
    left = _first_that_loads("left", names)
    right = left and _first_that_loads("right", names)
    if right and right.bundle.images.sha256 != left.bundle.images.sha256:
        st.warning(
            f"{_plain(right.bundle.name)} was made from other images than {_plain(left.bundle.name)}, so the two maps cannot"
            f" be linked: {_plain(left.bundle.name)} is shown on both."
        )
        right = Side("right", left.bundle, left.key)
        st.session_state["right"] = left.bundle.name
    return (left, right) if right else None


def _first_that_loads(side: str, names: list[str]) -> Side | None:
    asked = st.session_state[side]
    other = st.session_state["right" if side == "left" else "left"]
    for name in sorted(names, key=lambda n: (n != asked, n == other)):
        try:
            loaded = state.load(side, name)
        except UserError as error:
            if name == asked:
                st.error(_plain(str(error)))
            continue
        st.session_state[side] = name
        return loaded
    st.error("None of the models can be read, so there is nothing to show.")
    return None


def _pickers(names: list[str]) -> None:
    for column, side in zip(st.columns(2), ("left", "right")):
        column.selectbox(f"Model on the {side}", names, key=side)


@st.fragment
def _explore(left: Side, right: Side) -> None:
    """All that a click changes; a click runs this alone."""
    images, table = left.bundle.images, left.bundle.table
    selection, messages = state.current().fitted(images, len(table))
    state.store(selection)
    _controls(selection, images, len(table))
    for message in [*messages, *st.session_state.pop("notices", [])]:
        st.warning(_plain(message))
    sides = left, right
    given = [answers.answer(s.bundle, selection.id, selection.k, selection.neighbour, selection.second) for s in sides]
    sheets = _maps(sides, given, selection)
    state.write_address(selection)
    drawn = [state.pictures(side, answer) for side, answer in zip(sides, given)]
    _reconstructions(sides, drawn, selection)
    _neighbours(sides, given, selection)
    _strips(sides, given, drawn, selection)
    _priors(sides, given, drawn)
    _bill(sides, selection)
    if not sheets.ready:
        _await_sheets(sheets)


def _controls(selection: Selection, images, table_size: int) -> None:
    counts = {"test": len(state.shown_ids(images, "test")), "all": len(images.pixels)}
    ids = state.shown_ids(images, selection.show)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Show", state.SHOWS, key="show", required=True, format_func=lambda s: words.SHOWS[s].format(**counts)
        )
        st.segmented_control(
            "Maps of", state.WHATS, key="what", required=True, format_func=words.WHATS.get, help=words.WHAT_HELP
        )
        last = len(images.pixels) - 1
        st.number_input(f"Image (row 0 to {last:,})", key="id", step=1, on_change=_keep_in_range,
                        args=("id", selection.id, last), width=190)  # fmt: skip
        labels = [int(label) for label in np.unique(images.labels) if label >= 0]
        if labels:
            st.selectbox("Random of label", labels, index=None, placeholder="any", key="label", width=150,
                         on_change=_choose_random, args=(ids, images.labels))  # fmt: skip
        st.button("Random", on_click=_choose_random, args=(ids, images.labels), help="A random image of those shown.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = state.max_k(table_size)
        if most > 1:
            st.slider("Neighbours, K", 1, most, key="k", help=words.K_HELP, width=330)
        st.number_input(f"Neighbour (1 to {selection.k})", key="neighbour", step=1, on_change=_keep_in_range,
                        args=("neighbour", selection.neighbour, selection.k, 1), help=words.NEIGHBOUR_HELP, width=190)  # fmt: skip
        st.number_input("Second image (row, or empty)", value=None, key="second", step=1, on_change=_keep_in_range,
                        args=("second", selection.second, last), help=words.SECOND_HELP, width=230,
                        placeholder="none")  # fmt: skip


def _keep_in_range(key: str, before: int | None, last: int, first: int = 0) -> None:
    """A number outside its range is put back, and the page says so."""
    value = st.session_state[key]
    if value is None and key == "second":
        return
    if value is None or not first <= value <= last:
        what = "neighbour" if key == "neighbour" else "image"
        asked = f"There is no {what} {value:,}: " if value is not None else ""
        _notice(f"{asked}choose a number from {first} to {last:,}.")
        st.session_state[key] = before
    elif key == "id":
        st.session_state["neighbour"] = 1


def _notice(text: str) -> None:
    st.session_state.setdefault("notices", []).append(text)


def _choose_random(ids: np.ndarray, labels: np.ndarray) -> None:
    label = st.session_state.get("label")
    if label is not None and (labels[ids] == label).any():
        ids = ids[labels[ids] == label]
    _select(int(np.random.default_rng().choice(ids)))


def _select(image: int) -> None:
    st.session_state["id"], st.session_state["neighbour"] = image, 1


def _choose(rank: int) -> None:
    st.session_state["neighbour"] = rank


def _clicked(event: dict | None) -> None:
    """A click on the maps: a new image, a second one, or Escape."""
    if not event:
        return
    if event["kind"] == "select" and event["id"] is not None:
        _select(int(event["id"]))
    else:
        st.session_state["second"] = event["id"] if event["kind"] == "second" else None


def _maps(sides, given, selection: Selection) -> state.Sheets:
    """The linked pair. The first map waits for no thumbnails: a thread draws them."""
    images, seed = sides[0].bundle.images, sides[0].bundle.seed
    shown, marks = {}, {}
    for side, answer in zip(sides, given):
        points, values = state.points_urls(side.key, selection.what, side.bundle)
        shown[side.name] = {"title": f"{side.bundle.name} · {words.WHATS[selection.what]}", "points_url": points, "values_url": values, "values_name": "bits"}
        table = state.map_table(side.key, selection.what, side.bundle)
        marks[side.name] = answers.marks(answer, table, side.bundle.maps[selection.what])
    sheets = state.sprites(images.sha256, seed, sides[0].bundle)
    common = {
        "labels_url": state.labels_url(images.sha256, images),
        "label_names": [str(label) for label in range(int(images.labels.max()) + 1)],
        "ranges": state.ranges(state.shown_ids(images, selection.show)),
        "sprite_urls": list(sheets.urls), "sprite_side": images.side, "sprite_rows_per_sheet": state.SHEET,
    }  # fmt: skip
    linked_maps(**shown, common=common, selected=selection.id, second=selection.second, marks=marks, key="maps",
                on_event=_clicked)  # fmt: skip
    if sheets.error:
        st.warning(_plain(sheets.error[0]))
    return sheets


@st.fragment(run_every="1s")
def _await_sheets(sheets: state.Sheets) -> None:
    if sheets.ready:
        st.rerun()


def _neighbours(sides, given, selection: Selection) -> None:
    _heading("Its neighbours", words.NEIGHBOURS)
    for column, side, answer in zip(_columns(sides), sides, given):
        labels = side.bundle.images.labels
        captions = [f"{_label(labels[i])}\n{d:.2f}" for i, d in zip(answer.near.ids, answer.near.distances)]
        alts = [f"Neighbour {rank}: image {i}, {_label(labels[i])}" for rank, i in enumerate(answer.near.ids, 1)]
        with column:
            choosable(side.bundle.bits(answer.near.ids), captions, alts, selection.neighbour, f"near-{side.name}", _choose)
        same = (labels[answer.near.ids] == labels[selection.id]).sum()
        if labels[selection.id] >= 0:
            column.caption(f"{same} of {selection.k} have the image's label, {labels[selection.id]}. Distances are Euclidean.")


def _reconstructions(sides, drawn, selection: Selection) -> None:
    _heading("The image and its reconstruction", words.RECONSTRUCTION)
    for column, side, pictures in zip(_columns(sides), sides, drawn):
        x = side.bundle.bits(np.array([selection.id]))[0]
        label = _label(side.bundle.images.labels[selection.id])
        pair = np.stack([x, pictures.reconstruction])
        captions = [f"image {selection.id}: {label}", "reconstruction"]
        column.html(figures.gallery(pair, captions, [f"Image {selection.id}, {label}", "Its reconstruction"], 5))


def _strips(sides, given, drawn, selection: Selection) -> None:
    _heading("From here to there", words.STRIP)
    for column, side, answer, pictures in zip(_columns(sides), sides, given, drawn):
        towards = f"neighbour {selection.neighbour}" if selection.second is None else "the second image"
        steps = np.linspace(0, 100, answers.FRAMES)
        captions = ["start", *[f"{step:.0f} %" for step in steps[1:-1]], "end"]
        alts = [f"Interpolation, {step:.1f} percent of the way" for step in steps]
        column.html(figures.gallery(pictures.strip, captions, alts, 2))
        label = _label(side.bundle.images.labels[answer.target])
        column.caption(f"From image {answer.image} to {towards}, image {answer.target} ({label}).")


def _priors(sides, given, drawn) -> None:
    _heading("What the prior expects", words.PRIOR)
    for column, side, answer, pictures in zip(_columns(sides), sides, given, drawn):
        with column:
            local = side.bundle.model.prior.needs_neighbour
            name = "local prior p(z|ĉ)" if local else "prior N(0, I)"
            book = answer.book
            chart = figures.codebook_chart(book.code, book.mean, book.deviation, book.kl_bits, name)
            st.plotly_chart(chart, key=f"codebook-{side.name}", config={"displayModeBar": False},
                            alt=f"Per dimension: posterior, {name} and N(0, 1), and the bits between them")  # fmt: skip
            st.markdown(_sum_of_bits(side, answer, local))
            captions = [f"sample {n}" for n in range(1, answers.PICTURES + 1)]
            st.html(figures.gallery(pictures.from_prior, captions, captions, 3))
    st.caption(words.PRIOR_PICTURES)
    with st.popover("Formula"):
        st.latex(r"\mathrm{KL}\big(q(z|x)\,\|\,p(z|\hat c)\big) = \sum_{d} \mathrm{KL}\big(\mathcal{N}(c_d, 1)\,\|\,p(z_d|\hat c)\big)")
        st.markdown("In bits: divided by ln 2. $c$ is the image's code, $\\hat c$ the neighbour's.")


def _sum_of_bits(side: Side, answer: answers.Answer, local: bool) -> str:
    total = answer.book.kl_bits.sum()
    if not local:
        return f"The dimensions sum to **{total:.2f} bits**: the latent bill under N(0, I). No neighbour is asked."
    free = answers.bill(side.bundle, answer.image)[0].latent_bits
    estimated = "" if side.bundle.config.prior_components == 1 else " (estimated from one sample of z)"
    return (
        f"Given neighbour {answer.chosen}, the dimensions sum to **{total:.2f} bits**; the mean over the"
        f" {side.bundle.config.neighbours} nearest is the bill's free neighbour, {free:.2f} bits{estimated}."
    )


def _bill(sides, selection: Selection) -> None:
    _heading("The bill", words.BILL)
    bills = [answers.bill(side.bundle, selection.id) for side in sides]
    chart = [_bar(side, line) for side, lines in zip(sides, bills) for line in lines if _in_picture(side, line)]
    st.plotly_chart(figures.bill_chart(chart), key="bill", config={"displayModeBar": False},
                    alt="Bits for the pixels and for the latent, by model and protocol; the same figures stand in the table")  # fmt: skip
    order = max(answers.order_bits(side.bundle) for side in sides)
    header = [f"{side.name}, {part} (bits)" for side in sides for part in ("latent", "total")]
    rows = [("pixels", words.PIXELS, [cell for lines in bills for cell in (f"{lines[0].pixel_bits:.1f}", "")])]
    for protocol in answers.PROTOCOLS:
        name = words.PROTOCOLS[protocol] + (" (incomplete)" if protocol in words.INCOMPLETE else "")
        cells = [cell for lines in bills for cell in _cells(lines, protocol)]
        rows.append((name, words.EXPLAINED[protocol].format(order=order), cells))
    st.html(figures.bill_table(header, rows))
    st.caption("left: {}, right: {}. Hover over a line's name to see what it means.".format(
        *(_plain(side.bundle.name) for side in sides)))
    for note in _notes(sides, bills, selection):
        st.caption(note)
    with st.expander("What each line means, with its formula"):
        for protocol in answers.PROTOCOLS:
            st.markdown(f"**{words.PROTOCOLS[protocol]}.** {words.EXPLAINED[protocol].format(order=order)}")
            st.latex(words.FORMULAS[protocol])
        st.markdown("**pixels**, added to each:")
        st.latex(words.PIXELS_FORMULA)


def _in_picture(side: Side, line: answers.Line) -> bool:
    """Under N(0, I) a local model's far-out codes would cost so much that every other bar would vanish."""
    return not math.isnan(line.latent_bits) and (line.protocol != "global" or not side.bundle.model.prior.needs_neighbour)


def _bar(side: Side, line: answers.Line) -> tuple:
    complete = line.protocol not in words.INCOMPLETE
    name = f"{side.name} · {words.PROTOCOLS[line.protocol]}" + ("" if complete else "<br>not a complete code")
    return name, line.pixel_bits, line.latent_bits, complete


def _cells(lines: list[answers.Line], protocol: str) -> list[str]:
    line = next(line for line in lines if line.protocol == protocol)
    if math.isnan(line.latent_bits):
        return ["–", "–"]
    return [f"{line.latent_bits:.2f}", f"{line.total_bits:.1f}"]


def _notes(sides, bills, selection: Selection) -> list[str]:
    """Why a dash is a dash, and whose K the bill speaks of."""
    notes = []
    for side, lines in zip(sides, bills):
        reasons = dict.fromkeys(line.reason for line in lines if line.reason)
        if reasons:
            notes.append(f"– for {_plain(side.bundle.name)}: {'; '.join(reasons)}.")
        k = side.bundle.config.neighbours
        if side.bundle.model.prior.needs_neighbour:
            if k != selection.k:
                notes.append(f"The bill of {_plain(side.bundle.name)} is for its own K = {k}, not for the {selection.k} shown.")
            notes.append(f"N(0, I) is not what {_plain(side.bundle.name)} was trained with; the picture leaves it out.")
    return list(dict.fromkeys(notes))


def _heading(text: str, caption: str) -> None:
    st.subheader(text)
    st.caption(caption)


def _columns(sides):
    columns = st.columns(2)
    for column, side in zip(columns, sides):
        column.markdown(f"**{_plain(side.bundle.name)}**")
    return columns


def _label(label) -> str:
    return f"label {label}" if label >= 0 else "no label"


def _plain(text: str) -> str:
    """Text that is not ours (a folder's name, a part of an address), for Streamlit's markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:&])", r"\\\1", text)
