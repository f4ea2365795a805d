// A row of images as a film, with the nearest real image under each, and the way it goes on a small map.

import { Controls, element, mounted, still } from "./controls.js";

const DOTS = 12000; // of the map, at most

// Positions of all images, fetched once for all films; the big maps have fetched the file already, if they stand.
function points(url) {
  const files = (window.lpvaePoints ??= new Map());
  if (!files.has(url)) {
    files.set(url, fetch(url).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status)))
      .then((all) => new Float32Array(all)));
  }
  return files.get(url).catch(() => {
    files.delete(url);
    return null;
  });
}

class Film {
  constructor(root) {
    const stage = element(root, "div", "stage");
    this.now = element(stage, "img", "now");
    this.map = element(stage, "canvas", "place");
    this.map.setAttribute("role", "img");
    this.text = element(root, "p", "readout");
    this.controls = new Controls(root, (at) => this.show(at));
    this.strip = element(root, "div", "strip");
    new ResizeObserver(() => this.sketch()).observe(this.map);
    new IntersectionObserver(([...seen]) => { this.seen = seen.at(-1).isIntersecting; this.sketch(); }).observe(this.map);
  }

  update(data) {
    const identity = JSON.stringify(data);
    if (identity === this.identity) return;
    this.identity = identity;
    this.data = data;
    this.now.width = this.now.height = data.size;
    this.strip.replaceChildren(...data.frames.map((frame, i) => this.cell(frame, i)));
    this.map.hidden = !data.place;
    if (data.place) this.map.setAttribute("aria-label", data.place.about);
    this.controls.reset({ count: data.frames.length - 1, at: 0, perSecond: data.per_second, loops: data.loops });
    this.loadDots();
    if (data.plays && !still()) this.controls.play();
  }

  cell(frame, i) {
    const button = element(null, "button");
    button.type = "button";
    for (const part of [frame, frame.real]) {
      if (!part) continue;
      const image = element(button, "img");
      Object.assign(image, { src: part.src, alt: part.alt, width: this.data.small, height: this.data.small });
      element(button, "span", "", part.caption);
    }
    button.onclick = () => this.controls.goTo(i);
    return button;
  }

  show(at) {
    const { src, alt, text } = this.data.frames[at];
    Object.assign(this.now, { src, alt: `Now: ${alt}` });
    this.text.textContent = text;
    [...this.strip.children].forEach((cell, i) => cell.setAttribute("aria-pressed", i === at));
    this.sketch();
  }

  async loadDots() { // those of the last film, where the map is the same
    const { place } = this.data, spoken = place && JSON.stringify([place.points_url, place.ranges]);
    if (spoken === this.spoken) return;
    this.spoken = spoken;
    this.dots = null;
    const xy = place && await points(place.points_url);
    if (!xy && this.spoken === spoken) this.spoken = null; // another film may try again
    if (!xy || this.spoken !== spoken) return;
    const every = Math.max(1, Math.floor(place.ranges.reduce((n, [start, stop]) => n + stop - start, 0) / DOTS)), dots = [];
    for (const [start, stop] of place.ranges) {
      for (let id = start; id < stop; id += every) dots.push([xy[2 * id], xy[2 * id + 1]]);
    }
    this.dots = dots;
    this.sketch();
  }

  backdrop(at, colour) { // the dots, painted anew only where they, the size or the theme change
    const { width, height } = this.map, made = this.painted;
    const same = made && made.dots === this.dots && made.width === width && made.height === height && made.colour === colour;
    if (same) return made.canvas;
    const canvas = Object.assign(document.createElement("canvas"), { width, height }), pen = canvas.getContext("2d");
    pen.setTransform(this.map.getContext("2d").getTransform());
    [pen.fillStyle, pen.globalAlpha] = [colour, 0.16];
    for (const dot of this.dots ?? []) pen.fillRect(...at(dot), 1, 1);
    this.painted = { dots: this.dots, width, height, colour, canvas };
    return canvas;
  }

  sketch() {
    const { place } = this.data ?? {}, { clientWidth: width, clientHeight: height } = this.map;
    if (!place || !width || !this.seen) return; // out of sight it waits
    const ratio = window.devicePixelRatio || 1, pen = this.map.getContext("2d");
    Object.assign(this.map, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const scale = Math.min(width, height) / 2 * 0.94, style = getComputedStyle(this.map);
    const at = ([x, y]) => [width / 2 + x * scale, height / 2 - y * scale];
    pen.drawImage(this.backdrop(at, style.color), 0, 0, width, height);
    const steps = place.path.map(at), now = Math.min(this.controls.at, steps.length - 1);
    [pen.strokeStyle, pen.lineWidth, pen.lineJoin] = [style.color, 1, "round"];
    this.line(pen, steps, [3, 3]);
    [pen.strokeStyle, pen.lineWidth] = ["#e07b39", 2.5];
    this.line(pen, steps.slice(0, now + 1), []);
    steps.forEach(([x, y], i) => {
      pen.beginPath();
      pen.arc(x, y, i === now ? 6 : 2.5, 0, 2 * Math.PI);
      pen.fillStyle = i === now ? "#e07b39" : style.color;
      pen.fill();
    });
  }

  line(pen, steps, dash) {
    pen.setLineDash(dash);
    pen.beginPath();
    steps.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
    pen.setLineDash([]);
  }
}

export default function ({ parentElement, data }) {
  mounted(parentElement, "film", (root) => new Film(root)).update(data);
}
