// One map. plotly draws the points, once. Everything that changes with the pointer or the selection (rings, lines, names)
// goes on a plain canvas above them, and the search under the pointer is our own: neither a hover nor a click touches the
// points.

import { Points, View, numbers } from "./points.js";

const REACH = 14; // pixels from the pointer within which a point counts as meant
const ROUNDS = 6; // layers of points, each with a share of every label, so that no label covers all the others
const PAUSE = 90; // milliseconds without a gesture after which the points are drawn sharp again

export function element(parent, tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never as HTML: titles and labels come from files
  parent?.append(made);
  return made;
}

export class PlaneMap {
  constructor(parent, side, owner) {
    Object.assign(this, { side, owner, points: null, view: null, marks: {}, drawn: null });
    const figure = element(parent, "figure", "lpvae-map");
    this.caption = element(figure, "figcaption", "", "");
    this.frame = element(figure, "div", "lpvae-frame");
    this.plot = element(this.frame, "div", "lpvae-plot");
    this.over = element(this.frame, "canvas", "lpvae-over");
    this.over.tabIndex = 0;
    this.over.dataset.side = side;
    this.over.setAttribute("role", "img");
    this.message = element(this.frame, "div", "lpvae-message", "Loading the map …");
  }

  // Draws the points, if they differ from what stands there; gives up once `current` says that newer data has come.
  async show({ title, points_url }, common, Plotly, current) {
    this.Plotly = Plotly;
    this.caption.textContent = title;
    const identity = JSON.stringify([points_url, common.labels_url, common.ranges, common.palette]);
    if (identity === this.identity) return;
    this.message.textContent = "Loading the map …";
    this.identity = null;
    this.owner.root.dataset.state = "loading";
    const [xy, labels] = await Promise.all([numbers(points_url, Float32Array), numbers(common.labels_url, Int16Array)]);
    if (!current()) return;
    this.points = new Points(xy, labels, common.ranges);
    this.middles = this.points.middles();
    this.palette = common.palette;
    this.identity = identity;
    this.view = null;
    await this.draw();
  }

  async draw() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!this.identity || !width) return; // not on screen yet: the resize observer calls again
    this.view = new View(width, height);
    this.view.fit(this.points.box);
    this.drawn = { ...this.view };
    await this.Plotly.react(this.plot, this.traces(), this.layout(), { staticPlot: true, displayModeBar: false,
      plotGlPixelRatio: Math.min(2, window.devicePixelRatio || 1) });
    this.plot.style.transform = "";
    this.message.textContent = "";
    this.owner.drawn();
  }

  traces() {
    const many = this.points.count > 20000;
    const share = (ids, round) => ids.filter((_, i) => i % ROUNDS === round);
    const layers = this.layers().map(([label, round]) => [label, share(this.points.groups.get(label), round)]);
    return layers.map(([label, ids]) => ({
      type: "scattergl", mode: "markers", hoverinfo: "skip", showlegend: false,
      visible: !this.owner.hidden.has(label),
      x: Float32Array.from(ids, (id) => this.points.xy[2 * id]),
      y: Float32Array.from(ids, (id) => this.points.xy[2 * id + 1]),
      marker: { size: many ? 2.2 : 3.5, color: this.owner.colour(label), opacity: many ? 0.6 : 0.8, line: { width: 0 } },
    }));
  }

  layers() { // [label, round] of each of plotly's traces
    const labels = [...this.points.groups.keys()];
    return Array.from({ length: ROUNDS }, (_, round) => labels.map((label) => [label, round])).flat();
  }

  layout() {
    const { "xaxis.range": x, "yaxis.range": y } = this.view.ranges();
    const axis = { visible: false, autorange: false, fixedrange: true };
    return { width: this.view.width, height: this.view.height, margin: { l: 0, r: 0, t: 0, b: 0 },
      xaxis: { ...axis, range: x }, yaxis: { ...axis, range: y }, showlegend: false, hovermode: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
  }

  resized() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!width || !this.identity) return undefined;
    if (!this.view) return this.draw();
    if (width === this.view.width && height === this.view.height) return undefined;
    this.view.resize(width, height, this.points.box);
    this.sharpen({ width, height });
    return this.sketch();
  }

  follow() { // while a gesture lasts, move the picture that is there; draw it anew when the hand rests
    const s = this.view.scale / this.drawn.scale;
    const dx = (this.drawn.x - this.view.x) * this.view.scale, dy = (this.view.y - this.drawn.y) * this.view.scale;
    this.plot.style.transform = `translate(${dx}px, ${dy}px) scale(${s})`;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.sharpen(), PAUSE);
    this.sketch();
  }

  sharpen(size = {}) {
    clearTimeout(this.timer);
    this.drawn = { ...this.view };
    this.Plotly.relayout(this.plot, { ...this.view.ranges(), ...size });
    this.plot.style.transform = "";
  }

  restyle() {
    if (!this.view) return;
    this.Plotly.restyle(this.plot, { visible: this.layers().map(([label]) => !this.owner.hidden.has(label)) });
  }

  nearest(pixel) {
    if (!this.view) return null;
    const [x, y] = this.view.toPlane(pixel);
    return this.points.nearest(x, y, REACH / this.view.scale, this.owner.hidden);
  }

  place(id) { // the image's pixel in this map, or null
    const at = this.view && id !== null && id !== undefined && this.points.at(id);
    return at ? this.view.toPixel(at) : null;
  }

  sketch() { // everything above the points
    if (!this.view) return;
    const ratio = window.devicePixelRatio || 1, { width, height } = this.view;
    if (this.over.width !== Math.round(width * ratio)) this.over.width = Math.round(width * ratio);
    if (this.over.height !== Math.round(height * ratio)) this.over.height = Math.round(height * ratio);
    const pen = new Pen(this.over.getContext("2d"), this.owner.colours());
    pen.begin(ratio, width, height);
    if (this.owner.named) this.sketchNames(pen);
    this.sketchMarks(pen);
    const { hovered, selected, second } = this.owner;
    pen.square(this.place(second), 8);
    pen.target(this.place(selected), 9);
    pen.ring(this.place(hovered), 7, true);
  }

  sketchNames(pen) {
    for (const [label, x, y] of this.middles) {
      if (!this.owner.hidden.has(label)) pen.write(this.owner.name(label), this.view.toPixel([x, y]));
    }
  }

  sketchMarks(pen) {
    const pixels = (list) => (list ?? []).map((at) => this.view.toPixel(at));
    const { neighbours = [], chosen, samples, path, prior, origin } = this.marks;
    const from = origin ? this.view.toPixel(origin) : this.place(this.owner.selected);
    const near = neighbours.map((id) => this.place(id)).filter(Boolean);
    if (from) for (const to of near) pen.line([from, to], 1);
    pen.line(pixels(path), 2, [5, 4]);
    for (const at of pixels(path)) pen.dot(at, 2.5);
    for (const at of pixels(samples)) pen.plus(at, 4);
    for (const at of near) pen.ring(at, 5);
    pen.ring(this.place(chosen), 8, true);
    for (const at of pixels(prior)) pen.diamond(at, 7);
    if (origin) pen.target(from, 9);
  }
}

