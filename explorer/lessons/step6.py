"""Step 6, no free lunch: what an order could say, and the honest accounts beside each other."""

import html
import math

import streamlit as st

from explorer.lessons import charts, parts, shared, step5, words
from explorer.lessons.real import Account
from explorer.lessons.visit import Visit, seeded
from explorer.morse import orders
from lpvae.costs import NATS_PER_BIT, bits

PUBLISHED = 81.30  # nats an image; source: words.PUBLISHED_SOURCE
COUNTS = (2, 5, 10, 52, 100, 1_000, 10_000)


def render(visited: Visit) -> None:
    """Decide, then see."""
    pair = parts.pair()
    if pair is None:
        return
    plain, local = map(shared.account, pair)
    if math.isnan(local.totals["tour"]):
        st.info(words.MISSING)
        return
    st.markdown(words.LUNCH.format(n=local.n, tour=local.totals["tour"], plain=plain.totals["global"],
                                   gap=plain.totals["global"] - local.totals["tour"], nat=1 / NATS_PER_BIT))  # fmt: skip
    guess = parts.guess(visited, "lunch", words.LUNCH_QUESTION, words.LUNCH_ANSWERS)
    if not guess:
        return
    st.markdown(_verdict(guess, plain, local))
    _what_order_says(visited, pair[1])
    _accounts(plain, local)


def _verdict(guess: str, plain: Account, local: Account) -> str:
    """The difference is the sum of what stays for one image alone and of what came with the order."""
    alone, spent = merit(plain, local), local.totals["mixture"] - local.totals["tour"]
    verdict = {"merit": "most", "order": "part"}.get(guess, guess) if alone > spent else guess
    return words.LUNCH_VERDICTS[verdict].format(merit=alone, spent=spent, gap=alone + spent, n=local.n, order=local.order,
                                                local_pixels=local.pixels, plain_pixels=plain.pixels)  # fmt: skip


def merit(plain: Account, local: Account) -> float:
    """Nats an image that the local books save where both models send one image alone."""
    return plain.totals["global"] - local.totals["mixture"]


def _what_order_says(visited: Visit, side) -> None:
    st.subheader(words.ORDER_SAYS)
    st.markdown(words.ORDER_SAYS_LEAD)
    visited.count = st.select_slider(words.COUNT, COUNTS, key=seeded("lesson count", visited.count), format_func="{:,}".format)
    whole = orders.order_bits(visited.count)
    each = words.ORDER_EACH_VALUE.format(bits=whole / visited.count, nats=whole / visited.count * NATS_PER_BIT)
    parts.metrics((words.ORDER_BITS, f"{whole:,.1f} bits"), (words.ORDER_EACH, each))
    queue = shared.queue(side, next(iter(shared.sets(side))) if visited.ten not in shared.sets(side) else visited.ten)
    order = step5.order_of(visited, visited.ten, len(queue.ids))
    saved = queue.random - sum(orders.step_bits(queue.costs, queue.first, order))
    text = words.YOUR_TEN if saved >= 0 else words.YOUR_TEN_DEAR
    st.markdown(text.format(saved=abs(saved), could=orders.order_bits(len(order))))
    parts.beneath(words.ORDER_FORMULA)


def rows(plain: Account, local: Account) -> list[tuple[str, str, float]]:
    """(name, kind, nats an image) of every account that is shown."""
    names = words.ACCOUNT_NAMES
    return [
        (names["plain"], "alone", plain.totals["global"]), (names["pointer"], "alone", local.totals["pointer"]),
        (names["mixture"], "alone", local.totals["mixture"]), (names["published"], "alone", PUBLISHED),
        (names["tour"], "ordered", local.totals["tour"]), (names["set_plain"], "set", plain.totals["set"]),
        (names["set_local"], "set", local.totals["set"]), (names["set_published"], "set", PUBLISHED - local.order),
    ]  # fmt: skip


def _accounts(plain: Account, local: Account) -> None:
    st.subheader(words.ACCOUNTS)
    st.markdown(words.ACCOUNTS_LEAD.format(n=local.n))
    shown = rows(plain, local)
    parts.chart(charts.accounts(shown), "lesson accounts", words.ACCOUNT_ALT)
    with st.expander(words.TABLE):
        st.html(_table(shown))
    note = words.SET_NOTE.format(order=local.order, published=PUBLISHED, n=local.n, set_published=PUBLISHED - local.order)
    st.markdown(note + (words.SET_NOTE_END if PUBLISHED - local.order < local.totals["tour"] else ""))
    st.subheader(words.MERIT)
    known = not any(map(math.isnan, (*plain.probes, *local.probes)))
    text = words.MERIT_NOTE if known else words.MERIT_NOTE_NO_PROBE
    st.markdown(text.format(merit=merit(plain, local), plain=plain.totals["global"], mixture=local.totals["mixture"],
                            local_z=local.probes[1], plain_z=plain.probes[1]))  # fmt: skip
    with st.popover(words.SOURCES):
        st.markdown(words.PUBLISHED_SOURCE.format(published=PUBLISHED))


def _table(shown: list[tuple[str, str, float]]) -> str:
    cell = '<td style="text-align:{};padding:3px 10px">{}</td>'
    head = "".join(f'<th scope="col" style="padding:3px 10px">{html.escape(text)}</th>' for text in words.ACCOUNT_TABLE)
    body = "".join(
        "<tr>" + cell.format("left", html.escape(name)) + cell.format("left", html.escape(words.ACCOUNT_KINDS[kind]))
        + cell.format("right", f"{nats:.2f}") + cell.format("right", f"{float(bits(nats)):.2f}") + "</tr>"
        for name, kind, nats in shown
    )  # fmt: skip
    return f'<div style="overflow-x:auto"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
