// The linked pair of maps, as the page mounts it. The other files here are joined before this one into a single module.

import { Controls } from "./controls.js";
import { numbers, sheet } from "./files.js";
import { Hints, Keepsakes } from "./keepsakes.js";
import { Look, simplified } from "./look.js";
import { Painting } from "./painting.js";
import { PlaneMap } from "./plane_map.js";
import { Hand, Tip } from "./pointer.js";
import { element } from "./points.js";

const PATIENCE = 10000; // milliseconds within which the page answers a click
const REST = 350; // milliseconds after a change of view until the page is told
const PRELOADED = 8; // sheets of thumbnails that are fetched before anybody points at them

class LinkedMaps extends Painting {
  constructor(root) {
    super();
    Object.assign(this, { root, hovered: null, selected: null, second: null, tool: "move", picksSecond: false, walk: null,
      drawing: null, updates: 0, nonce: Date.now(), look: new Look(), members: null, paints: new Uint32Array(), values: {},
      moving: false, stride: 1 });
    Object.assign(root.dataset, { state: "loading", hovered: "", selected: "", second: "", set: "" });
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Two linked maps of the same images");
    const pair = element(root, "div", "lpvae-pair");
    this.maps = { left: new PlaneMap(pair, "left", this), right: new PlaneMap(pair, "right", this) };
    this.both = Object.values(this.maps);
    for (const map of this.both) new Hand(map, this);
    this.controls = new Controls(root, this);
    this.keepsakes = new Keepsakes(root, this);
    this.hints = new Hints(this.maps.left.frame);
    this.tip = new Tip(root);
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("transitionend", (event) => { if (event.target === root) this.refresh(); }); // the theme has changed
    this.observer = new ResizeObserver(() => this.both.forEach((map) => map.resized()));
    for (const map of this.both) this.observer.observe(map.frame);
  }

  // -- from the page

  async update(component) {
    this.component = component;
    this.data = component.data;
    const { common } = this.data, turn = ++this.updates, current = () => turn === this.updates;
    this.accept();
    try {
      await Promise.all(this.both.map((map) => map.show(this.data[map.side], common, current)));
      if (!current()) return;
      await this.filterValues();
      if (!current()) return;
      this.refresh();
      this.loadValues();
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
    if (this.lookVersion !== this.data.look_version) { // a link was opened, or what an outline spoke of has gone
      this.lookVersion = this.data.look_version;
      this.look = new Look(this.data.look ?? {});
      this.saidLook = JSON.stringify(this.look.texts());
      this.paintedBy = null;
      for (const map of this.both) map.view = null;
      for (const map of this.both) map.measure();
    }
    this.report();
    this.sketch();
    if (waiting || !this.owed) return;
    const [map, by] = this.owed;
    this.owed = null;
    if (map.marks.neighbours?.length) this.step(map, by);
  }

  async filterValues() { // which images are shown may hang on the costs
    const { of, least, most } = this.look.cost, url = this.data[of].values_url;
    if ((least || most) && url) this.values[of] = await numbers(url, Float32Array);
  }

  loadValues() { // the tooltip's, and the colours'
    for (const { side } of this.both) {
      const url = this.data[side].values_url;
      if (!url) this.values[side] = null;
      else numbers(url, Float32Array).then((values) => { if (this.data[side].values_url === url) this.values[side] = values; }, () => {});
    }
    const { sprite_urls: urls = [], sprite_rows_per_sheet: perSheet, ranges } = this.data.common;
    const first = Math.floor((ranges[0]?.[0] ?? 0) / perSheet);
    urls.slice(first, first + PRELOADED).filter(Boolean).reduce((before, url) => before.then(() => sheet(url), () => {}),
      Promise.resolve());
  }

  fail(error) {
    this.root.dataset.state = "error";
    const sentence = `The map cannot be drawn: ${error.message}. Reload the page to try again.`;
    for (const map of this.both) if (!map.identity || !map.view) map.message.textContent = sentence;
    this.announce();
  }

  announce() { // to the page, once, that the maps stand or never will
    if (!this.data.asks_when_drawn || this.announced) return;
    this.announced = true;
    this.tell("drawn");
  }

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

  figures(id) { // each map's figure for the image, where it has one
    const known = this.both.filter(({ side }) => Number.isFinite(this.values[side]?.[id]));
    return known.map(({ side }) => {
      const { title, model = title, values_name: unit } = this.data[side];
      return `${model}: ${this.values[side][id].toFixed(1)} ${unit ?? ""}`.trim();
    });
  }

  query() { // the address of what is seen now: the page's own may be a moment behind
    const query = new URLSearchParams(location.search);
    for (const [part, text] of Object.entries(this.look.texts())) if (text) query.set(part, text); else query.delete(part);
    return query.toString();
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
    for (const map of this.both) map.point();
  }

  pick(id, shift) {
    const kind = shift || this.picksSecond ? "second" : "select";
    this.controls.armSecond(false);
    this.hints.end();
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
    if (this.selected === null && this.second === null && !this.look.lasso) return;
    Object.assign(this, { selected: null, second: null, walk: null });
    this.look.lasso = null;
    for (const map of this.both) map.marks = {};
    this.tell("clear");
    this.refresh();
  }

  outlined() { // the lasso or the box has been closed
    const { map, pixels } = this.drawing;
    this.drawing = null;
    this.gather({ side: map.side, outline: simplified(pixels.map((pixel) => map.view.toPlane(pixel))) });
  }

  gather(lasso) {
    this.look.lasso = lasso;
    this.tell("look");
    this.refresh();
  }

  open(query) { this.tell("open", null, { query }); }

  tell(kind, id = null, more = {}) { // in full, so that the page knows the look whatever has happened
    const look = this.look.texts();
    clearTimeout(this.resting);
    this.saidLook = JSON.stringify(look);
    this.report();
    this.sketch();
    this.told = { nonce: ++this.nonce, time: Date.now() };
    this.component.setTriggerValue("event", { kind, id, look, nonce: this.nonce, ...more });
  }

  change(act) {
    act(this.look);
    this.filterValues().then(() => {
      this.refresh();
      this.repaint();
    }, () => this.controls.say("The costs could not be fetched."));
    this.rest();
  }

  toggle(token) {
    this.change(({ hidden }) => { if (!hidden.delete(token)) hidden.add(token); });
  }

  rest() { // tell the page of the look when the hand rests
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.tellLook(), REST);
  }

