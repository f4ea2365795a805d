// Images waiting to be sent: drag one, or move it with the arrow keys; each with its price, and the meter of the whole.

import { Line, filled, html, mounted } from "./common.js";

class Order {
  constructor(root) {
    Object.assign(this, { root, line: new Line(), order: [] });
    this.meter = html(root, "div", { class: "meter", role: "img" });
    this.list = html(root, "ol", { class: "queue" });
    this.said = html(root, "p", { class: "note", "aria-live": "polite" });
  }

  update(component) {
    const fresh = this.line.heard(component), { cells, order, words } = component.data;
    this.data = component.data;
    const identity = cells.map(([source]) => source).join();
    if (identity !== this.identity) this.fill();
    this.identity = identity;
    if (fresh) this.order = [...order];
    this.list.setAttribute("aria-label", words.list);
    this.show();
  }

  fill() {
    this.list.replaceChildren();
    this.items = this.data.cells.map(([source, name, alt], i) => {
      const item = html(this.list, "li"), button = html(item, "button", { type: "button", "data-image": i });
      Object.assign(html(button, "img", { alt, draggable: "false" }), { src: source, width: 56, height: 56 });
      html(button, "span", {}, name);
      const price = html(button, "b");
      button.onkeydown = (event) => this.key(event, i);
      button.onpointerdown = (event) => this.lift(event, i, button);
      return { item, button, price };
    });
  }

  show() {
    const { order, prices, bits, words } = this.data, known = this.order.join() === order.join();
    const focused = this.list.getRootNode().activeElement;
    this.order.forEach((i, place) => {
      const { item, price, button } = this.items[i];
      if (this.list.children[place] !== item) this.list.insertBefore(item, this.list.children[place] ?? null);
      price.textContent = known ? prices[place] : "…";
      button.setAttribute("aria-label", filled(words.item, { name: this.data.cells[i][2], place: place + 1,
        count: this.order.length, price: known ? prices[place] : "…" }));
    });
    if (focused && this.list.contains(focused)) focused.focus({ preventScroll: true });
    if (known) this.run(bits);
    this.root.dataset.order = this.order.join(" ");
  }

  run(bits) { // the meter's segments, one an image, to the scale that the page gives
    const { scale, marks, words } = this.data;
    this.meter.replaceChildren();
    bits.forEach((value, i) => {
      html(this.meter, "i", { class: i % 2 ? "odd" : "even", style: `width:${(100 * value) / scale}%` });
    });
    for (const { at, name } of marks) {
      const mark = html(this.meter, "span", { class: "mark", style: `left:${(100 * at) / scale}%` });
      html(mark, "small", {}, name);
    }
    this.meter.setAttribute("aria-label", words.meter);
    this.said.textContent = words.meter;
  }

  move(i, place) {
    const from = this.order.indexOf(i), to = Math.max(0, Math.min(this.order.length - 1, place));
    if (from === to) return;
    this.order = this.order.toSpliced(from, 1).toSpliced(to, 0, i);
    this.show();
    this.line.send({ order: this.order });
  }

  key(event, i) {
    const here = this.order.indexOf(i), last = this.order.length - 1;
    const after = here + 1, before = here - 1;
    const place = { ArrowRight: after, ArrowDown: after, ArrowLeft: before, ArrowUp: before, Home: 0, End: last }[event.key];
    if (place === undefined) return;
    event.preventDefault();
    this.move(i, place);
    this.items[i].button.focus();
  }

  lift(event, i, button) {
    if (event.button) return;
    event.preventDefault();
    button.focus({ preventScroll: true });
    button.classList.add("lifted");
    const move = ({ clientX, clientY }) => {
      const place = this.order.findIndex((j) => {
        const { left, right, top, bottom } = this.items[j].item.getBoundingClientRect();
        return clientX >= left && clientX < right && clientY >= top && clientY < bottom;
      });
      if (place >= 0) this.move(i, place);
    };
    const drop = () => {
      button.classList.remove("lifted");
      window.removeEventListener("pointermove", move);
      for (const type of ["pointerup", "pointercancel"]) window.removeEventListener(type, drop);
    };
    window.addEventListener("pointermove", move);
    for (const type of ["pointerup", "pointercancel"]) window.addEventListener(type, drop);
  }
}

export default mounted(Order);
