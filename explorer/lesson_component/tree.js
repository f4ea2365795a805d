// The Morse tree, the message under it to true scale, and its sound. A letter that is chosen or heard lights its path.

import { enlarged, html, mounted, onWidth, svg } from "./common.js";

const UNIT = 80; // milliseconds: 15 words of PARIS a minute
const ROW = 58, TOP = 26;

class Tree {
  constructor(root) {
    Object.assign(this, { root, at: 0, timers: [] });
    this.picture = svg(root, "svg", { class: "tree", role: "img" });
    const bar = html(root, "div", { class: "bar" });
    this.button = html(bar, "button", { type: "button" });
    this.button.onclick = () => (this.timers.length ? this.stop() : this.play());
    this.said = html(bar, "span", { class: "said", "aria-live": "polite" });
    this.strip = html(root, "div", { class: "strip", role: "group" });
    this.strip.addEventListener("keydown", (event) => this.key(event));
    this.observer = onWidth(root, () => this.draw());
  }

  update({ data }) {
    const same = this.data && JSON.stringify(this.data.message) === JSON.stringify(data.message);
    this.data = data;
    if (!same) {
      this.stop();
      this.at = 0;
      this.fill();
    }
    this.button.textContent = this.timers.length ? data.words.stop : data.words.play;
    this.strip.setAttribute("aria-label", data.words.strip);
    this.draw();
  }

  fill() {
    const { message } = this.data;
    this.strip.replaceChildren();
    let word = null, before = -1;
    message.forEach((each, i) => {
      if (each.word !== before) word = html(this.strip, "span", { class: "word" });
      before = each.word;
      const chip = html(word, "button", { type: "button", class: "chip", "aria-label": each.alt, dir: "auto" });
      html(chip, "b", {}, each.letter);
      const marks = html(chip, "span", { class: "marks" });
      for (const mark of each.sign) html(marks, "i", { class: mark === "." ? "dot" : "dash" });
      chip.onclick = () => this.choose(i);
      chip.onfocus = () => { if (!this.timers.length) this.choose(i); };
    });
    this.button.hidden = !message.length;
  }

  choose(i) {
    this.at = i;
    this.draw();
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key], chips = [...this.strip.querySelectorAll(".chip")];
    if (!by || !chips.length) return;
    event.preventDefault();
    chips[Math.max(0, Math.min(chips.length - 1, this.at + by))].focus();
  }

  place(sign) { // in the tree: dots go left, dashes right
    let low = 0, high = 1;
    for (const mark of sign) mark === "." ? (high = (low + high) / 2) : (low = (low + high) / 2);
    return [((low + high) / 2) * this.width, TOP + ROW * sign.length];
  }

  draw() {
    const zoom = enlarged();
    this.width = Math.round(this.root.clientWidth / zoom);
    if (!this.data || !this.width) return;
    const { nodes, message, words } = this.data, chosen = message[this.at];
    const onPath = (sign) => chosen !== undefined && chosen.sign.startsWith(sign);
    const levels = Math.max(4, ...nodes.map(({ sign }) => sign.length), chosen?.sign.length ?? 0);
    const height = TOP + ROW * levels + 24, radius = Math.min(15, this.width / 40);
    this.picture.replaceChildren();
    Object.entries({ viewBox: `0 0 ${this.width} ${height}`, width: this.width * zoom, height: height * zoom,
      "aria-label": chosen ? `${words.tree} ${chosen.alt}` : words.tree }).forEach(([k, v]) => this.picture.setAttribute(k, v));
    const inner = new Set(nodes.flatMap(({ sign }) => [...sign].map((_, i) => sign.slice(0, i + 1))));
    for (const sign of [...inner].sort((a, b) => onPath(a) - onPath(b))) this.branch(sign, onPath(sign));
    this.knot("", "", radius / 2, chosen !== undefined);
    const named = new Map(nodes.map(({ sign, letter }) => [sign, letter]));
    for (const sign of inner) {
      const small = sign.length > 4 ? Math.min(radius, this.width / 56) : radius;
      if (named.has(sign)) this.knot(sign, named.get(sign), small, onPath(sign), sign === chosen?.sign);
    }
    svg(this.picture, "text", { x: 4, y: 16, class: "key" }, `← ${words.dot}`);
    svg(this.picture, "text", { x: this.width - 4, y: 16, class: "key", "text-anchor": "end" }, `${words.dash} →`);
    [...this.strip.querySelectorAll(".chip")].forEach((chip, i) => chip.setAttribute("aria-pressed", i === this.at));
    this.said.textContent = chosen?.alt ?? "";
    this.root.dataset.path = chosen?.sign ?? "";
  }

  branch(sign, lit) {
    const [x, y] = this.place(sign), [px, py] = this.place(sign.slice(0, -1));
    const dash = sign.endsWith("-");
    svg(this.picture, "line", { x1: px, y1: py, x2: x, y2: y, class: `branch${lit ? " lit" : ""}`,
      ...(dash ? {} : { "stroke-dasharray": "0.1 7" }) });
  }

  knot(sign, letter, radius, lit, end) {
    const [x, y] = this.place(sign);
    svg(this.picture, "circle", { cx: x, cy: y, r: radius, class: `knot${lit ? " lit" : ""}${end ? " end" : ""}` });
    if (letter) svg(this.picture, "text", { x, y, dy: "0.35em", "text-anchor": "middle", class: `letter${end ? " end" : ""}`,
      style: `font-size:${Math.max(10, radius * 1.2)}px` }, letter);
  }

  play() {
    const context = this.context ??= new AudioContext();
    context.resume();
    this.gain = context.createGain();
    this.gain.gain.value = 0;
    const tone = context.createOscillator();
    tone.frequency.value = 600;
    tone.connect(this.gain).connect(context.destination);
    tone.start();
    this.tone = tone;
    let at = 0, before = null;
    const start = context.currentTime + 0.1;
    this.data.message.forEach((each, i) => {
      if (before !== null) at += each.word === before ? 3 : 7;
      before = each.word;
      this.timers.push(setTimeout(() => this.choose(i), 100 + at * UNIT));
      [...each.sign].forEach((mark, j) => {
        if (j) at += 1;
        const long = mark === "." ? 1 : 3;
        this.gain.gain.setTargetAtTime(0.25, start + (at * UNIT) / 1000, 0.004);
        this.gain.gain.setTargetAtTime(0, start + ((at + long) * UNIT) / 1000, 0.004);
        at += long;
      });
    });
    this.timers.push(setTimeout(() => this.stop(), 400 + at * UNIT));
    this.button.textContent = this.data.words.stop;
  }

  stop() {
    this.timers.forEach(clearTimeout);
    this.timers = [];
    this.tone?.stop();
    this.tone = null;
    if (this.data) this.button.textContent = this.data.words.play;
  }

  end() {
    this.stop();
    this.observer.disconnect();
    this.context?.close();
  }
}

export default mounted(Tree);
