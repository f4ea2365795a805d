// An image as the decoder sends it, block by block, beside the surprise of each block in bits as a heat map.

import { Controls, element, mounted, still } from "./controls.js";

// From dark blue to yellow, by lightness too.
const HEAT = [[0, 32, 81], [60, 77, 110], [127, 124, 117], [187, 175, 113], [253, 234, 69]];
const SIDE = 168; // of each canvas, in CSS pixels

export function heat(share) { // 0…1 → a colour
  const at = Math.max(0, Math.min(1, share)) * (HEAT.length - 1), low = Math.min(HEAT.length - 2, Math.floor(at));
  return `rgb(${HEAT[low].map((c, i) => Math.round(c + (HEAT[low + 1][i] - c) * (at - low)))})`;
}

class Drawing {
  constructor(root) {
    this.root = root;
    const stage = element(root, "div", "stage");
    this.ink = this.canvas(stage, "drawn so far");
    this.warm = this.canvas(stage, "surprise of each block");
    this.warm.canvas.onpointermove = (event) => this.point(event);
    this.warm.canvas.onpointerleave = () => this.say();
    const scale = element(root, "div", "scale");
    element(scale, "span", "", "0");
    element(scale, "i").style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(heat)})`;
    this.most = element(scale, "span");
    this.text = element(root, "p", "readout");
    this.controls = new Controls(root, (at) => this.show(at));
  }

  canvas(stage, caption) {
    const figure = element(stage, "figure"), canvas = element(figure, "canvas");
    canvas.setAttribute("role", "img");
    return { canvas, pen: canvas.getContext("2d"), text: element(figure, "figcaption", "", caption) };
  }

  update(data) {
    const identity = JSON.stringify(data);
    if (identity === this.identity) return;
    this.identity = identity;
    this.data = data;
    this.columns = data.side / data.block;
    for (const { canvas } of [this.ink, this.warm]) canvas.width = canvas.height = data.side * Math.ceil(SIDE / data.side);
    this.ink.canvas.setAttribute("aria-label", data.about);
    this.warm.canvas.setAttribute("aria-label", `${data.about}: the surprise of each ${data.what} in bits, `
      + `from 0 to ${data.most.toFixed(1)}; ${data.total.toFixed(1)} in all`);
    this.warm.text.textContent = `surprise of each ${data.what}`;
    this.most.textContent = `${data.most.toFixed(1)} bits`;
    const count = data.at_once ? 1 : data.surprise.length;
    this.controls.reset({ count, at: count, perSecond: data.at_once ? 1 : count / 7, loops: false });
    if (data.plays && !still()) this.controls.play();
  }

  show(at) {
    const sent = this.data.at_once ? at * this.data.surprise.length : at;
    for (const { pen, canvas } of [this.ink, this.warm]) {
      pen.fillStyle = "rgb(128 128 128 / 0.25)";
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.fillRect(0, 0, canvas.width, canvas.height);
    }
    for (let i = 0; i < sent; i++) this.paint(i);
    if (!this.data.at_once && sent && sent < this.data.surprise.length) this.frame(sent - 1);
    this.sent = sent;
    this.say();
  }

  corner(i) { return [(i % this.columns) * this.data.block, Math.floor(i / this.columns) * this.data.block]; }

  paint(i) {
    const { block, side, bits, surprise, most } = this.data, [x, y] = this.corner(i), unit = this.ink.canvas.width / side;
    this.warm.pen.fillStyle = heat(surprise[i] / most);
    this.warm.pen.fillRect(x * unit, y * unit, block * unit, block * unit);
    for (let dy = 0; dy < block; dy++) {
      for (let dx = 0; dx < block; dx++) {
        this.ink.pen.fillStyle = bits[(y + dy) * side + x + dx] === "1" ? "#fff" : "#000";
        this.ink.pen.fillRect((x + dx) * unit, (y + dy) * unit, unit, unit);
      }
    }
  }

  frame(i) { // the block that came last
    const { block, side } = this.data, [x, y] = this.corner(i), unit = this.ink.canvas.width / side;
    for (const { pen } of [this.ink, this.warm]) {
      [pen.strokeStyle, pen.lineWidth] = ["#e07b39", 2];
      pen.strokeRect(x * unit + 1, y * unit + 1, block * unit - 2, block * unit - 2);
    }
  }

  say() {
    const { surprise, what, at_once: atOnce } = this.data, so_far = surprise.slice(0, this.sent).reduce((a, b) => a + b, 0);
    const count = surprise.length, bits = `${so_far.toFixed(1)} of ${this.data.total.toFixed(1)} bits`;
    if (atOnce) this.text.textContent = this.sent ? `All ${count} ${what}s at once: ${bits}.` : "Nothing is sent yet.";
    else if (!this.sent) this.text.textContent = "Nothing is sent yet.";
    else this.text.textContent = `${what} ${this.sent} of ${count}: ${surprise[this.sent - 1].toFixed(2)} bits; so far ${bits}.`;
  }

  point(event) {
    const box = this.warm.canvas.getBoundingClientRect(), { block, side, surprise, what } = this.data;
    const [x, y] = [event.clientX - box.left, event.clientY - box.top].map((v) => Math.floor(v / box.width * side / block));
    const i = y * this.columns + x;
    if (x >= 0 && x < this.columns && i >= 0 && i < this.sent) {
      this.text.textContent = `${what} ${i + 1}, row ${y + 1}, column ${x + 1}: ${surprise[i].toFixed(2)} bits.`;
    }
  }
}

export default function ({ parentElement, data }) {
  mounted(parentElement, "drawing", (root) => new Drawing(root)).update(data);
}
