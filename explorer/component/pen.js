// Marks in ink: the same strokes on a canvas on the screen and in an SVG file.

export class CanvasInk {
  constructor(context) { this.context = context; }

  stroke(d, colour, width, dash = []) {
    const c = this.context;
    c.setLineDash(dash);
    [c.strokeStyle, c.lineWidth] = [colour, width];
    c.stroke(new Path2D(d));
  }

  fill(d, colour) {
    this.context.fillStyle = colour;
    this.context.fill(new Path2D(d));
  }

  text(text, [x, y], { font, size, weight = 400, colour, back, align = "center" }) {
    const c = this.context;
    [c.font, c.textAlign, c.textBaseline] = [`${weight} ${size}px ${font}`, align, "middle"];
    c.setLineDash([]);
    if (back) {
      [c.strokeStyle, c.lineWidth, c.lineJoin] = [back, 4, "round"];
      c.strokeText(text, x, y);
    }
    c.fillStyle = colour;
    c.fillText(text, x, y);
  }
}

const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

export class SvgInk {
  constructor() { this.parts = []; }

  stroke(d, colour, width, dash = []) {
    const dashes = dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "";
    this.parts.push(`<path d="${d}" fill="none" stroke="${escaped(colour)}" stroke-width="${width}"${dashes}`
      + ' stroke-linejoin="round"/>');
  }

  fill(d, colour) { this.parts.push(`<path d="${d}" fill="${escaped(colour)}"/>`); }

  text(text, [x, y], { font, size, weight = 400, colour, back, align = "center" }) {
    const anchor = { center: "middle", left: "start", right: "end" }[align];
    const halo = back ? ` stroke="${escaped(back)}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"` : "";
    this.parts.push(`<text x="${short(x)}" y="${short(y)}" font-family="${escaped(font)}" font-size="${size}" font-weight="${weight}"`
      + ` fill="${escaped(colour)}" text-anchor="${anchor}" dominant-baseline="central"${halo}>${escaped(text)}</text>`);
  }
}

export const short = (number) => Math.round(number * 10) / 10;

// Strokes with an edge in the background's colour, so that they show on points of any colour in either theme.
export class Pen {
  constructor(ink, colours) { Object.assign(this, { ink, ...colours }); }

  stroke(d, width, colour = this.text, dash = []) {
    this.ink.stroke(d, this.back, width + 2.5);
    this.ink.stroke(d, colour, width, dash);
  }

  ring(at, radius, accent) { if (at) this.stroke(circle(at, radius), 2, accent ? this.accent : this.text); }

  target(at, radius) {
    if (!at) return;
    this.stroke(circle(at, radius), 2.5);
    this.dot(at, 3);
  }

  dot(at, radius) {
    this.ink.stroke(circle(at, radius), this.back, 1.5);
    this.ink.fill(circle(at, radius), this.text);
  }

  square(at, half) {
    if (at) this.stroke(`M${short(at[0] - half)} ${short(at[1] - half)}h${2 * half}v${2 * half}h${-2 * half}z`, 2.5);
  }

  line(pixels, width, dash) { if (pixels.length > 1) this.stroke(joined(pixels), width, this.text, dash); }

  plus([x, y], half) {
    this.stroke(`M${short(x - half)} ${short(y)}h${2 * half}M${short(x)} ${short(y - half)}v${2 * half}`, 2, this.accent);
  }

  diamond([x, y], half) {
    const d = `M${short(x)} ${short(y - half)}l${half} ${half}l${-half} ${half}l${-half} ${-half}z`;
    this.stroke(d, 2.5);
    this.ink.fill(d, this.accent);
  }

  star([x, y], half) { // eight points
    const d = Array.from({ length: 16 }, (_, i) => {
      const r = i % 2 ? half * 0.5 : half, angle = (Math.PI * i) / 8;
      return `${i ? "L" : "M"}${short(x + r * Math.sin(angle))} ${short(y - r * Math.cos(angle))}`;
    }).join("");
    this.stroke(`${d}z`, 2);
    this.ink.fill(`${d}z`, this.accent);
  }

  outline(pixels) {
    this.stroke(`${joined(pixels)}z`, 1.5, this.accent, [6, 3]);
  }

  write(text, at, size = 15) {
    this.ink.text(text, at, { font: this.font, size, weight: 700, colour: this.text, back: this.back });
  }
}

function circle([x, y], r) {
  return `M${short(x - r)} ${short(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
}

export const joined = (pixels) => pixels.map(([x, y], i) => `${i ? "L" : "M"}${short(x)} ${short(y)}`).join("");
