// The linked pair of maps, as the page mounts it. The other files here are joined before this one into a single module.

import { PlaneMap, element } from "./plane_map.js";
import { Hand, Tip } from "./pointer.js";
import { numbers, plotly } from "./points.js";

const PATIENCE = 10000; // milliseconds within which the page answers a click
const KEY = ["◎ selected image", "□ second image", "○ neighbour", "+ sample of the prior", "◆ the prior's mean",
  "┄ interpolation path"];

let webGL; // asked once and given back: a browser keeps few contexts and drops the oldest, which would be a map's

function drawsWebGL() {
  if (webGL === undefined) {
    const context = document.createElement("canvas").getContext("webgl");
    webGL = Boolean(context);
    context?.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return webGL;
}

class LinkedMaps {
  constructor(root) {
    Object.assign(this, { root, hidden: new Set(), hovered: null, selected: null, second: null, linked: true,
      named: true, picksSecond: false, walk: null, updates: 0, nonce: Date.now() });
    Object.assign(root.dataset, { state: "loading", hovered: "", selected: "", second: "" });
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Two linked maps of the same images");
    const pair = element(root, "div", "lpvae-pair");
    this.maps = { left: new PlaneMap(pair, "left", this), right: new PlaneMap(pair, "right", this) };
    this.both = Object.values(this.maps);
    for (const map of this.both) new Hand(map, this);
    this.legend = element(root, "div", "lpvae-bar lpvae-legend");
    this.makeTools(element(root, "div", "lpvae-bar lpvae-tools"));
    const key = element(root, "p", "lpvae-key");
    for (const entry of KEY) element(key, "span", "", entry);
    this.tip = new Tip(root);
    root.addEventListener("keydown", (event) => this.key(event));
    this.observer = new ResizeObserver(() => this.both.forEach((map) => map.resized()));
    for (const map of this.both) this.observer.observe(map.frame);
  }

  makeTools(bar) {
    const box = (text, start, act) => {
      const label = element(bar, "label"), input = element(label, "input");
      Object.assign(input, { type: "checkbox", checked: start, onchange: () => act(input.checked) });
      element(label, "span", "", text);
    };
    box("Move both maps together", true, (on) => { this.linked = on; });
    box("Names on the maps", true, (on) => { this.named = on; this.sketch(); });
    element(bar, "button", "", "Whole map").onclick = () => this.both.forEach((map) => this.home(map));
    this.secondButton = element(bar, "button", "", "Pick a second image");
    this.secondButton.title = "The next click picks the second image, as shift-click does";
    this.secondButton.onclick = () => this.armSecond(!this.picksSecond);
    this.armSecond(false);
  }

  armSecond(on) {
    this.picksSecond = on;
    this.secondButton.setAttribute("aria-pressed", on);
  }

  // -- from the page

  async update(component) {
    this.component = component;
    this.data = component.data;
    const { common } = this.data, turn = ++this.updates, current = () => turn === this.updates;
    this.accept();
    this.loadValues();
    try {
      if (!drawsWebGL()) throw new Error("this browser offers no WebGL");
      const Plotly = await plotly(this.data.plotly_url);
      if (!current()) return;
      await Promise.all(this.both.map((map) => map.show(this.data[map.side], common, Plotly, current)));
      if (!current()) return;
      this.makeLegend();
      this.sketch();
    } catch (error) {
      if (current()) this.fail(error);
    }
  }

  accept() { // the page's selection, unless it answers a click that a later one has overtaken
    const waiting = this.told && this.told.nonce !== this.data.nonce && Date.now() - this.told.time < PATIENCE;
    if (!waiting) {
      this.told = null;
      Object.assign(this, { selected: this.data.selected, second: this.data.second });
      for (const map of this.both) map.marks = this.data.marks[map.side] ?? {};
    }
    this.report();
    this.sketch();
  }

  loadValues() { // only the tooltip needs them, so the maps don't wait
    for (const map of this.both) {
      const url = this.data[map.side].values_url;
      map.values = null;
      if (url) numbers(url, Float32Array).then((values) => { map.values = values; }, () => {});
    }
  }

  fail(error) {
    this.root.dataset.state = "error";
    const sentence = `The map cannot be drawn: ${error.message}. Reload the page to try again.`;
    for (const map of this.both) if (!map.identity || !map.view) map.message.textContent = sentence;
    this.announce();
  }

  drawn() {
    this.sketch();
    if (!this.both.every((map) => map.identity && map.view)) return;
    this.root.dataset.state = "ready";
    this.announce();
  }

  announce() { // to the page, once, that the maps stand or never will
    if (!this.data.asks_when_drawn || this.announced) return;
    this.announced = true;
    this.tell("drawn", null);
  }

  // -- what the maps ask

  name(label) { return this.data.common.label_names[label] ?? (label < 0 ? "none" : String(label)); }

  colour(label) {
    const { palette } = this.data.common;
    return label < 0 ? "#888888" : palette[label % palette.length];
  }

  colours() {
    const style = getComputedStyle(this.root), read = (name) => style.getPropertyValue(name).trim();
    return { text: style.color, back: read("--lpvae-back"), accent: read("--lpvae-accent"), font: style.fontFamily };
  }

  sketch() { for (const map of this.both) map.sketch(); }

  report() { // for those who read the page without seeing it
    this.root.dataset.selected = this.selected ?? "";
    this.root.dataset.second = this.second ?? "";
    for (const map of this.both) {
      const about = [`Map of ${this.data[map.side].title}`];
      if (this.selected !== null) about.push(`image ${this.selected} is selected`);
      if (map.marks.neighbours?.length) about.push(`arrow keys walk its ${map.marks.neighbours.length} neighbours`);
      map.over.setAttribute("aria-label", `${about.join("; ")}.`);
    }
  }

  makeLegend() {
    const labels = [...new Set(this.both.flatMap((map) => [...(map.points?.groups.keys() ?? [])]))].sort((a, b) => a - b);
    const { palette, label_names: names } = this.data.common, identity = JSON.stringify([labels, palette, names]);
    if (identity === this.legendIdentity) return;
    this.legendIdentity = identity;
    this.legend.replaceChildren();
    for (const label of labels) {
      const button = element(this.legend, "button");
      element(button, "span", "lpvae-swatch").style.background = this.colour(label);
      element(button, "span", "", this.name(label));
      button.title = "Show or hide";
      button.setAttribute("aria-pressed", !this.hidden.has(label));
      button.onclick = () => this.toggle(label, button);
    }
  }

  toggle(label, button) {
    if (!this.hidden.delete(label)) this.hidden.add(label);
    button.setAttribute("aria-pressed", !this.hidden.has(label));
    for (const map of this.both) map.restyle();
    this.sketch();
  }

  // -- what the visitor does

  hover(id, event) {
    if (id === null) this.tip.hide();
    else if (id === this.hovered && !this.tip.box.hidden) this.tip.move(event.clientX, event.clientY);
    else this.tip.show(id, this.name(this.maps.left.points.labels[id]), this.figures(id), this.data.common,
      event.clientX, event.clientY);
    if (id === this.hovered) return;
    this.hovered = id;
    this.root.dataset.hovered = id ?? "";
    this.sketch();
  }

  figures(id) { // each map's figure for the image, where it has one
    const known = this.both.filter((map) => Number.isFinite(map.values?.[id]));
    return known.map((map) => {
      const { title, values_name: unit } = this.data[map.side];
      return `${title}: ${map.values[id].toFixed(1)} ${unit ?? ""}`.trim();
    });
  }

  pick(id, shift) {
    const kind = shift || this.picksSecond ? "second" : "select";
    this.armSecond(false);
    this.set(kind, id);
  }

  set(kind, id) { // shown at once; the page answers with the same and its marks
    if (kind === "select" ? id === this.selected : id === this.second) return;
    if (kind === "select") {
      this.selected = id;
      for (const map of this.both) map.marks = {}; // they spoke of the image selected before
    } else this.second = id;
    this.tell(kind, id);
  }

  clear() {
    if (this.selected === null && this.second === null) return;
    Object.assign(this, { selected: null, second: null, walk: null });
    for (const map of this.both) map.marks = {};
    this.tell("clear", null);
  }

  tell(kind, id) {
    this.report();
    this.sketch();
    this.told = { nonce: ++this.nonce, time: Date.now() };
    this.component.setTriggerValue("event", { kind, id, nonce: this.nonce });
  }

  key(event) {
    if (event.key === "Escape") return this.picksSecond ? this.armSecond(false) : this.clear();
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const map = this.both.find(({ over }) => over === event.target);
    if (!step || !map) return undefined;
    event.preventDefault();
    return this.step(map, step);
  }

  step(map, by) { // along the neighbours of the image at which the walk began
    const here = this.walk && this.walk.ids[this.walk.position] === this.selected && this.walk.map === map;
    if (!here) this.walk = { map, position: 0, ids: [this.selected, ...(map.marks.neighbours ?? [])] };
    const { ids, position } = this.walk, next = Math.max(0, Math.min(ids.length - 1, position + by));
    this.walk.position = next;
    if (ids[next] !== null) this.set("select", ids[next]);
  }

  moved(map, act) {
    for (const each of this.linked ? this.both : [map]) {
      if (!each.view) continue;
      act(each.view, each);
      each.follow();
    }
  }

  pan(map, dx, dy) { this.moved(map, (view) => view.pan(dx, dy)); }
  zoom(map, factor, pixel) { this.moved(map, (view) => view.zoom(factor, pixel)); }
  home(map) { this.moved(map, (view, each) => view.fit(each.points.box)); }

  // -- for tests, and the end

  screen(side, id) { // where the image lies in the window, in CSS pixels
    const at = this.maps[side].place(id), frame = this.maps[side].over.getBoundingClientRect();
    return at && { x: frame.left + at[0], y: frame.top + at[1] };
  }

  destroy() {
    this.observer.disconnect();
    for (const map of this.both) {
      clearTimeout(map.timer);
      map.Plotly?.purge(map.plot);
    }
    this.root.remove();
  }
}

export default function linkedMaps(component) {
  const { parentElement } = component;
  let root = parentElement.querySelector(":scope > .lpvae-maps");
  if (!root) {
    root = element(parentElement, "div", "lpvae-maps");
    root.__lpvae = new LinkedMaps(root);
  }
  root.__lpvae.update(component);
  // The page also calls this for a call that newer data has overtaken: only a root that has left the page has ended.
  return () => setTimeout(() => { if (!root.isConnected) root.__lpvae.destroy(); });
}
