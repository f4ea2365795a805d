// One map. The points are painted on a canvas that nobody sees; the one on the page is a copy of it with all that changes
// with the pointer or the selection (rings, lines, names) on top, and the search under the pointer is our own: neither a
// hover nor a click paints a point again. One canvas on the page, not two, since each costs milliseconds a frame to show.

import { Cloud } from "./cloud.js";
import { pack } from "./colours.js";
import { contours } from "./contours.js";
import { numbers, ready, sheet, thumbnail } from "./files.js";
import { CanvasInk, Pen, joined } from "./pen.js";
import { Points, View, element, shuffled } from "./points.js";

const REACH = 14; // pixels from the pointer within which a point counts as meant
const MANY = 20000; // points, of which each is smaller and fainter
const PICTURE = 26; // pixels, the side of an image on the map
const MOST_SHEETS = 32; // of which images on the map are taken

const sharpness = () => Math.min(2, window.devicePixelRatio || 1); // pixels of a canvas to one of the page

export class PlaneMap {
  constructor(parent, side, owner) {
    Object.assign(this, { side, owner, points: null, view: null, marks: {}, order: new Uint32Array() });
    const figure = element(parent, "figure", "lpvae-map");
    this.caption = element(figure, "figcaption", "", "\u00a0");
    this.frame = element(figure, "div", "lpvae-frame");
    this.canvas = document.createElement("canvas");
    this.cloud = new Cloud(this.canvas);
    this.over = element(this.frame, "canvas", "lpvae-over");
    this.over.tabIndex = 0;
    this.over.dataset.side = side;
    this.over.setAttribute("role", "img");
    this.ring = element(this.frame, "i", "lpvae-ring"); // not in ink: it moves with the pointer, and must cost next to nothing
    this.ring.hidden = true;
    this.message = element(this.frame, "div", "lpvae-message", "Loading the map …");
  }

  // Fetches the points, if they differ from those that are there; gives up once `current` says that newer data has come.
  async show({ title, points_url }, common, current) {
    this.caption.textContent = title;
    const identity = JSON.stringify([points_url, common.labels_url, common.ranges]);
    if (identity === this.identity) return;
    this.identity = null;
    this.owner.root.dataset.state = "loading";
    const [xy, labels] = await Promise.all([numbers(points_url, Float32Array), numbers(common.labels_url, Int16Array)]);
    if (!current()) return;
    this.points = new Points(xy, labels, shuffled(common.ranges, labels.length));
    [this.identity, this.view] = [identity, null];
    this.measure();
  }

