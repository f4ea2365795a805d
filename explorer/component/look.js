// How the maps are looked at: colours, layers, filters, zoom and the outline of a set. Each part is also a short text without
// any character that an address would have to escape; "" is the default. explorer/look.py checks and reads the same texts.

export const LAYERS = ["points", "contours", "images", "names"];
export const PARTS = ["colour", "layers", "move", "hidden", "cost", "view", "lasso"];
const FINE = 10000; // an outline's and a view's positions are whole numbers of this part of the plane's unit

const fixed = (value) => Math.round(value * FINE);

export class Look {
  constructor(texts = {}) {
    const text = (part) => texts[part] ?? "";
    this.colour = text("colour") || "label";
    this.layers = new Set(text("layers") ? text("layers").split("_") : ["points", "names"]);
    this.linked = text("move") !== "free";
    this.hidden = new Set(text("hidden") ? text("hidden").split("_") : []); // labels, and "s" with the number of a split
    const [of, least, most] = text("cost") ? text("cost").split("_") : ["left", "", ""];
    this.cost = { of, least, most }; // bits as written, "" where there is no bound
    this.view = text("view") ? text("view").split("~").map((part) => part.split("_").map(Number)) : null;
    this.lasso = Look.outline(text("lasso"));
  }

  static outline(text) { // {side, outline: [[x, y], …]}, {side: "shown"}, or null
    if (!text) return null;
    const [side, ...numbers] = text.split("_");
    if (side === "shown") return { side };
    const at = numbers.map((number) => Number(number) / FINE);
    return { side, outline: Array.from({ length: at.length / 2 }, (_, i) => [at[2 * i], at[2 * i + 1]]) };
  }

  texts() {
    const { least, most, of } = this.cost, layers = LAYERS.filter((layer) => this.layers.has(layer)).join("_") || "none";
    return {
      colour: this.colour === "label" ? "" : this.colour,
      layers: layers === "points_names" ? "" : layers,
      move: this.linked ? "" : "free",
      hidden: [...this.hidden].sort().join("_"),
      cost: least || most ? `${of}_${least}_${most}` : "",
      view: this.view ? this.view.map((part) => part.join("_")).join("~") : "",
      lasso: !this.lasso ? "" : [this.lasso.side, ...(this.lasso.outline ?? []).flat().map(fixed)].join("_"),
    };
  }

  see(views, boxes) { // remember what part of each map is seen; null where both show the whole
    const seen = views.map(({ x, y, scale, whole }) => [fixed(x), fixed(y), Math.round(1000 * scale / whole)]);
    const home = boxes.map(({ x0, x1, y0, y1 }) => [fixed((x0 + x1) / 2), fixed((y0 + y1) / 2), 1000]);
    this.view = JSON.stringify(seen) === JSON.stringify(home) ? null : seen;
  }

  show(view, i) { // the part of map i that was remembered
    const [x, y, zoom] = this.view[i] ?? this.view[0];
    Object.assign(view, { x: x / FINE, y: y / FINE, scale: view.whole * zoom / 1000 });
  }
}

// An outline drawn by hand, with at most `most` corners and on the grid that its text keeps.
export function simplified(outline, most = 64) {
  const step = Math.max(1, outline.length / most), kept = [];
  for (let i = 0; i < outline.length; i += step) kept.push(outline[Math.floor(i)]);
  return kept.map(([x, y]) => [fixed(x) / FINE, fixed(y) / FINE]);
}
