// The linked pair of maps. One file, because the page gets it as a single inline module.
//
// plotly draws the points, once. Everything that changes with the pointer or the selection (rings, lines, names) goes on a
// plain canvas above them, and the search under the pointer is our own: neither a hover nor a click touches the points.

const REACH = 14; // pixels from the pointer within which a point counts as meant
const SLOP = 4; // pixels of movement that still make a click
const PAUSE = 90; // milliseconds without a gesture after which the points are drawn sharp again
const THUMBNAIL = 84; // pixels
const KEY = ["◎ selected image", "□ second image", "○ neighbour", "+ sample of the prior", "◆ the prior's mean",
  "┄ interpolation path"];

// ---- Files: fetched once by address, whoever asks --------------------------------------------------------------------

const files = new Map();

function once(url, load) {
  if (!files.has(url)) {
    const promise = load(url);
    promise.catch(() => files.delete(url)); // so that a later attempt may succeed
    files.set(url, promise);
  }
  return files.get(url);
}

async function get(url) {
  const answer = await fetch(new URL(url, document.baseURI)).catch(() => null);
  if (!answer?.ok) throw new Error(`${url} could not be fetched (${answer ? answer.status : "no answer"})`);
  return answer;
}

const numbers = (url, Type) => once(url, async () => {
  const buffer = await (await get(url)).arrayBuffer();
  if (buffer.byteLength % Type.BYTES_PER_ELEMENT) throw new Error(`${url} is cut short`);
  return new Type(buffer);
});

const plotly = (url) => once(url, async () => {
  const script = document.createElement("script");
  const text = new Response((await get(url)).body.pipeThrough(new DecompressionStream("gzip")));
  script.src = URL.createObjectURL(new Blob([await text.text()], { type: "text/javascript" }));
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error("plotly.js could not be run"));
    document.head.append(script);
  });
  URL.revokeObjectURL(script.src);
  return window.Plotly;
});

const sheet = (url) => once(url, async () => createImageBitmap(await (await get(url)).blob()));

// ---- Points: positions and labels of all images, and a grid over those that are shown --------------------------------

class Points {
  constructor(xy, labels, ranges) {
    if (labels.length * 2 !== xy.length) {
      throw new Error(`there are ${xy.length / 2} positions but ${labels.length} labels`);
    }
    Object.assign(this, { xy, labels });
    this.groups = new Map(); // label → ids, in order of label
    const shown = [];
    for (const [start, stop] of ranges) {
      for (let id = Math.max(0, start); id < Math.min(stop, labels.length); id++) if (this.at(id)) shown.push(id);
    }
    for (const label of [...new Set(shown.map((id) => labels[id]))].sort((a, b) => a - b)) this.groups.set(label, []);
    for (const id of shown) this.groups.get(labels[id]).push(id);
    this.count = shown.length;
    this.box = this.bounds(shown);
    this.fillGrid(shown);
  }

  at(id) { // [x, y], or null for an id that has no place on the map
    const x = this.xy[2 * id], y = this.xy[2 * id + 1];
    return Number.isFinite(x) && Number.isFinite(y) ? [x, y] : null;
  }

  bounds(ids) {
    const box = { x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity };
    for (const id of ids) {
      const x = this.xy[2 * id], y = this.xy[2 * id + 1];
      if (x < box.x0) box.x0 = x;
      if (x > box.x1) box.x1 = x;
      if (y < box.y0) box.y0 = y;
      if (y > box.y1) box.y1 = y;
    }
    return ids.length ? box : { x0: 0, x1: 1, y0: 0, y1: 1 };
  }

  fillGrid(ids) { // a counting sort of the ids by cell, about four to a cell
    const side = (this.side = Math.max(1, Math.ceil(Math.sqrt(ids.length / 4))));
    this.cellWidth = (this.box.x1 - this.box.x0) / side || 1;
    this.cellHeight = (this.box.y1 - this.box.y0) / side || 1;
    const cells = ids.map((id) => this.row(this.xy[2 * id + 1]) * side + this.column(this.xy[2 * id]));
    this.starts = new Uint32Array(side * side + 1);
    for (const cell of cells) this.starts[cell + 1]++;
    for (let i = 0; i < side * side; i++) this.starts[i + 1] += this.starts[i];
    const next = this.starts.slice();
    this.sorted = new Uint32Array(ids.length);
    ids.forEach((id, i) => { this.sorted[next[cells[i]]++] = id; });
  }

