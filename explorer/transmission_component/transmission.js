// Sender, message and receiver, step by step. A message is a stack: what the sender puts on last, the receiver takes off first.

import { Controls, element, mounted } from "../players/controls.js";

const SPECKS = 12000; // of the map, at most
const number = (value) => Math.round(value).toLocaleString("en");

class Transmission {
  constructor(root) {
    this.controls = new Controls(root, (at) => this.show(at));
    this.status = element(root, "p", "status");
    const sides = element(root, "div", "sides");
    this.sender = this.side(sides, "Sender");
    this.receiver = this.side(sides, "Receiver");
    element(root, "h4", "", "The message").style.marginTop = "12px";
    this.pile = element(root, "div", "pile");
    this.pile.setAttribute("role", "img");
    this.length = element(root, "div");
    this.lower = element(root, "div", "lower");
    this.map = element(this.lower, "canvas", "map");
    this.map.setAttribute("role", "img");
    this.meters = element(element(this.lower, "table", "meters"), "tbody");
    new ResizeObserver(() => this.sketch()).observe(this.map);
  }

  side(parent, title) {
    const section = element(parent, "section");
    element(section, "h4", "", title);
    const text = element(section, "p", "status");
    return { text, grid: element(section, "div", "grid") };
  }

  update(data) {
    const identity = JSON.stringify(data);
    if (identity === this.identity) return;
    Object.assign(this, { identity, data, count: data.names.length, highest: Math.max(...data.lengths) });
    for (const [name, sheet] of [["sender", data.sent], ["receiver", data.received]]) {
      this[name].text.textContent = data.whose[name];
      this[name].grid.replaceChildren(...data.names.map((_, i) => this.thumb(sheet, i)));
    }
    this.pile.replaceChildren(...data.lengths.map((length, i) => this.slice(i)));
    this.lower.classList.toggle("bare", !data.place);
    this.map.hidden = !data.place;
    if (data.place) this.map.setAttribute("aria-label", data.place.about);
    this.most = Math.max(1, ...data.meters.flatMap((meter) => meter.totals));
    this.rows = data.meters.map((meter) => this.meter(meter));
    this.meters.replaceChildren(...this.rows.map((row) => row.row));
    this.controls.reset({ count: 2 * this.count, at: 0, perSecond: 3, loops: false });
    this.loadSpecks();
  }

  thumb(sheet, i) {
    const made = element(null, "div", "thumb");
    made.setAttribute("role", "img");
    made.style.backgroundImage = `url("${sheet}")`;
    made.style.backgroundSize = `${100 * this.count}% 100%`;
    made.style.backgroundPosition = this.count > 1 ? `${(100 * i) / (this.count - 1)}% 0` : "0 0";
    return made;
  }

  slice(i) { // 0: the initial bits; then in the sender's order
    const { lengths, names, colours } = this.data, made = element(null, "i", i ? "" : "initial");
    const bits = i ? lengths[i] - lengths[i - 1] : lengths[0], image = this.count - i;
    made.style.width = `${(100 * Math.max(0, bits)) / this.highest}%`;
    if (i) made.style.background = colours[image];
    made.title = i ? `${names[image]}: ${bits.toFixed(1)} bits` : `initial bits: ${bits.toFixed(1)}`;
    return made;
  }

  meter({ name, help, colour }) {
    const row = element(null, "tr"), head = element(row, "th");
    head.scope = "row";
    const abbr = element(head, "abbr", "", name);
    Object.assign(abbr, { title: help, tabIndex: 0 });
    const bar = element(element(row, "td"), "i"), text = element(row, "td");
    bar.style.background = colour;
    return { row, bar, total: element(text, "span"), each: element(text, "small") };
  }

  show(at) {
    if (!this.data) return;
    const sent = Math.min(at, this.count), received = at - sent, on = sent - received;
    [...this.sender.grid.children].forEach((thumb, i) => {
      const gone = i >= this.count - sent;
      this.look(thumb, i, { gone, now: gone && i === this.count - sent && !received }, gone ? "sent" : "not sent yet");
    });
    [...this.receiver.grid.children].forEach((thumb, i) => {
      const there = i < received;
      this.look(thumb, i, { empty: !there, now: received > 0 && i === received - 1 }, there ? "received" : "not received yet");
    });
    [...this.pile.children].forEach((slice, i) => (slice.hidden = i > on));
    const bits = this.data.lengths[on];
    this.length.textContent = `${number(bits)} bits (${number(bits / 8)} bytes); ${number(this.data.lengths[0])} of them the initial ones.`;
    this.pile.setAttribute("aria-label", `${number(bits)} bits: ${on} images on the message`);
    this.rows.forEach((row, i) => this.read(row, this.data.meters[i].totals[sent], sent));
    this.status.setAttribute("aria-live", this.controls.playing ? "off" : "polite");
    this.status.textContent = this.said(sent, received);
    Object.assign(this, { sent, received });
    this.sketch();
  }

