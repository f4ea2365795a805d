// What is shown of the images and in which colours: from the look and the data to the order and the colours of the points.

import { categories, css, gradient, mix, pack, span } from "./colours.js";
import { numbers } from "./files.js";
import { inside } from "./points.js";

const PASSED_BY = 0.8; // share of the background in the colour of points that are not in the set

const SLOW = 24; // milliseconds to paint both maps, beyond which a moving hand would feel it
const STILL = 140; // milliseconds without a movement, after which all points are painted
const MOST_STRIDE = 4; // then every fourth point is painted

export class Painting {
  refresh() {
    if (!this.both.every((map) => map.identity)) return;
    this.select();
    this.controls.update();
    this.paintAll().then((changed) => { if (changed || this.root.dataset.state !== "ready") this.repaint(); },
      () => this.controls.say("These colours could not be fetched."));
  }

  select() { // 1 for each id that the filters let pass
    const { common } = this.data, { hidden, cost } = this.look, { points } = this.maps.left, values = this.values[cost.of];
    const bounded = Boolean((cost.least || cost.most) && values);
    const identity = JSON.stringify([this.both.map((map) => map.identity), [...hidden], bounded && [cost, this.data[cost.of].values_url]]);
    if (identity === this.selectedBy) return;
    this.selectedBy = identity;
    const least = cost.least ? Number(cost.least) : -Infinity, most = cost.most ? Number(cost.most) : Infinity;
    const splits = common.splits ?? [];
    const split = (id) => splits.findIndex(({ ranges }) => ranges.some(([start, stop]) => id >= start && id < stop));
    const hidesSplits = [...hidden].some((token) => token.startsWith("s"));
    this.visible = new Uint8Array(points.labels.length);
    for (const id of points.ids) {
      const passes = !hidden.has(String(points.labels[id])) && (!bounded || (values[id] >= least && values[id] <= most));
      this.visible[id] = passes && !(hidesSplits && hidden.has(`s${split(id)}`));
    }
    this.ids = points.ids.filter((id) => this.visible[id]);
    this.controls.say(`${this.ids.length.toLocaleString("en")} of ${points.ids.length.toLocaleString("en")} images shown`);
  }

  async paintAll() {
    const { lasso } = this.look, back = this.back(), asked = this.coloursAsked();
    const identity = JSON.stringify([this.selectedBy, asked, lasso, back]);
    this.painting = identity;
    if (identity === this.paintedBy) return false;
    const values = await numbers(asked.url, asked.kind === "categories" ? Int16Array : Float32Array);
    if (this.painting !== identity) return false; // other colours have been asked for meanwhile
    this.paintedBy = identity;
    const base = this.baseColours(asked, values);
    this.members = lasso && this.membersOf(lasso);
    this.root.dataset.set = this.members ? this.members.reduce((sum, one) => sum + one, 0) : "";
    this.paints = this.members ? base.map((colour, id) => (this.members[id] ? colour : mix(colour, back, PASSED_BY))) : base;
    const order = this.members ? this.ids.filter((id) => !this.members[id]) : this.ids;
    const top = this.members ? this.ids.filter((id) => this.members[id]) : [];
    for (const map of this.both) map.fill(Uint32Array.from([...order, ...top].filter((id) => map.points.at(id))), this.visible);
    return true;
  }

  coloursAsked() {
    const { common } = this.data, found = (common.colourings ?? []).find(({ name, url }) => name === this.look.colour && url);
    return found ?? { name: "label", kind: "categories", url: common.labels_url };
  }

  baseColours(asked, values) {
    this.colouring = null;
    this.controls.scale.hidden = true;
    if (asked.kind === "categories") return categories(values.length, this.data.common.palette, values);
    const range = span(values, this.ids, asked.kind);
    this.colouring = { ...asked, range };
    this.controls.showScale(asked, range);
    return gradient(values, range, asked.kind);
  }

  membersOf({ side, outline }) {
    if (side === "shown") return this.visible;
    const members = new Uint8Array(this.visible.length), { points } = this.maps[side];
    for (const id of points.ids) members[id] = this.visible[id] && inside(outline, points.xy[2 * id], points.xy[2 * id + 1]);
    return members;
  }

  repaint() { // once before the next frame, however often it is asked for
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.visible || !this.both.every((map) => map.view)) return;
      this.paintMaps();
      if (this.root.dataset.state === "ready") return;
      this.root.dataset.state = "ready";
      this.hints.begin();
      this.announce();
    });
  }

  paintMaps() { // while the hand moves, as many of the points as the machine paints in time
    const start = performance.now();
    for (const map of this.both) map.paint(this.moving ? this.stride : 1);
    if (!this.moving) return;
    const took = performance.now() - start;
    if (took > SLOW) this.stride = Math.min(MOST_STRIDE, this.stride + 1);
    else if (took < SLOW / 4) this.stride = Math.max(1, this.stride - 1);
    clearTimeout(this.stillness);
    this.stillness = setTimeout(() => {
      this.moving = false;
      this.repaint();
    }, STILL);
  }

  name(label) { return this.data.common.label_names[label] ?? (label < 0 ? "none" : String(label)); }

  labelColour(label) { return label < 0 ? "#888888" : this.data.common.palette[label % this.data.common.palette.length]; }

  css(id) { return css(this.paints[id]); }

  colours() {
    const style = getComputedStyle(this.root), read = (name) => style.getPropertyValue(name).trim();
    return { text: style.color, back: read("--lpvae-back"), accent: read("--lpvae-accent"), font: style.fontFamily };
  }

  back() { return pack(this.colours().back); }

  sketch() { for (const map of this.both) map.sketch(); }

  entries() { // of the legend: labels, and splits where they give the colours
    const { palette, splits = [] } = this.data.common, byLabel = this.coloursAsked().name === "label"; // others may be yet to come
    const labels = [...new Set(this.maps.left.points.ids.reduce((seen, id) => seen.add(this.maps.left.points.labels[id]), new Set()))];
    const entries = labels.sort((a, b) => a - b).map((label) =>
      ({ token: String(label), text: this.name(label), colour: byLabel && this.labelColour(label) }));
    if (this.look.colour !== "split") return entries;
    return [...entries, ...splits.map(({ name }, i) => ({ token: `s${i}`, text: name, colour: palette[i % palette.length] }))];
  }

  shownEntries() { return this.entries().filter(({ token }) => !this.look.hidden.has(token)); }
}
