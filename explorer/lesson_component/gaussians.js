// A posterior N(c, 1) and a codebook N(m, s²), both draggable; the surprise under each; KL as an area.

import { Line, byKey, clamp, enlarged, html, mounted, onWidth, svg } from "./common.js";

const LEFT = 8, RIGHT = 8, POINTS = 241;
const PANELS = { density: [18, 150], surprise: [206, 90], area: [332, 96] }; // top and height
const HEIGHT = 460, DEEPEST = 14; // bits of surprise that are shown

const density = (z, m, s) => Math.exp(-((z - m) ** 2) / (2 * s * s)) / (s * Math.sqrt(2 * Math.PI));
const surprise = (z, m, s) => ((z - m) ** 2 / (2 * s * s) + Math.log(s) + 0.5 * Math.log(2 * Math.PI)) / Math.LN2;

class Gaussians {
  constructor(root) {
    Object.assign(this, { root, line: new Line() });
    this.picture = svg(root, "svg", { class: "gaussians", role: "group" });
    this.drawing = svg(this.picture, "g");
    // made once: a handle that a finger or the focus is on must outlive every drawing
    this.handles = { c: this.handle("c", "q"), m: this.handle("m", "p"), s: this.handle("s", "p square") };
    this.note = html(root, "p", { class: "note", "aria-live": "polite" });
    this.observer = onWidth(root, () => this.draw());
  }

  update(component) {
    const fresh = this.line.heard(component);
    this.data = component.data;
    if (fresh) this.at = { c: this.data.c, m: this.data.m, s: this.data.s };
    this.note.textContent = this.data.words.sum;
    this.draw();
  }

  x(z) { return LEFT + ((z - this.data.low) / (this.data.high - this.data.low)) * (this.width - LEFT - RIGHT); }
  z(x) { return this.data.low + ((x - LEFT) / (this.width - LEFT - RIGHT)) * (this.data.high - this.data.low); }

