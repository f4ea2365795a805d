// Lengths of code words, a row a letter: as thick as the letter is frequent, as long as its word; draggable, within a budget.

import { Line, byKey, clamp, filled, html, mounted } from "./common.js";

class Bars {
  constructor(root) {
    Object.assign(this, { root, line: new Line(), values: [] });
    this.budget = html(root, "div", { class: "budget", role: "img" });
    this.used = html(this.budget, "div", { class: "used" });
    html(this.budget, "div", { class: "limit" });
    this.note = html(root, "p", { class: "note", "aria-live": "polite" });
    this.rows = html(root, "div", { class: "rows" });
  }

  update(component) {
    const fresh = this.line.heard(component), { letters, kraft, words } = component.data;
    const identity = letters.map(({ letter, share }) => letter + share).join();
    this.data = component.data;
    if (identity !== this.identity) this.fill();
    this.identity = identity;
    if (fresh) this.values = letters.map(({ length }) => length);
    this.show();
    // the bar ends at twice the budget
    this.used.style.width = `${Math.min(100, kraft * 50)}%`;
    this.budget.classList.toggle("over", !this.data.within);
    this.budget.setAttribute("aria-label", words.budget);
    this.note.textContent = words.budget;
  }

  fill() {
    this.rows.replaceChildren();
    const { letters, most, words } = this.data, top = Math.max(...letters.map(({ share }) => share));
    this.sliders = letters.map(({ letter, share, percent }, i) => {
      const row = html(this.rows, "div", { class: "row" });
      html(row, "b", {}, letter);
      html(row, "span", { class: "share" }, percent);
      const track = html(row, "div", { class: "track", role: "slider", tabindex: 0, "aria-valuemin": 1, "aria-valuemax": most,
        "aria-label": filled(words.slider, { letter, percent }) });
      const fill = html(track, "div", { class: "fill", style: `height:${3 + 17 * (share / top)}px` });
      const tick = html(track, "div", { class: "tick", hidden: "" });
      const value = html(row, "span", { class: "value" });
      track.onkeydown = (event) => {
        const next = byKey(event, this.values[i], 1, 1, most);
        if (next === null) return;
        event.preventDefault();
        this.set(i, next);
      };
      track.onpointerdown = (event) => {
        track.setPointerCapture(event.pointerId);
        this.point(i, track, event);
      };
      track.onpointermove = (event) => { if (track.hasPointerCapture(event.pointerId)) this.point(i, track, event); };
      return { track, fill, tick, value };
    });
    this.values = letters.map(({ length }) => length);
  }

  point(i, track, event) {
    const { left, width } = track.getBoundingClientRect(), { most } = this.data;
    this.set(i, clamp(Math.round(((event.clientX - left) / width) * most), 1, most));
  }

  set(i, value) {
    if (value === this.values[i]) return;
    this.values = this.values.with(i, value);
    this.show();
    this.line.send({ lengths: Object.fromEntries(this.data.letters.map(({ letter }, j) => [letter, this.values[j]])) });
  }

  show() {
    const { letters, most, words, hint } = this.data;
    this.sliders.forEach(({ track, fill, tick, value }, i) => {
      fill.style.width = `${(100 * this.values[i]) / most}%`;
      tick.hidden = !hint;
      tick.style.left = `${Math.min(100, (100 * letters[i].ideal) / most)}%`;
      value.textContent = this.values[i];
      track.setAttribute("aria-valuenow", this.values[i]);
      track.setAttribute("aria-valuetext", filled(words.value, { bits: this.values[i] }));
    });
  }
}

export default mounted(Bars);