  measure() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!this.points || !width) return; // not on screen yet: the resize observer calls again
    if (this.view) this.view.resize(width, height, this.points.box);
    else {
      this.view = new View(width, height);
      this.home();
      if (this.owner.look.view) this.owner.look.show(this.view, this.side === "left" ? 0 : 1);
    }
  }

  home() { this.view?.fit(this.points.box); }

  resized() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!width || (this.view && width === this.view.width && height === this.view.height)) return;
    this.measure();
    this.owner.repaint();
  }

  // order: the ids to paint, from the bottom up; visible: 1 for each id that the filters let pass
  fill(order, visible) {
    this.order = order;
    if (this.visible !== visible) [this.visible, this.crowds] = [visible, null];
  }

  paint(step = 1) { // of the points every step-th
    if (!this.view) return;
    this.paintOn(this.cloud, sharpness(), step);
    this.message.textContent = "";
    this.sketch();
  }

  paintOn(cloud, ratio, step = 1) {
    const { layers } = this.owner.look, zoom = this.view.scale / this.view.whole;
    const [radius, opacity] = this.dot(zoom);
    const order = layers.has("points") ? this.order : new Uint32Array();
    cloud.draw({ xy: this.points.xy, order, colours: this.owner.paints, back: pack(this.owner.colours().back),
      view: this.view, ratio, radius, opacity, step });
    if (layers.has("images")) this.pictures(cloud.pen, ratio);
  }

  dot(zoom) { // radius and opacity of a point: the further one looks into the map, the larger
    const many = this.order.length > MANY, growth = Math.max(1, zoom) ** 0.4;
    return [Math.min(5, (many ? 1.1 : 1.75) * growth), Math.min(0.85, (many ? 0.6 : 0.8) * growth)];
  }

  pictures(context, ratio) { // one image at most in each field of a net that holds still while the map moves
    const { common } = this.owner.data, { view } = this, { xy } = this.points, wanted = new Set(), fields = new Set();
    const field = 2 ** (Math.ceil(2 * Math.log2(1.2 * PICTURE / view.scale)) / 2), size = PICTURE * ratio;
    const first = Math.floor(common.ranges[0][0] / common.sprite_rows_per_sheet);
    context.imageSmoothingEnabled = false;
    for (const id of this.order) {
      const x = xy[2 * id], y = xy[2 * id + 1], [px, py] = view.toPixel([x, y]);
      if (px < -PICTURE || py < -PICTURE || px > view.width + PICTURE || py > view.height + PICTURE) continue;
      const key = Math.floor(x / field) * 1e6 + Math.floor(y / field);
      if (fields.has(key) || Math.floor(id / common.sprite_rows_per_sheet) >= first + MOST_SHEETS) continue;
      fields.add(key);
      const [url, corner] = thumbnail(id, common), bitmap = url && ready(url);
      if (bitmap) this.picture(context, bitmap, corner(bitmap), id, px * ratio - size / 2, py * ratio - size / 2, size);
      else if (url) wanted.add(url);
    }
    if (wanted.size) Promise.all([...wanted].map(sheet)).then(() => this.owner.repaint(), () => {});
  }

  picture(context, bitmap, [sx, sy], id, x, y, size) { // white turns into the point's colour
    const side = this.owner.data.common.sprite_side;
    context.fillStyle = this.owner.css(id);
    context.fillRect(x, y, size, size);
    context.globalCompositeOperation = "multiply";
    context.drawImage(bitmap, sx, sy, side, side, x, y, size, size);
    context.globalCompositeOperation = "source-over";
  }

  nearest(pixel) {
    if (!this.view || !this.visible) return null;
    const [x, y] = this.view.toPlane(pixel);
    return this.points.nearest(x, y, REACH / this.view.scale, this.visible);
  }

  place(id) { // the image's pixel in this map, or null
    const at = this.view && id !== null && id !== undefined && this.points.at(id);
    return at ? this.view.toPixel(at) : null;
  }

  sketch() { // everything above the points
    if (!this.view) return;
    const ratio = sharpness(), { width, height } = this.canvas;
    if (this.over.width !== width) this.over.width = width;
    if (this.over.height !== height) this.over.height = height;
    const context = this.over.getContext("2d", { alpha: false, willReadFrequently: true }); // see Cloud
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.canvas, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.lineJoin = "round";
    const pen = new Pen(new CanvasInk(context), this.owner.colours());
    this.write(pen);
    const { drawing } = this.owner;
    if (drawing?.map === this) pen.outline(drawing.pixels);
    this.point();
  }

  point() { // ring the image under the pointer, whichever map that is over
    const at = this.place(this.owner.hovered);
    this.ring.hidden = !at;
    if (at) this.ring.style.transform = `translate(${at[0]}px, ${at[1]}px)`;
  }

  write(pen) { // all of it but what follows the pointer
    const { layers, lasso } = this.owner.look;
    if (layers.has("contours") || layers.has("names")) this.crowds ??= this.visible ? contours(this.points, this.visible) : [];
    if (layers.has("contours")) for (const crowd of this.crowds) this.writeContours(pen, crowd);
    if (layers.has("names")) for (const { label, peak } of this.crowds) pen.write(this.owner.name(label), this.view.toPixel(peak));
    if (lasso?.side === this.side) pen.outline(lasso.outline.map((at) => this.view.toPixel(at)));
    this.writeMarks(pen);
    pen.square(this.place(this.owner.second), 8);
    pen.target(this.place(this.owner.selected), 9);
  }

  writeContours(pen, { label, lines }) {
    const d = lines.map((line) => joined(line.map((at) => this.view.toPixel(at)))).join("");
    if (d) pen.stroke(d, 1.25, this.owner.labelColour(label));
  }

  writeMarks(pen) {
    const pixels = (list) => (list ?? []).map((at) => this.view.toPixel(at));
    const { neighbours = [], chosen, samples, path, prior, origin, walk, walk_at, places = [] } = this.marks;
    const from = origin ? this.view.toPixel(origin) : this.place(this.owner.selected);
    const near = neighbours.map((id) => this.place(id)).filter(Boolean);
    if (from) for (const to of near) pen.line([from, to], 1);
    pen.line(pixels(path), 2, [5, 4]);
    for (const at of pixels(path)) pen.dot(at, 2.5);
    for (const at of pixels(samples)) pen.plus(at, 4);
    for (const at of near) pen.ring(at, 5);
    pen.ring(this.place(chosen), 8, true);
    for (const at of pixels(prior)) pen.diamond(at, 7);
    pen.line(pixels(walk), 2.5);
    pixels(walk).forEach((at, i) => (i === walk_at ? pen.ring(at, 7, true) : pen.dot(at, 3.5)));
    if (origin) pen.target(from, 9);
    for (const { at, name } of places) {
      const [x, y] = this.view.toPixel(at);
      pen.star([x, y], 9);
      pen.write(name, [x, y - 18], 13);
    }
  }
}