// Strokes with an edge in the background's colour, so that they show on points of any colour in either theme.
class Pen {
  constructor(context, colours) { Object.assign(this, { context, ...colours }); }

  begin(ratio, width, height) {
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.context.lineJoin = "round";
  }

  stroke(path, width, accent = false, dash = []) {
    const c = this.context;
    c.setLineDash([]);
    [c.strokeStyle, c.lineWidth] = [this.back, width + 2.5];
    c.stroke(path);
    c.setLineDash(dash);
    [c.strokeStyle, c.lineWidth] = [accent ? this.accent : this.text, width];
    c.stroke(path);
  }

  circle([x, y], radius) {
    const path = new Path2D();
    path.arc(x, y, radius, 0, 2 * Math.PI);
    return path;
  }

  ring(at, radius, accent) { if (at) this.stroke(this.circle(at, radius), 2, accent); }

  target(at, radius) {
    if (!at) return;
    this.stroke(this.circle(at, radius), 2.5);
    this.dot(at, 3);
  }

  dot(at, radius) {
    const c = this.context;
    [c.fillStyle, c.strokeStyle, c.lineWidth] = [this.text, this.back, 1.5];
    c.setLineDash([]);
    c.stroke(this.circle(at, radius));
    c.fill(this.circle(at, radius));
  }

  square(at, half) {
    if (!at) return;
    const path = new Path2D();
    path.rect(at[0] - half, at[1] - half, 2 * half, 2 * half);
    this.stroke(path, 2.5);
  }

  line(pixels, width, dash) {
    if (pixels.length < 2) return;
    const path = new Path2D();
    pixels.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    this.stroke(path, width, false, dash);
  }

  plus([x, y], half) {
    const path = new Path2D(`M${x - half} ${y}h${2 * half}M${x} ${y - half}v${2 * half}`);
    this.stroke(path, 2, true);
  }

  diamond([x, y], half) {
    const path = new Path2D(`M${x} ${y - half}l${half} ${half}l${-half} ${half}l${-half} ${-half}z`);
    this.stroke(path, 2.5);
    this.context.fillStyle = this.accent;
    this.context.fill(path);
  }

  write(text, [x, y]) {
    const c = this.context;
    [c.font, c.textAlign, c.textBaseline] = [`700 15px ${this.font}`, "center", "middle"];
    [c.strokeStyle, c.fillStyle, c.lineWidth] = [this.back, this.text, 4];
    c.setLineDash([]);
    c.strokeText(text, x, y);
    c.fillText(text, x, y);
  }
}