  column(x) { return Math.min(this.side - 1, Math.max(0, Math.floor((x - this.box.x0) / this.cellWidth))); }
  row(y) { return Math.min(this.side - 1, Math.max(0, Math.floor((y - this.box.y0) / this.cellHeight))); }

  nearest(x, y, reach, hidden) { // the shown id nearest to (x, y), or null if none is within reach
    let best = null, least = reach * reach;
    for (let r = this.row(y - reach); r <= this.row(y + reach); r++) {
      const from = this.starts[r * this.side + this.column(x - reach)];
      const to = this.starts[r * this.side + this.column(x + reach) + 1];
      for (let i = from; i < to; i++) {
        const id = this.sorted[i];
        const d = (this.xy[2 * id] - x) ** 2 + (this.xy[2 * id + 1] - y) ** 2;
        if (d <= least && !hidden.has(this.labels[id])) [best, least] = [id, d];
      }
    }
    return best;
  }

  middles() { // [label, x, y]: the median position of each label's points
    const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
    return [...this.groups].map(([label, ids]) =>
      [label, middle(ids.map((id) => this.xy[2 * id])), middle(ids.map((id) => this.xy[2 * id + 1]))]);
  }
}

// ---- View: which part of the plane a map shows; equal scales on both axes --------------------------------------------

class View {
  constructor(width, height) { Object.assign(this, { width, height, x: 0, y: 0, scale: 1 }); }

  fit({ x0, x1, y0, y1 }) {
    const room = 0.93;
    this.scale = room * Math.min(this.width / (x1 - x0 || 1), this.height / (y1 - y0 || 1));
    [this.x, this.y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  }

  resize(width, height) {
    this.scale *= Math.min(width / this.width, height / this.height) || 1;
    Object.assign(this, { width, height });
  }

  toPixel([x, y]) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 - (y - this.y) * this.scale];
  }

  toPlane([px, py]) {
    return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale];
  }

  pan(dx, dy) { this.x -= dx / this.scale; this.y += dy / this.scale; }

  zoom(factor, pixel) { // the point under `pixel` stays where it is
    const fixed = this.toPlane(pixel);
    this.scale *= factor;
    const moved = this.toPlane(pixel);
    this.x += fixed[0] - moved[0];
    this.y += fixed[1] - moved[1];
  }

  ranges() {
    const halfWidth = this.width / 2 / this.scale, halfHeight = this.height / 2 / this.scale;
    return { "xaxis.range": [this.x - halfWidth, this.x + halfWidth],
      "yaxis.range": [this.y - halfHeight, this.y + halfHeight] };
  }
}

// ---- One map: plotly's points and the canvas above them --------------------------------------------------------------

function element(parent, tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never as HTML: titles and labels come from files
  parent?.append(made);
  return made;
}

class PlaneMap {
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

