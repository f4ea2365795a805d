// Positions and labels of all images, a grid to search them by, and which part of the plane a map shows.

export function element(parent, tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never as HTML: titles and labels come from files
  parent?.append(made);
  return made;
}

// The ids of [[start, stop], …], shuffled (each time alike), so that no label is painted over all the others.
export function shuffled(ranges, count) {
  const ids = [];
  for (const [start, stop] of ranges) for (let id = Math.max(0, start); id < Math.min(stop, count); id++) ids.push(id);
  for (let i = ids.length - 1, seed = 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = Math.floor(seed / 4294967296 * (i + 1));
    [ids[i], ids[j]] = [ids[j], ids[i]];
  }
  return Uint32Array.from(ids);
}

export class Points {
  constructor(xy, labels, ids) {
    if (labels.length * 2 !== xy.length) {
      throw new Error(`there are ${xy.length / 2} positions but ${labels.length} labels`);
    }
    Object.assign(this, { xy, labels });
    this.ids = ids.filter((id) => this.at(id));
    this.box = this.bounds(this.ids);
    this.fillGrid(this.ids);
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

  nearest(x, y, reach, visible) { // the visible id nearest to (x, y), or null if none is within reach
    let best = null, least = reach * reach;
    for (let r = this.row(y - reach); r <= this.row(y + reach); r++) {
      const from = this.starts[r * this.side + this.column(x - reach)];
      const to = this.starts[r * this.side + this.column(x + reach) + 1];
      for (let i = from; i < to; i++) {
        const id = this.sorted[i];
        const d = (this.xy[2 * id] - x) ** 2 + (this.xy[2 * id + 1] - y) ** 2;
        if (d <= least && visible[id]) [best, least] = [id, d];
      }
    }
    return best;
  }

  groups(visible) { // label → its visible ids, in order of label
    const groups = new Map();
    for (const id of this.ids) {
      if (!visible[id]) continue;
      if (!groups.has(this.labels[id])) groups.set(this.labels[id], []);
      groups.get(this.labels[id]).push(id);
    }
    return new Map([...groups].sort(([a], [b]) => a - b));
  }
}

// Whether (x, y) lies inside an outline [[x, y], …], by the even-odd rule; explorer/sets.py does the same sum in Python.
export function inside(outline, x, y) {
  let odd = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [xi, yi] = outline[i], [xj, yj] = outline[j];
    if ((yi > y) !== (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

// ---- View: which part of the plane a map shows; equal scales on both axes --------------------------------------------

export class View {
  constructor(width, height) { Object.assign(this, { width, height, x: 0, y: 0, scale: 1 }); }

  fit({ x0, x1, y0, y1 }) {
    const room = 0.93;
    this.scale = this.whole = room * Math.min(this.width / (x1 - x0 || 1), this.height / (y1 - y0 || 1));
    [this.x, this.y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  }

  resize(width, height, box) { // the same middle and the same zoom
    const zoom = this.scale / this.whole, { x, y } = this;
    Object.assign(this, { width, height });
    this.fit(box);
    this.scale = this.whole * zoom;
    [this.x, this.y] = [x, y];
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
}
