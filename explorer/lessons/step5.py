"""Step 5, order matters: ten digits in a queue, each billed with the local book of the one before."""

import math

import numpy as np
import streamlit as st

from explorer import lesson_component
from explorer.figures import data_uri
from explorer.lessons import parts, real, shared, words
from explorer.lessons.visit import Visit, seeded
from explorer.morse import orders
from lpvae.costs import bits


def render(visited: Visit) -> None:
    """The queue and its bill."""
    pair = parts.pair()
    if pair is None:
        return
    side = pair[1]
    st.markdown(words.ORDER)
    sets = shared.sets(side)
    if visited.ten not in sets:
        visited.ten = next(iter(sets))
    visited.ten = st.segmented_control(words.TEN_PICKER, list(sets), format_func=words.TEN_SETS.get, required=True,
                                       key=seeded("lesson ten", visited.ten))  # fmt: skip
    queue = shared.queue(side, visited.ten)
    count = len(queue.ids)
    order = order_of(visited, visited.ten, count)
    mine, best = orders.step_bits(queue.costs, queue.first, order), sum(orders.step_bits(queue.costs, queue.first, queue.best))
    with st.container(horizontal=True):
        takes = {words.SHUFFLE: None, words.TAKE_GREEDY: queue.greedy, words.TAKE_BEST: queue.best}
        for name, taken in takes.items():
            st.button(name, on_click=_take, args=(visited, visited.ten, taken, count))
    marks = [{"at": best, "name": words.METER_MARKS["best"]}, {"at": queue.random, "name": words.METER_MARKS["random"]}]
    said = words.ORDER_WORDS | {"meter": words.ORDER_WORDS["meter"].format(total=sum(mine))}
    labels = side.bundle.images.labels[queue.ids]
    cells = [[data_uri(x), f"{label}" if label >= 0 else "", alt]
             for x, label, alt in zip(side.bundle.bits(queue.ids), labels, parts.alts(queue.ids, labels))]  # fmt: skip
    lesson_component.order(cells, order, mine, marks, 1.15 * max(queue.random, sum(mine)), said, f"lesson order {visited.ten}",
                           lambda event: _moved(visited, count, event))  # fmt: skip
    greedy = sum(orders.step_bits(queue.costs, queue.first, queue.greedy))
    names = words.YOURS, words.RANDOM, words.GREEDY, words.BEST.format(count=math.factorial(count))
    totals = sum(mine), queue.random, greedy, best
    parts.metrics(*((name, words.ORDER_VALUE.format(bits=total)) for name, total in zip(names, totals)))
    with parts.place():
        if sum(mine) - best < 0.05:  # what the page shows
            st.success(words.YOU_FOUND_BEST)
    st.caption(words.GREEDY_NOTE)
    st.markdown(_note(queue, shared.account(side)))


def order_of(visited: Visit, which: str, count: int) -> list[int]:
    """The visitor's order of a set; as they lie, where none has been made."""
    order = visited.orders.get(which)
    return order if order and len(order) == count else list(range(count))


def _note(queue: real.Queue, account: real.Account) -> str:
    alone, tour = float(np.sum(queue.alone)), account.totals["tour"] - account.pixels
    if math.isnan(tour):
        return words.ORDER_NOTE_NO_TOUR.format(alone=alone)
    tour, mixture, pixels = (float(bits(nats)) for nats in (tour, account.totals["mixture"] - account.pixels, account.pixels))
    return words.ORDER_NOTE.format(alone=alone, n=account.n, tour=tour, mixture=mixture, pixels=pixels)


def _take(visited: Visit, which: str, order: list[int] | None, count: int) -> None:
    visited.orders[which] = [int(i) for i in np.random.default_rng().permutation(count)] if order is None else list(order)


def _moved(visited: Visit, count: int, event: dict) -> None:
    """An order from the browser; anything else is left out."""
    order = event.get("order")
    if isinstance(order, list) and all(isinstance(i, int) for i in order) and sorted(order) == list(range(count)):
        visited.orders[visited.ten] = order