  look(thumb, i, states, text) {
    for (const [name, on] of Object.entries(states)) thumb.classList.toggle(name, on);
    thumb.title = `${this.data.names[i]}: ${text}`;
    thumb.setAttribute("aria-label", thumb.title);
  }

  read({ bar, total, each }, bits, sent) {
    bar.style.width = `${(100 * bits) / this.most}%`;
    total.textContent = `${number(bits)} bits`;
    each.textContent = sent ? `${(bits / sent).toFixed(1)} an image` : "\u00a0";
  }

  said(sent, received) {
    const { lengths, names } = this.data, n = this.count;
    if (!sent) return "Nothing is sent yet: the message holds its initial bits alone. Press Play.";
    if (!received) return `Sender, ${sent} of ${n}: ${names[n - sent]} made the message ${(lengths[sent] - lengths[sent - 1]).toFixed(1)} bits longer.`;
    const on = n - received, less = (lengths[on + 1] - lengths[on]).toFixed(1);
    const end = on ? "" : " Everything has arrived, and only the initial bits are left.";
    return `Receiver, ${received} of ${n}: ${names[received - 1]} came off; the message is ${less} bits shorter.${end}`;
  }

  async loadSpecks() { // the browser may have the file already: it is the Explore page's
    const { place } = this.data;
    this.specks = null;
    if (!place) return;
    const answer = await fetch(place.points_url).catch(() => null);
    if (!answer?.ok || place !== this.data.place) return;
    const xy = new Float32Array(await answer.arrayBuffer()), total = place.ranges.reduce((n, [a, b]) => n + b - a, 0);
    const every = Math.max(1, Math.floor(total / SPECKS)), specks = [];
    for (const [start, stop] of place.ranges) for (let id = start; id < stop; id += every) specks.push([xy[2 * id], xy[2 * id + 1]]);
    this.specks = specks;
    this.sketch();
  }

  sketch() {
    const place = this.data?.place, { clientWidth: width, clientHeight: height } = this.map;
    if (!place || !width) return;
    const ratio = window.devicePixelRatio || 1, pen = this.map.getContext("2d");
    Object.assign(this.map, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const { middle, half } = this.box(place.path), scale = (Math.min(width, height) / 2) * (0.94 / half);
    const ink = getComputedStyle(this.map).color, size = half < 0.5 ? 2 : 1;
    const at = ([x, y]) => [width / 2 + (x - middle[0]) * scale, height / 2 - (y - middle[1]) * scale];
    const stops = place.path.map(at), n = this.count;
    pen.fillStyle = ink;
    pen.globalAlpha = 0.16;
    for (const speck of this.specks ?? []) pen.fillRect(...at(speck), size, size);
    pen.globalAlpha = 1;
    this.line(pen, stops.slice(n - this.sent), "#4c78d6", 1.5, [4, 3]); // the sender's way, from the end
    this.line(pen, stops.slice(0, this.received), "#e07b39", 2.5, []); // the receiver's, from the start
    const now = this.received ? this.received - 1 : this.sent ? n - this.sent : -1;
    stops.forEach(([x, y], i) => {
      pen.beginPath();
      pen.arc(x, y, i === now ? 6 : 2.5, 0, 2 * Math.PI);
      pen.fillStyle = i < this.received || i === now ? "#e07b39" : i >= n - this.sent ? "#4c78d6" : ink;
      pen.fill();
    });
  }

  box(path) { // the part of the map, which reaches from -1 to 1, where the images are
    const ends = [0, 1].map((axis) => path.map((xy) => xy[axis])).map((values) => [Math.min(...values), Math.max(...values)]);
    const half = Math.min(1, Math.max(0.12, ...ends.map(([low, high]) => 0.65 * (high - low))));
    const middle = ends.map(([low, high]) => Math.max(half - 1, Math.min(1 - half, (low + high) / 2)));
    return { middle, half };
  }

  line(pen, stops, colour, width, dash) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width, lineJoin: "round" });
    pen.setLineDash(dash);
    pen.beginPath();
    stops.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
    pen.setLineDash([]);
  }
}

export default function ({ parentElement, data }) {
  mounted(parentElement, "transmission", (root) => new Transmission(root)).update(data);
}