  tellLook() { // only a set, and colours that are yet to be worked out, concern more of the page than its address
    const look = this.look.texts(), text = JSON.stringify(look);
    if (text === this.saidLook) return;
    const keep = window.lpvaeKeepers?.[this.data.keeper];
    const late = this.data.common.colourings?.some(({ name, url }) => name === look.colour && !url);
    if (!keep || look.lasso || late) this.tell("look");
    else keep(look);
    this.saidLook = text;
  }

  key(event) {
    if (event.key === "Escape") {
      if (this.drawing) this.drawing = null;
      else if (this.picksSecond) this.controls.armSecond(false);
      else this.clear();
      return this.sketch();
    }
    const map = this.both.find(({ over }) => over === event.target);
    if (!map || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    const { width, height } = map.view ?? {}, middle = [width / 2, height / 2];
    const act = { ArrowRight: () => this.step(map, 1), ArrowDown: () => this.step(map, 1), ArrowLeft: () => this.step(map, -1),
      ArrowUp: () => this.step(map, -1), "+": () => this.zoom(map, 1.25, middle), "-": () => this.zoom(map, 0.8, middle),
      0: () => this.homes() }[event.key];
    if (!act) return undefined;
    event.preventDefault();
    return act();
  }

  step(map, by) { // along the neighbours of the image at which the walk began
    const here = this.walk && this.walk.ids[this.walk.position] === this.selected && this.walk.map === map;
    if (!here && !map.marks.neighbours?.length) { // the page has not told them yet: take the step when it does
      this.owed = [map, by];
      return;
    }
    if (!here) this.walk = { map, position: 0, ids: [this.selected, ...(map.marks.neighbours ?? [])] };
    const { ids, position } = this.walk, next = Math.max(0, Math.min(ids.length - 1, position + by));
    this.walk.position = next;
    if (ids[next] !== null) this.set("select", ids[next]);
  }

  moved(maps, act) {
    for (const map of maps) if (map.view) act(map.view, map);
    if (!this.both.every((map) => map.view)) return;
    this.moving = true;
    this.look.see(this.both.map((map) => map.view), this.both.map((map) => map.points.box));
    this.repaint();
    this.rest();
  }

  together(map) { return this.look.linked ? this.both : [map]; }
  pan(map, dx, dy) { this.moved(this.together(map), (view) => view.pan(dx, dy)); }
  zoom(map, factor, pixel) { this.moved(this.together(map), (view) => view.zoom(factor, pixel)); }
  home(map) { this.moved(this.together(map), (view, each) => each.home()); }
  homes() { this.moved(this.both, (view, each) => each.home()); }

  // -- for tests, and the end

  screen(side, id) { // where the image lies in the window, in CSS pixels
    const at = this.maps[side].place(id), frame = this.maps[side].over.getBoundingClientRect();
    return at && { x: frame.left + at[0], y: frame.top + at[1] };
  }

  destroy() {
    this.observer.disconnect();
    clearTimeout(this.resting);
    clearTimeout(this.stillness);
    cancelAnimationFrame(this.frame);
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
