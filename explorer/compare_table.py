"""The table of models: a real HTML table in groups of columns, whose headers are buttons that sort."""

from collections.abc import Callable
from functools import cache

import streamlit as st

CSS = """
.frame { overflow-x: auto; border: 1px solid var(--st-border-color, #ccc); border-radius: var(--st-base-radius, 0.5rem); }
.frame:focus-visible { outline: 2px solid var(--st-primary-color, #06c); outline-offset: -2px; }
table { border-collapse: separate; border-spacing: 0; font: 0.85rem/1.35 var(--st-font, sans-serif);
        color: var(--st-text-color); width: 100%; }
th, td { padding: 4px 7px; text-align: right; white-space: nowrap; border-top: 1px solid var(--st-border-color, #ccc8); }
thead th { border-top: 0; vertical-align: bottom; font-weight: 500; white-space: normal; }
thead tr:first-child th { white-space: nowrap; }
thead tr:first-child th { text-align: left; font-size: 0.78rem; opacity: 0.85; }
.first { border-left: 2px solid var(--st-border-color, #999); }
tr > :first-child { position: sticky; left: 0; text-align: left; background: var(--st-background-color, #fff); border-left: 0; z-index: 1; }
tbody th { font-weight: 600; max-width: 15rem; overflow: hidden; text-overflow: ellipsis; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 2px 0; cursor: pointer; text-align: inherit;
         text-decoration: underline dotted; text-underline-offset: 3px; }
button:focus-visible { outline: 2px solid var(--st-primary-color, #06c); outline-offset: 2px; }
th[aria-sort] button { font-weight: 700; text-decoration: none; }
.best { font-weight: 700; }
small { display: block; opacity: 0.7; font-size: 0.75rem; }
.incomplete { font-style: italic; color: color-mix(in srgb, var(--st-text-color) 75%, transparent);
  background: repeating-linear-gradient(-45deg, transparent 0 6px, color-mix(in srgb, var(--st-text-color) 12%, transparent) 6px 8px); }
@media (max-width: 40rem) {
  tbody th { min-width: 6.5rem; max-width: 8.5rem; white-space: normal; overflow-wrap: break-word; }
  tbody th small { display: none; }
}
"""

# Text goes in by textContent alone. A button that had the focus has it again after a sort.
JS = """
function cell(tag, text, classes) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}
export default function ({ parentElement, data, setTriggerValue }) {
  const table = parentElement.querySelector("table");
  const focused = table.getRootNode().activeElement?.dataset?.key;
  parentElement.querySelector(".frame").setAttribute("aria-label", data.caption);
  const groups = document.createElement("tr"), heads = document.createElement("tr");
  for (const { text, span, classes } of data.groups) {
    const head = cell("th", text, classes);
    head.colSpan = span;
    head.scope = "colgroup";
    groups.append(head);
  }
  for (const { key, label, help, classes } of data.columns) {
    const head = cell("th", "", classes), button = cell("button", label);
    head.scope = "col";
    if (data.sort === key) {
      head.setAttribute("aria-sort", data.descending ? "descending" : "ascending");
      button.textContent = label + (data.descending ? " \\u25bc" : " \\u25b2");
    }
    button.title = help;
    button.dataset.key = key;
    button.onclick = () => setTriggerValue("sorted", key);
    head.append(button);
    heads.append(head);
  }
  const rows = data.rows.map((cells) => {
    const row = document.createElement("tr");
    cells.forEach(({ text, under, hint, classes }, i) => {
      const made = cell(i ? "td" : "th", text, classes);
      if (!i) made.scope = "row";
      if (hint) made.title = hint;
      if (under) made.append(cell("small", under));
      row.append(made);
    });
    return row;
  });
  const head = document.createElement("thead"), body = document.createElement("tbody");
  head.append(groups, heads);
  body.append(...rows);
  table.replaceChildren(head, body);
  [...table.querySelectorAll("button")].find((button) => button.dataset.key === focused)?.focus();
}
"""


def models_table(groups: list[dict], columns: list[dict], rows: list[list[dict]], sort: str, descending: bool, caption: str,
                 key: str, on_sort: Callable[[str], None]) -> None:  # fmt: skip
    """Show the rows as they come; a press on a header calls back with its column's key.

    groups: {text, span, classes}; columns: {key, label, help, classes}; a row's cells: {text, under, hint, classes}, the
    first one its name. All text is plain.
    """
    data = {"groups": groups, "columns": columns, "rows": rows, "sort": sort, "descending": descending, "caption": caption}

    def changed() -> None:
        # the state of a table that has left the page meanwhile is gone: an error would lose whatever else was clicked
        if (pressed := (st.session_state.get(key) or {}).get("sorted")) is not None:
            on_sort(str(pressed))

    _component()(key=key, data=data, on_sorted_change=changed)


@cache
def _component() -> Callable:
    html = '<div class="frame" role="region" tabindex="0"><table></table></div>'
    return st.components.v2.component("lpvae_models_table", html=html, css=CSS, js=JS)
