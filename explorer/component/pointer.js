// What answers to the pointer: the thumbnail beside it, and the hand that hovers, clicks, pans, zooms and draws outlines.

import { ready, sheet, thumbnail } from "./files.js";
import { element } from "./points.js";

const SLOP = 4; // pixels of movement that still make a click
const THUMBNAIL = 84; // pixels

export class Tip {
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
    this.canvas.hidden = !thumbnail(id, common)[0];
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

  async draw(id, common) {
    const [url, corner] = thumbnail(id, common), { sprite_side: side } = common;
    if (!url) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.canvas.height = Math.round(THUMBNAIL * ratio);
    const picture = ready(url) ?? await sheet(url).catch(() => null);
    if (!picture) this.canvas.hidden = true;
    if (!picture || this.box.dataset.id !== String(id)) return; // the pointer has moved on meanwhile
    const pen = this.canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(picture, ...corner(picture), side, side, 0, 0, this.canvas.width, this.canvas.height);
    this.canvas.dataset.id = id;
  }
}

// ---- The pointer over one map: hover, click, pan, zoom, touch, lasso and box -----------------------------------------

export class Hand {
  constructor(map, owner) {
    Object.assign(this, { map, owner, down: new Map(), travelled: 0, tool: "move" });
    const on = (type, act, options) => map.over.addEventListener(type, act, options);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", (event) => {
      this.drop(event);
      owner.hover(null);
    });
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
    if (!this.down.size) [this.travelled, this.tool] = [0, this.owner.tool === "move" && event.shiftKey ? "lasso" : this.owner.tool];
    this.down.set(event.pointerId, this.pixel(event));
    if (this.down.size > 1) [this.travelled, this.tool, this.owner.drawing] = [Infinity, "move", null]; // two fingers never click
  }

  move(event) {
    const to = this.pixel(event), from = this.down.get(event.pointerId);
    if (!from) return event.pointerType === "touch" ? undefined : this.owner.hover(this.map.nearest(to), event);
    this.travelled += Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (this.travelled <= SLOP) return undefined;
    this.owner.hover(null);
    if (this.tool !== "move") return this.outline(from, to);
    this.map.over.classList.add("lpvae-dragging");
    if (this.down.size === 2) this.pinch(event.pointerId, from, to);
    else if (event.pointerType !== "touch") this.owner.pan(this.map, to[0] - from[0], to[1] - from[1]);
    this.down.set(event.pointerId, to);
    return undefined;
  }

  outline(from, to) { // `from` stays where the button went down
    const pixels = this.owner.drawing?.map === this.map ? this.owner.drawing.pixels : [from];
    const box = [from, [to[0], from[1]], to, [from[0], to[1]]];
    this.owner.drawing = { map: this.map, pixels: this.tool === "box" ? box : [...pixels, to] };
    this.map.sketch();
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
    if (this.owner.drawing?.map === this.map) return this.owner.outlined();
    if (!clicked) return undefined;
    const id = this.map.nearest(this.pixel(event));
    this.owner.hover(id, event);
    if (id !== null) this.owner.pick(id, event.shiftKey);
    return undefined;
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