  async show({ title, points_url }, common, Plotly) { // draws the points, if they differ from what stands there
    this.Plotly = Plotly;
    this.caption.textContent = title;
    const identity = JSON.stringify([points_url, common.labels_url, common.ranges, common.palette]);
    if (identity === this.identity) return;
    this.message.textContent = "Loading the map …";
    this.identity = null;
    const [xy, labels] = await Promise.all([numbers(points_url, Float32Array), numbers(common.labels_url, Int16Array)]);
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
    return [...this.points.groups].map(([label, ids]) => ({
      type: "scattergl", mode: "markers", hoverinfo: "skip", showlegend: false,
      visible: !this.owner.hidden.has(label),
      x: Float32Array.from(ids, (id) => this.points.xy[2 * id]),
      y: Float32Array.from(ids, (id) => this.points.xy[2 * id + 1]),
      marker: { size: many ? 2.2 : 3.5, color: this.owner.colour(label), opacity: many ? 0.6 : 0.8, line: { width: 0 } },
    }));
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
    this.view.resize(width, height);
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
    const visible = [...this.points.groups.keys()].map((label) => !this.owner.hidden.has(label));
    this.Plotly.restyle(this.plot, { visible });
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

// ---- The thumbnail and the figures beside the pointer ----------------------------------------------------------------

class Tip {
  constructor(root) {
    this.root = root;
    this.box = element(root, "div", "lpvae-tip");
    this.box.hidden = true;
    this.canvas = element(this.box, "canvas");
    this.lines = element(this.box, "div");
  }

  hide() { this.box.hidden = true; }

  async show(id, label, figures, common, clientX, clientY) {
    this.box.hidden = false;
    this.box.dataset.id = id;
    this.lines.replaceChildren();
    element(this.lines, "b", "", `image ${id}`);
    element(this.lines, "div", "", `label ${label}`);
    for (const line of figures) element(this.lines, "div", "", line);
    this.move(clientX, clientY);
    await this.draw(id, common);
  }

  move(clientX, clientY) { // to the right of the pointer and below it, or where there is room
    const frame = this.root.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = this.box;
    let x = clientX - frame.left + 16, y = clientY - frame.top + 16;
    if (x + width > frame.width) x = Math.max(0, x - width - 32);
    if (y + height > frame.height) y = Math.max(0, y - height - 32);
    this.box.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  async draw(id, { sprite_urls: urls, sprite_side: side, sprite_rows_per_sheet: perSheet }) {
    const url = urls?.[Math.floor(id / perSheet)];
    this.canvas.hidden = !url;
    if (!url) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.canvas.height = Math.round(THUMBNAIL * ratio);
    const picture = await sheet(url).catch(() => null);
    if (!picture) this.canvas.hidden = true;
    if (!picture || this.box.dataset.id !== String(id)) return; // the pointer has moved on meanwhile
    const columns = Math.floor(picture.width / side), cell = id % perSheet, pen = this.canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(picture, (cell % columns) * side, Math.floor(cell / columns) * side, side, side,
      0, 0, this.canvas.width, this.canvas.height);
    this.canvas.dataset.id = id;
  }
}

// ---- The pointer over one map: hover, click, pan, zoom, touch --------------------------------------------------------

class Hand {
  constructor(map, owner) {
    Object.assign(this, { map, owner, down: new Map(), travelled: 0 });
    const on = (type, act, options) => map.over.addEventListener(type, act, options);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", (event) => this.drop(event));
    on("pointerleave", (event) => { if (event.pointerType !== "touch") owner.hover(null); });
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("dblclick", () => owner.home(map));
  }

  pixel(event) {
    const frame = this.map.over.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  press(event) {
    if (event.button) return;
    try { this.map.over.setPointerCapture(event.pointerId); } catch { /* the pointer has gone already */ }
    if (!this.down.size) this.travelled = 0;
    this.down.set(event.pointerId, this.pixel(event));
    if (this.down.size > 1) this.travelled = Infinity; // two fingers never click
  }

  move(event) {
    const to = this.pixel(event), from = this.down.get(event.pointerId);
    if (!from) return event.pointerType === "touch" ? undefined : this.owner.hover(this.map.nearest(to), event);
    this.travelled += Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (this.travelled <= SLOP) return undefined;
    this.map.over.classList.add("lpvae-dragging");
    this.owner.hover(null);
    if (this.down.size === 2) this.pinch(event.pointerId, from, to);
    else if (event.pointerType !== "touch") this.owner.pan(this.map, to[0] - from[0], to[1] - from[1]);
    this.down.set(event.pointerId, to);
    return undefined;
  }

  pinch(id, from, to) { // one finger of two has moved
    const other = [...this.down].find(([key]) => key !== id)[1];
    const spread = (at) => Math.max(1, Math.hypot(at[0] - other[0], at[1] - other[1]));
    const centre = [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2];
    this.owner.pan(this.map, (to[0] - from[0]) / 2, (to[1] - from[1]) / 2);
    this.owner.zoom(this.map, spread(to) / spread(from), centre);
  }

  release(event) {
    const clicked = this.down.has(event.pointerId) && this.down.size === 1 && this.travelled <= SLOP;
    this.drop(event);
    if (!clicked) return;
    const id = this.map.nearest(this.pixel(event));
    this.owner.hover(id, event);
    if (id !== null) this.owner.pick(id, event.shiftKey);
  }

  drop(event) {
    this.down.delete(event.pointerId);
    this.map.over.classList.remove("lpvae-dragging");
  }

  wheel(event) {
    event.preventDefault(); // the page stays; beside the maps the wheel scrolls it
    const step = event.deltaY * (event.deltaMode ? 20 : 1);
    this.owner.zoom(this.map, Math.exp(-Math.max(-300, Math.min(300, step)) * 0.0015), this.pixel(event));
  }
}

// ---- The pair --------------------------------------------------------------------------------------------------------

class LinkedMaps {
  constructor(root) {
    Object.assign(this, { root, hidden: new Set(), hovered: null, selected: null, second: null, linked: true,
      named: true, picksSecond: false, walk: null, updates: 0, nonce: Date.now() });
    root.dataset.state = "loading";
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Two linked maps of the same images");
    const pair = element(root, "div", "lpvae-pair");
    this.maps = { left: new PlaneMap(pair, "left", this), right: new PlaneMap(pair, "right", this) };
    this.both = Object.values(this.maps);
    for (const map of this.both) new Hand(map, this);
    this.legend = element(root, "div", "lpvae-bar lpvae-legend");
    this.makeTools(element(root, "div", "lpvae-bar lpvae-tools"));
    const key = element(root, "p", "lpvae-key");
    for (const entry of KEY) element(key, "span", "", entry);
    this.tip = new Tip(root);
    root.addEventListener("keydown", (event) => this.key(event));
    this.observer = new ResizeObserver(() => this.both.forEach((map) => map.resized()));
    for (const map of this.both) this.observer.observe(map.frame);
  }

  makeTools(bar) {
    const box = (text, start, act) => {
      const label = element(bar, "label"), input = element(label, "input");
      Object.assign(input, { type: "checkbox", checked: start, onchange: () => act(input.checked) });
      element(label, "span", "", text);
    };
    box("Move both maps together", true, (on) => { this.linked = on; });
    box("Names on the maps", true, (on) => { this.named = on; this.sketch(); });
    element(bar, "button", "", "Whole map").onclick = () => this.both.forEach((map) => this.home(map));
    this.secondButton = element(bar, "button", "", "Pick a second image");
    this.secondButton.title = "The next click picks the second image, as shift-click does";
    this.secondButton.onclick = () => this.armSecond(!this.picksSecond);
    this.armSecond(false);
  }

  armSecond(on) {
    this.picksSecond = on;
    this.secondButton.setAttribute("aria-pressed", on);
  }

  // -- from the page

  async update(component) {
    this.component = component;
    this.data = component.data;
    const { common, selected, second, marks } = this.data, turn = ++this.updates;
    Object.assign(this, { selected, second });
    for (const map of this.both) map.marks = marks[map.side] ?? {};
    this.report();
    this.sketch();
    try {
      const Plotly = await this.prepare();
      if (turn !== this.updates) return; // newer data has come meanwhile and will draw
      await Promise.all(this.both.map((map) => map.show(this.data[map.side], common, Plotly)));
      if (turn !== this.updates) return;
      this.makeLegend();
      this.sketch();
    } catch (error) {
      if (turn === this.updates) this.fail(error);
    }
    this.loadValues();
  }

  prepare() {
    if (!document.createElement("canvas").getContext("webgl")) throw new Error("this browser offers no WebGL");
    return plotly(this.data.plotly_url);
  }

  loadValues() { // only the tooltip needs them, so the maps don't wait
    for (const map of this.both) {
      const url = this.data[map.side].values_url;
      map.values = null;
      if (url) numbers(url, Float32Array).then((values) => { map.values = values; }, () => {});
    }
  }

  fail(error) {
    this.root.dataset.state = "error";
    const sentence = `The map cannot be drawn: ${error.message}. Reload the page to try again.`;
    for (const map of this.both) if (!map.identity || !map.view) map.message.textContent = sentence;
  }

  drawn() {
    this.sketch();
    if (this.both.every((map) => map.view)) this.root.dataset.state = "ready";
  }

  // -- what the maps ask

  name(label) { return this.data.common.label_names[label] ?? (label < 0 ? "none" : String(label)); }

  colour(label) {
    const { palette } = this.data.common;
    return label < 0 ? "#888888" : palette[label % palette.length];
  }

  colours() {
    const style = getComputedStyle(this.root), read = (name) => style.getPropertyValue(name).trim();
    return { text: style.color, back: read("--lpvae-back"), accent: read("--lpvae-accent"), font: style.fontFamily };
  }

  sketch() { for (const map of this.both) map.sketch(); }

  report() { // for those who read the page without seeing it
    this.root.dataset.selected = this.selected ?? "";
    this.root.dataset.second = this.second ?? "";
    for (const map of this.both) {
      const about = [`Map of ${this.data[map.side].title}`];
      if (this.selected !== null) about.push(`image ${this.selected} is selected`);
      if (map.marks.neighbours?.length) about.push(`arrow keys walk its ${map.marks.neighbours.length} neighbours`);
      map.over.setAttribute("aria-label", `${about.join("; ")}.`);
    }
  }

  makeLegend() {
    const labels = [...new Set(this.both.flatMap((map) => [...(map.points?.groups.keys() ?? [])]))].sort((a, b) => a - b);
    const { palette, label_names: names } = this.data.common, identity = JSON.stringify([labels, palette, names]);
    if (identity === this.legendIdentity) return;
    this.legendIdentity = identity;
    this.legend.replaceChildren();
    for (const label of labels) {
      const button = element(this.legend, "button");
      element(button, "span", "lpvae-swatch").style.background = this.colour(label);
      element(button, "span", "", this.name(label));
      button.title = "Show or hide";
      button.setAttribute("aria-pressed", !this.hidden.has(label));
      button.onclick = () => this.toggle(label, button);
    }
  }

  toggle(label, button) {
    if (!this.hidden.delete(label)) this.hidden.add(label);
    button.setAttribute("aria-pressed", !this.hidden.has(label));
    for (const map of this.both) map.restyle();
    this.sketch();
  }

  // -- what the visitor does

  hover(id, event) {
    if (id === null) this.tip.hide();
    else if (id === this.hovered && !this.tip.box.hidden) this.tip.move(event.clientX, event.clientY);
    else this.tip.show(id, this.name(this.maps.left.points.labels[id]), this.figures(id), this.data.common,
      event.clientX, event.clientY);
    if (id === this.hovered) return;
    this.hovered = id;
    this.root.dataset.hovered = id ?? "";
    this.sketch();
  }

  figures(id) { // each map's figure for the image, where it has one
    const known = this.both.filter((map) => Number.isFinite(map.values?.[id]));
    return known.map((map) => {
      const { title, values_name: unit } = this.data[map.side];
      return `${title}: ${map.values[id].toFixed(1)} ${unit ?? ""}`.trim();
    });
  }

  pick(id, shift) {
    const kind = shift || this.picksSecond ? "second" : "select";
    this.armSecond(false);
    this.set(kind, id);
  }

  set(kind, id) { // shown at once; the page answers with the same and its marks
    if (kind === "select" ? id === this.selected : id === this.second) return;
    if (kind === "select") {
      this.selected = id;
      for (const map of this.both) map.marks = {}; // they spoke of the image selected before
    } else this.second = id;
    this.tell(kind, id);
  }

  clear() {
    if (this.selected === null && this.second === null) return;
    Object.assign(this, { selected: null, second: null, walk: null });
    for (const map of this.both) map.marks = {};
    this.tell("clear", null);
  }

  tell(kind, id) {
    this.report();
    this.sketch();
    this.component.setTriggerValue("event", { kind, id, nonce: ++this.nonce });
  }

  key(event) {
    if (event.key === "Escape") return this.picksSecond ? this.armSecond(false) : this.clear();
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const map = this.both.find(({ over }) => over === event.target);
    if (!step || !map) return undefined;
    event.preventDefault();
    return this.step(map, step);
  }

  step(map, by) { // along the neighbours of the image at which the walk began
    const here = this.walk && this.walk.ids[this.walk.position] === this.selected && this.walk.map === map;
    if (!here) this.walk = { map, position: 0, ids: [this.selected, ...(map.marks.neighbours ?? [])] };
    const { ids, position } = this.walk, next = Math.max(0, Math.min(ids.length - 1, position + by));
    this.walk.position = next;
    if (ids[next] !== null) this.set("select", ids[next]);
  }

  moved(map, act) {
    for (const each of this.linked ? this.both : [map]) {
      if (!each.view) continue;
      act(each.view, each);
      each.follow();
    }
  }

  pan(map, dx, dy) { this.moved(map, (view) => view.pan(dx, dy)); }
  zoom(map, factor, pixel) { this.moved(map, (view) => view.zoom(factor, pixel)); }
  home(map) { this.moved(map, (view, each) => view.fit(each.points.box)); }

  // -- for tests, and the end

  screen(side, id) { // where the image lies in the window, in CSS pixels
    const at = this.maps[side].place(id), frame = this.maps[side].over.getBoundingClientRect();
    return at && { x: frame.left + at[0], y: frame.top + at[1] };
  }

  destroy() {
    this.observer.disconnect();
    for (const map of this.both) {
      clearTimeout(map.timer);
      map.Plotly?.purge(map.plot);
    }
    this.root.remove();
  }
}

export default function linkedMaps(component) {
  const { parentElement } = component;
  let root = parentElement.querySelector(":scope > .lpvae-maps");
  if (!root) {
    root = element(parentElement, "div", "lpvae-maps");
    root.__lpvae = new LinkedMaps(root);
  }
  root.__lpvae.update(component);
  // The page also calls this for a call that newer data has overtaken: only a root that has left the page has ended.
  return () => setTimeout(() => { if (!root.isConnected) root.__lpvae.destroy(); });
}
