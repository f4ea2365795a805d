// The points of one map, painted by the processor into a picture of our own: 70,000 discs take some milliseconds, on any
// machine. (Where WebGL has no graphics card behind it, it needs several times as long, and plotly's many times.)

const STEPS = 4; // a disc's middle is rounded to a quarter of a pixel, so that points glide when the map moves

// The discs of one radius, one for each of STEPS × STEPS places of the middle within its pixel: for the pixels that a disc
// covers, their distance in a row-major picture and the share that is covered, 0…256.
function discs(radius, opacity, stride) {
  const reach = Math.ceil(radius + 0.5), starts = [0], offsets = [], shares = [];
  for (let sub = 0; sub < STEPS * STEPS; sub++) {
    const x = (sub % STEPS + 0.5) / STEPS, y = (Math.floor(sub / STEPS) + 0.5) / STEPS;
    for (let dy = -reach; dy <= reach; dy++) for (let dx = -reach; dx <= reach; dx++) {
      const edge = radius + 0.5 - Math.hypot(dx + 0.5 - x, dy + 0.5 - y);
      const share = Math.round(256 * opacity * Math.max(0, Math.min(1, edge)));
      if (share) [offsets[offsets.length], shares[shares.length]] = [dy * stride + dx, share];
    }
    starts.push(offsets.length);
  }
  return { reach, starts: Uint32Array.from(starts), offsets: Int32Array.from(offsets), shares: Uint16Array.from(shares) };
}

export class Cloud {
  constructor(canvas) {
    this.canvas = canvas;
    // read frequently, that is to say: kept by the processor. Without a graphics card the other kind takes tens of milliseconds.
    this.pen = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  }

  // xy: positions of all ids; order: the ids to paint, the last on top; colours: 0xAABBGGRR of all ids;
  // view: width, height (CSS pixels), x, y (the plane's point in the middle), scale (CSS pixels a unit of the plane);
  // step: paint every step-th point
  draw({ xy, order, colours, back, view, ratio, radius, opacity, step = 1 }) {
    const width = Math.round(view.width * ratio), height = Math.round(view.height * ratio);
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const margin = Math.ceil(radius * ratio + 0.5) + 1, stride = width + 2 * margin, rows = height + 2 * margin;
    const image = this.image?.width === stride && this.image.height === rows ? this.image : new ImageData(stride, rows);
    this.image = image;
    const pixels = new Uint32Array(image.data.buffer);
    pixels.fill(back);
    const key = `${radius * ratio} ${opacity} ${stride}`;
    if (this.key !== key) [this.key, this.discs] = [key, discs(radius * ratio, opacity, stride)];
    const scale = view.scale * ratio;
    const left = width / 2 - view.x * scale + margin, top = height / 2 + view.y * scale + margin;
    paint(pixels, stride, rows, this.discs, xy, order, colours, left, top, scale, step);
    this.pen.putImageData(image, -margin, -margin);
  }
}

function paint(pixels, stride, rows, { reach, starts, offsets, shares }, xy, order, colours, left, top, scale, step) {
  const right = stride - reach, bottom = rows - reach;
  for (let n = 0; n < order.length; n += step) {
    const id = order[n], x = left + xy[2 * id] * scale, y = top - xy[2 * id + 1] * scale;
    if (!(x >= reach && x < right && y >= reach && y < bottom)) continue;
    const column = x | 0, row = y | 0, sub = ((x - column) * STEPS | 0) + STEPS * ((y - row) * STEPS | 0);
    const base = row * stride + column, colour = colours[id], odd = colour & 0xff00ff, even = colour & 0x00ff00;
    for (let i = starts[sub], stop = starts[sub + 1]; i < stop; i++) {
      const at = base + offsets[i], share = shares[i], rest = 256 - share, under = pixels[at];
      // red and blue at once, then green: both sums fit into 32 bits
      pixels[at] = 0xff000000
        | ((Math.imul(odd, share) + Math.imul(under & 0xff00ff, rest)) >>> 8 & 0xff00ff)
        | ((Math.imul(even, share) + Math.imul(under & 0x00ff00, rest)) >>> 8 & 0x00ff00);
    }
  }
}
