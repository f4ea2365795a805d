// A canvas to draw a digit on, by mouse, finger, pen or keyboard. After each stroke the page gets the picture as a PNG.

import { element, mounted } from "./controls.js";

const SIDE = 280, PAUSE = 300; // pixels; milliseconds of rest after which the picture is sent
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Sketch {
  constructor(root) {
    Object.assign(this, { strokes: [], pen: null, cursor: [SIDE / 2, SIDE / 2], inks: false });
    this.canvas = element(root, "canvas");
    Object.assign(this.canvas, { width: SIDE, height: SIDE, tabIndex: 0 });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label",
      "Drawing board. With the keyboard: arrow keys move the pen, space lifts and lowers it.");
    this.canvas.onpointerdown = (event) => this.begin(event);
    this.canvas.onpointermove = (event) => this.draw(event);
    this.canvas.onpointerup = this.canvas.onpointercancel = () => this.end();
    this.canvas.onkeydown = (event) => this.key(event);
    this.canvas.onblur = () => { this.inks = false; this.paint(); };
    const bar = element(root, "div", "controls");
    this.button(bar, "Undo", () => { this.strokes.pop(); this.changed(); });
    this.button(bar, "Clear", () => { this.strokes = []; this.changed(); });
    this.paint();
  }

  button(bar, text, act) { Object.assign(element(bar, "button", "", text), { type: "button", onclick: act }); }

  update(component) {
    this.component = component;
    if (component.data.clears !== this.clears) { // the page has put the picture away
      this.clears = component.data.clears;
      this.strokes = [];
      this.paint();
    }
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * SIDE, (event.clientY - box.top) / box.height * SIDE];
  }

  begin(event) {
    if (event.button > 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pen = [this.place(event)];
    this.strokes.push(this.pen);
    this.paint();
    event.preventDefault();
  }

  draw(event) {
    if (!this.pen) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) this.pen.push(this.place(each));
    this.paint();
  }

  end() {
    if (!this.pen) return;
    this.pen = null;
    this.changed();
  }

  key(event) {
    const step = ARROWS[event.key];
    if (event.key === " ") {
      this.inks = !this.inks;
      if (this.inks) this.strokes.push([[...this.cursor]]);
      else this.changed();
    } else if (step) {
      this.cursor = this.cursor.map((at, i) => Math.max(10, Math.min(SIDE - 10, at + 7 * step[i])));
      if (this.inks) this.strokes.at(-1).push([...this.cursor]);
    } else return;
    event.preventDefault();
    this.paint(true);
  }

  paint(keyboard = false) {
    const pen = this.canvas.getContext("2d");
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, SIDE, SIDE);
    Object.assign(pen, { strokeStyle: "#fff", lineWidth: 24, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) {
      pen.beginPath();
      pen.moveTo(...stroke[0]);
      for (const at of stroke.length > 1 ? stroke.slice(1) : stroke) pen.lineTo(...at);
      pen.stroke();
    }
    if (!keyboard) return;
    pen.beginPath();
    pen.arc(...this.cursor, 8, 0, 2 * Math.PI);
    Object.assign(pen, { strokeStyle: "#e07b39", lineWidth: this.inks ? 8 : 3 });
    pen.stroke();
  }

  changed() {
    this.paint();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const picture = this.strokes.length ? this.canvas.toDataURL("image/png") : "";
      this.component.setTriggerValue("drawn", picture);
    }, PAUSE);
  }
}

export default function (component) {
  mounted(component.parentElement, "sketch", (root) => new Sketch(root)).update(component);
}
