// What the maps are made of, without a pixel drawn: files, positions, and which part of the plane is seen.

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

export const numbers = (url, Type) => once(url, async () => {
  const buffer = await (await get(url)).arrayBuffer();
  if (buffer.byteLength % Type.BYTES_PER_ELEMENT) throw new Error(`${url} is cut short`);
  return new Type(buffer);
});

export const plotly = (url) => once(url, async () => {
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

export const sheet = (url) => once(url, async () => createImageBitmap(await (await get(url)).blob()));

// ---- Points: positions and labels of all images, and a grid over those that are shown --------------------------------

export class Points {
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

export class View {
  constructor(width, height) { Object.assign(this, { width, height, x: 0, y: 0, scale: 1 }); }

  fit({ x0, x1, y0, y1 }) {
    const room = 0.93;
    this.scale = this.whole = room * Math.min(this.width / (x1 - x0 || 1), this.height / (y1 - y0 || 1));
    [this.x, this.y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  }

  resize(width, height, box) { // shows the whole if it did before, else the same middle
    const whole = new View(this.width, this.height);
    whole.fit(box);
    const showsAll = whole.scale === this.scale && whole.x === this.x && whole.y === this.y;
    const factor = Math.min(width / this.width, height / this.height) || 1;
    this.scale *= factor;
    this.whole *= factor;
    Object.assign(this, { width, height });
    if (showsAll) this.fit(box);
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
    this.scale = Math.max(this.whole / 4, Math.min(this.whole * 1000, this.scale * factor));
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