  grid() {
    const { low, high } = this.data;
    return Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));
  }

  draw() {
    this.zoom = enlarged();
    this.width = Math.round(this.root.clientWidth / this.zoom);
    if (!this.data || !this.width) return;
    const { c, m, s } = this.at, { words } = this.data;
    this.drawing.replaceChildren();
    for (const [k, v] of Object.entries({ viewBox: `0 0 ${this.width} ${HEIGHT}`,
      width: this.width * this.zoom, height: HEIGHT * this.zoom,
      "aria-label": words.picture })) this.picture.setAttribute(k, v);
    const tallest = Math.max(density(c, c, 1), density(m, m, s)) * 1.12;
    const up = (value, [top, height]) => top + height - clamp(value, 0, 1.02) * height;
    this.panel("density", words.density);
    this.curve("q fill", (z) => up(density(z, c, 1) / tallest, PANELS.density), PANELS.density, true);
    this.curve("q", (z) => up(density(z, c, 1) / tallest, PANELS.density));
    this.curve("p", (z) => up(density(z, m, s) / tallest, PANELS.density));
    this.panel("surprise", words.surprise);
    for (const [name, mean, width] of [["q", c, 1], ["p", m, s]]) { // no further than the panel is high
      this.curve(name, (z) => up(surprise(z, mean, width) / DEEPEST, PANELS.surprise), null, false,
        this.grid().filter((z) => surprise(z, mean, width) <= DEEPEST));
    }
    this.area(c, m, s);
    this.axis();
    this.place("c", c, up(density(c, c, 1) / tallest, PANELS.density));
    this.place("m", m, up(density(m, m, s) / tallest, PANELS.density));
    this.place("s", m + s, up(density(m + s, m, s) / tallest, PANELS.density));
  }

  panel(name, title) {
    const [top, height] = PANELS[name];
    svg(this.drawing, "text", { x: LEFT, y: top - 5, class: "key" }, title);
    svg(this.drawing, "line", { x1: LEFT, x2: this.width - RIGHT, y1: top + height, y2: top + height, class: "axis" });
  }

  curve(name, y, panel, closed, grid = this.grid()) {
    const points = grid.map((z) => `${this.x(z).toFixed(1)},${y(z).toFixed(1)}`);
    if (closed) {
      const base = panel[0] + panel[1];
      points.unshift(`${this.x(this.data.low)},${base}`);
      points.push(`${this.x(this.data.high)},${base}`);
    }
    svg(this.drawing, closed ? "polygon" : "polyline", { points: points.join(" "), class: `curve ${name}` });
  }

  // Extra bits at z times how often z comes: above the axis z costs more than under its own book, below it less.
  area(c, m, s) {
    const [top, height] = PANELS.area, grid = this.grid();
    const values = grid.map((z) => density(z, c, 1) * (surprise(z, m, s) - surprise(z, c, 1)));
    const most = Math.max(1.2, ...values), least = Math.min(-0.25, ...values), scale = height / (most - least);
    const y = (value) => top + (most - value) * scale, zero = y(0);
    svg(this.drawing, "text", { x: LEFT, y: top - 5, class: "key" }, this.data.words.area);
    svg(this.drawing, "line", { x1: LEFT, x2: this.width - RIGHT, y1: zero, y2: zero, class: "axis" });
    for (const [sign, name] of [[1, "more"], [-1, "less"]]) {
      const points = grid.map((z, i) => `${this.x(z).toFixed(1)},${y(sign * Math.max(0, sign * values[i])).toFixed(1)}`);
      svg(this.drawing, "polygon", { class: `curve ${name}`,
        points: [`${LEFT},${zero}`, ...points, `${this.width - RIGHT},${zero}`].join(" ") });
    }
    const step = grid[1] - grid[0];
    this.root.dataset.area = values.reduce((sum, value) => sum + value * step, 0).toFixed(4);
  }

  axis() {
    const { low, high } = this.data, wide = (high - low) / (this.width / 46);
    const step = [1, 2, 5, 10, 20, 50].find((size) => size >= wide) ?? 100;
    for (let z = Math.ceil(low / step) * step; z <= high; z += step) {
      svg(this.drawing, "text", { x: this.x(z), y: HEIGHT - 18, class: "key", "text-anchor": "middle" }, z);
    }
    svg(this.drawing, "text", { x: this.width / 2, y: HEIGHT - 2, class: "key", "text-anchor": "middle" }, "z");
  }

  handle(name, look) {
    const group = svg(this.picture, "g", { class: `handle ${look}`, tabindex: 0, role: "slider", "data-handle": name });
    svg(group, "circle", { r: 22, class: "reach" });
    if (look.endsWith("square")) svg(group, "rect", { x: -8, y: -8, width: 16, height: 16, class: "grip" });
    else svg(group, "circle", { r: 9, class: "grip" });
    svg(group, "text", { y: 4, "text-anchor": "middle", class: "name" }, name);
    group.onkeydown = (event) => {
      const next = byKey(event, this.at[name], 0.1, ...this.limits(name));
      if (next === null) return;
      event.preventDefault();
      this.set(name, next);
    };
    group.onpointerdown = (event) => {
      event.preventDefault();
      group.focus({ preventScroll: true });
      this.drag(name, ...this.limits(name), event.pointerId);
    };
    return group;
  }

  limits(name) {
    const { low, high, narrowest, widest } = this.data;
    return name === "s" ? [narrowest, widest] : [low, high];
  }

  place(name, z, y) {
    const [least, most] = this.limits(name), x = clamp(this.x(z), LEFT, this.width - RIGHT);
    for (const [k, v] of Object.entries({ transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
      "aria-label": this.data.words[name], "aria-valuemin": least, "aria-valuemax": most,
      "aria-valuenow": this.at[name].toFixed(2) })) this.handles[name].setAttribute(k, v);
  }

  drag(name, least, most, pointer) { // the pointer may leave the handle, so the window listens
    const move = (event) => {
      if (event.pointerId !== pointer) return;
      const z = this.z((event.clientX - this.picture.getBoundingClientRect().left) / this.zoom);
      this.set(name, clamp(name === "s" ? Math.abs(z - this.at.m) : z, least, most));
    };
    const stop = () => {
      window.removeEventListener("pointermove", move);
      for (const type of ["pointerup", "pointercancel"]) window.removeEventListener(type, stop);
    };
    window.addEventListener("pointermove", move);
    for (const type of ["pointerup", "pointercancel"]) window.addEventListener(type, stop);
  }

  set(name, value) {
    this.at = { ...this.at, [name]: Math.round(value * 100) / 100 };
    this.draw();
    this.line.send(this.at);
  }

  end() { this.observer.disconnect(); }
}

export default mounted(Gaussians);
