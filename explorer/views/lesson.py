"""The Morse lesson's page: which step the address asks for, the way on and back, and the step itself."""

import time
from importlib import import_module

import streamlit as st

from explorer import state
from explorer.lessons import parts, shared, visit, words

COUNT = len(words.STEPS)
LATE = 3.0  # seconds for which a browser may not have heard of an address that we replaced
RECENT = 7  # addresses that a visitor clicks through in that time
AT = "lesson at"  # the session's step
PROJECTOR = "projector"
PLAIN_CSS = "<style>[data-testid=stMainBlockContainer] { padding-top: 3.5rem; max-width: 72rem; }</style>"
# Streamlit measures in rem, so the root's size enlarges all of it.
PROJECTOR_CSS = """<style>
html { font-size: clamp(18px, 1.75vw, 30px); }
[data-testid=stSidebar], [data-testid=stHeader], [data-testid=stToolbar] { display: none; }
[data-testid=stMainBlockContainer] { padding-top: 1rem; max-width: 100%; }
</style>"""


def render() -> None:
    """The page, from the top down."""
    shared.prefetch(str(state.models_folder()))
    number, projected = _take_address()
    st.html(PROJECTOR_CSS if projected else PLAIN_CSS)
    with parts.place():
        if not projected:
            st.header(words.TITLE)
            st.markdown(words.LEAD)
    _picker(number)
    st.subheader(words.STEP.format(number=number, count=COUNT, name=words.STEPS[number - 1]))
    with parts.place():
        if asked := st.session_state.pop("lesson unknown step", None):
            st.warning(words.UNKNOWN_STEP.format(asked=asked, count=COUNT))
    _step(number)
    _ways(number)
    st.toggle(words.PROJECTOR, key="lesson projector", help=words.PROJECTOR_HELP)
    if not projected:
        _for_teachers()


def _picker(number: int) -> None:
    # Another widget for every step: a browser that has not heard of a new step yet still sends the old one's value.
    key = f"lesson step {number}"
    st.pills(words.STEP_PICKER, range(1, COUNT + 1), format_func=lambda n: f"{n} {words.STEPS[n - 1]}", default=number, key=key,
             required=True, label_visibility="collapsed", on_change=lambda: _go(st.session_state[key]))  # fmt: skip


@st.fragment
def _step(number: int) -> None:
    """What the visitor does within a step runs this alone."""
    if number != st.session_state[AT]:  # the way on was clicked while the step was at work, and Streamlit took both for one
        st.rerun()
    import_module(f"explorer.lessons.step{number}").render(visit.current())


def _take_address() -> tuple[int, bool]:
    """The step and the mode: what a changed address asks for, else what the widgets say; the address then says the same."""
    session, query = st.session_state, st.query_params
    address = (query.get("step"), query.get("mode"))
    if AT not in session or _is_new(address):
        number = _number(address[0])
        if number is None and address[0] is not None:
            session["lesson unknown step"] = ascii(address[0][:20])
        session[AT] = number or 1
        session["lesson projector"] = address[1] == PROJECTOR
    number, projected = session[AT], session["lesson projector"]
    wanted = {"step": str(number)} | ({"mode": PROJECTOR} if projected else {})
    if query.to_dict() != wanted:
        query.from_dict(wanted)
    ours = (wanted["step"], wanted.get("mode"))
    if ours != session.get("lesson address"):
        session["lesson replaced"] = *session.get("lesson replaced", ())[-RECENT:], (session.get("lesson address"), time.monotonic())
        session["lesson address"] = ours
    return number, projected


def _is_new(address: tuple[str | None, str | None]) -> bool:
    """Whether the visitor changed the address; not so where a quick click was sent before the browser heard of our own change."""
    session = st.session_state
    late = [before for before, when in session.get("lesson replaced", ()) if time.monotonic() - when < LATE]
    return address not in (session.get("lesson address", address), *late)


def _number(text: str | None) -> int | None:
    known = {str(n): n for n in range(1, COUNT + 1)}
    return known.get(text) if text is not None else None


def _ways(number: int) -> None:
    """To the step before and the step after."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        for to, text in ((number - 1, words.BEFORE), (number + 1, words.AFTER)):
            if 1 <= to <= COUNT:
                st.button(text.format(name=words.STEPS[to - 1]), key=f"lesson to {text[0]}", on_click=_go, args=(to,))


def _go(number: int) -> None:
    st.session_state[AT] = number


def _for_teachers() -> None:
    with st.expander(words.TEACHERS):
        st.markdown(words.TEACHERS_NOTE.format(address="lesson?step=3"))
        st.download_button(words.HANDOUT, _handout, file_name=words.HANDOUT_FILE, mime="text/markdown", on_click="ignore")


def _handout() -> str:
    from explorer.lessons import handout

    return handout.text()
