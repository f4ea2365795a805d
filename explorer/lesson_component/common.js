// What all of the lesson's pictures share: elements, and the line to the page.

const SVG = "http://www.w3.org/2000/svg";
const PATIENCE = 4000; // milliseconds within which the page answers

function dressed(node, attributes, text) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

export function html(parent, tag, attributes = {}, text) {
  return parent.appendChild(dressed(document.createElement(tag), attributes, text));
}

export function svg(parent, tag, attributes = {}, text) {
  return parent.appendChild(dressed(document.createElementNS(SVG, tag), attributes, text));
}

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

// Text with {name} in it, filled in.
export const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

// One change at a time goes to the page; those made meanwhile wait, and only the last of them is sent.
export class Line {
  constructor() { Object.assign(this, { nonce: Date.now(), sent: null, next: null }); }

  send(value) {
    if (this.sent) {
      this.next = value;
      return;
    }
    this.sent = ++this.nonce;
    this.component.setTriggerValue("moved", { ...value, nonce: this.sent });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.release(), PATIENCE);
  }

  release() {
    this.sent = null;
    const value = this.next;
    this.next = null;
    if (value) this.send(value);
  }

  // True where the page's data is in step with what the visitor did last.
  heard(component) {
    this.component = component;
    if (this.sent && component.data.nonce === this.sent) this.release();
    return !this.sent;
  }
}

// Mounts `Picture` once in the component's root and hands it every new state of the page.
export function mounted(Picture) {
  return (component) => {
    const root = component.parentElement.querySelector(".lesson");
    root.__lesson ??= new Picture(root);
    root.__lesson.update(component);
    return () => setTimeout(() => { if (!root.isConnected) root.__lesson.end?.(); });
  };
}

// How much larger than usual the page's type is, in projector mode: pictures grow with it.
export const enlarged = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;

// Calls `draw(width)` now and whenever the root's width changes.
export function onWidth(root, draw) {
  let before = 0;
  const observer = new ResizeObserver(() => {
    const width = Math.round(root.clientWidth);
    if (width && width !== before) draw(before = width);
  });
  observer.observe(root);
  return observer;
}

// The keys that every slider of the lesson knows: the new value, or null for another key.
export function byKey(event, value, step, low, high) {
  const big = event.shiftKey || event.key.startsWith("Page") ? 5 * step : step;
  const by = { ArrowRight: big, ArrowUp: big, PageUp: big, ArrowLeft: -big, ArrowDown: -big, PageDown: -big }[event.key];
  if (event.key === "Home") return low;
  if (event.key === "End") return high;
  return by === undefined ? null : clamp(value + by, low, high);
}
