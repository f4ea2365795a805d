// From numbers to colours, packed as a canvas keeps them (0xAABBGGRR).

// viridis without its darkest and its lightest end, which would vanish on a dark or on a light page: lightness grows with the
// value, so that eyes which see few colours read it as well.
const RAMP = ["#433d84", "#355f8d", "#287d8e", "#1f9e89", "#3dbc74", "#94d840"];
const DIVERGING = ["#2f6fd0", "#6f95cf", "#a3a3a3", "#d39a5c", "#d96c0a"]; // blue below zero, orange above, grey at it
const NOTHING = "#888888"; // no value, no label

const one = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const known = new Map();

export function pack(css) {
  if (!known.has(css)) {
    one.fillStyle = css;
    one.fillRect(0, 0, 1, 1);
    const [r, g, b] = one.getImageData(0, 0, 1, 1).data;
    known.set(css, (0xff000000 | (b << 16) | (g << 8) | r) >>> 0);
  }
  return known.get(css);
}

export const css = (packed) => `#${[0, 8, 16].map((by) => (packed >>> by & 255).toString(16).padStart(2, "0")).join("")}`;

export function mix(colour, other, share) { // share 0 … 1 of the other
  let mixed = 0xff000000;
  for (const by of [0, 8, 16]) {
    const a = colour >>> by & 255, b = other >>> by & 255;
    mixed |= Math.round(a + (b - a) * share) << by;
  }
  return mixed >>> 0;
}

const tables = new Map();

function table(stops) { // 256 colours between the stops
  const packedStops = stops.map(pack);
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const t = (i / 255) * (stops.length - 1), from = Math.min(stops.length - 2, Math.floor(t));
    return mix(packedStops[from], packedStops[from + 1], t - from);
  });
}

export function ramp(kind) {
  if (!tables.has(kind)) tables.set(kind, table(kind === "diverging" ? DIVERGING : RAMP));
  return tables.get(kind);
}

// The range that the colours span: the values' own but for a hundredth at either end; a diverging one is even around 0.
export function span(values, ids, kind) {
  const sorted = Float32Array.from(ids, (id) => values[id]).filter(Number.isFinite).sort();
  if (!sorted.length) return [0, 1];
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, high] = [at(0.01), at(0.99)];
  if (kind !== "diverging") return [low, high > low ? high : low + 1];
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return [-most, most];
}

export function categories(count, palette, numbers) { // the packed colour of each id, by its category
  const colours = palette.map(pack), nothing = pack(NOTHING);
  return Uint32Array.from({ length: count }, (_, id) => (numbers[id] >= 0 ? colours[numbers[id] % colours.length] : nothing));
}

export function gradient(values, [low, high], kind) {
  const colours = ramp(kind), nothing = pack(NOTHING), by = 255 / (high - low);
  return Uint32Array.from(values, (value) =>
    (Number.isFinite(value) ? colours[Math.max(0, Math.min(255, Math.round((value - low) * by)))] : nothing));
}
