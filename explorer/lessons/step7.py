"""Step 7, check yourself: the questions, and the teacher's handout."""

import math

import streamlit as st

from explorer.lessons import parts, quiz, shared, step5, words
from explorer.lessons.visit import Visit, seeded
from lpvae.errors import UserError


def render(visited: Visit) -> None:
    """All questions, each answered at once."""
    st.markdown(words.CHECK)
    asked = quiz.questions(visited, facts(visited))
    right = 0
    for number, question in enumerate(asked, 1):
        with parts.place():  # the verdict comes within it, and the questions below stay where they are
            right += _ask(visited, number, question)
    st.markdown("**" + words.SCORE.format(right=right, count=len(asked)) + "**")
    if right == len(asked):
        st.success(words.DONE)


def _ask(visited: Visit, number: int, question: quiz.Question) -> bool:
    """One question; whether the answer that is chosen is right."""
    texts = [option.text for option in question.options]
    key = f"lesson asked {question.text} {texts}"  # another question where the visitor's state has changed
    before = visited.asked.get(key)
    chosen = st.radio(f"**{number}.** {question.text}", texts, key=seeded(key, before if before in texts else None))
    if chosen is None:
        return False
    visited.asked[key] = chosen
    option = question.options[texts.index(chosen)]
    if option.right:
        st.success(words.RIGHT.format(why=option.why))
    else:
        st.warning(words.WRONG.format(why=option.why))
    return option.right


def facts(visited: Visit) -> quiz.Facts | None:
    """What the two models contribute; None where there are none, or no tour."""
    try:
        pair = shared.pair()
        if pair is None:
            return None
        plain, local = map(shared.account, pair)
        sets = shared.sets(pair[1])
        which = visited.ten if visited.ten in sets else next(iter(sets))
        queue = shared.queue(pair[1], which)
        swaps = tuple(shared.swaps(side) for side in pair)
    except UserError:
        return None
    order = step5.order_of(visited, which, len(queue.ids))
    known = not any(map(math.isnan, local.totals.values()))
    return quiz.Facts(swaps, queue, order, plain, local) if known else None
