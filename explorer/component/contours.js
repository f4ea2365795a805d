// Where the points of each label crowd: a smoothed count on a grid, and the lines on which it has a given height.

const CELLS = 128; // the grid is this many cells wide and high
const HEIGHTS = [0.12, 0.4, 0.75]; // of the lines, as shares of the label's peak
const REACH_OF_BLUR = 2, BLURS = 3; // three running means come close to a bell

export function contours(points, visible) {
  const { x0, x1, y0, y1 } = points.box, room = 0.05 * Math.max(x1 - x0, y1 - y0);
  const grid = { x: x0 - room, y: y0 - room, dx: (x1 - x0 + 2 * room) / CELLS, dy: (y1 - y0 + 2 * room) / CELLS };
  return [...points.groups(visible)].map(([label, ids]) => {
    const density = smoothed(counted(points, ids, grid));
    const peak = density.reduce((best, value, i) => (value > density[best] ? i : best), 0);
    const lines = HEIGHTS.flatMap((height) => level(density, height * density[peak], grid));
    return { label, lines, peak: [grid.x + (peak % CELLS + 0.5) * grid.dx, grid.y + (Math.floor(peak / CELLS) + 0.5) * grid.dy] };
  });
}

function counted({ xy }, ids, { x, y, dx, dy }) {
  const counts = new Float32Array(CELLS * CELLS);
  for (const id of ids) counts[Math.floor((xy[2 * id + 1] - y) / dy) * CELLS + Math.floor((xy[2 * id] - x) / dx)]++;
  return counts;
}

function smoothed(counts) {
  let from = counts;
  for (let pass = 0; pass < 2 * BLURS; pass++) {
    const step = pass % 2 ? CELLS : 1, to = new Float32Array(CELLS * CELLS);
    for (let i = 0; i < to.length; i++) {
      const along = pass % 2 ? Math.floor(i / CELLS) : i % CELLS;
      const low = Math.max(-REACH_OF_BLUR, -along), high = Math.min(REACH_OF_BLUR, CELLS - 1 - along);
      for (let by = low; by <= high; by++) to[i] += from[i + by * step];
    }
    from = to;
  }
  return from;
}

// Marching squares: in each square of four cell middles, the pieces of line [[x, y], [x, y]] that part high from low.
function level(density, height, { x, y, dx, dy }) {
  const pieces = [];
  if (!(height > 0)) return pieces;
  for (let row = 0; row < CELLS - 1; row++) for (let column = 0; column < CELLS - 1; column++) {
    const at = row * CELLS + column, crossings = [];
    const corners = [[0, 0, density[at]], [1, 0, density[at + 1]], [1, 1, density[at + CELLS + 1]], [0, 1, density[at + CELLS]]];
    corners.forEach(([cx, cy, value], i) => {
      const [nx, ny, next] = corners[(i + 1) % 4];
      if ((value > height) === (next > height)) return;
      const t = (height - value) / (next - value);
      crossings.push([x + (column + 0.5 + cx + t * (nx - cx)) * dx, y + (row + 0.5 + cy + t * (ny - cy)) * dy]);
    });
    for (let i = 0; i + 1 < crossings.length; i += 2) pieces.push([crossings[i], crossings[i + 1]]);
  }
  return pieces;
}
