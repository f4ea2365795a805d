// The pair as a picture to take away: PNG at twice the screen's size, and SVG whose every mark can be edited.

import { Cloud } from "./cloud.js";
import { css, ramp } from "./colours.js";
import { CanvasInk, Pen, SvgInk, short } from "./pen.js";

const TITLE = 28, GAP = 16, FOOT = 34; // pixels above, between and below the maps

function places(maps) { // [map, x] side by side, whatever the page does; the width and the height of all
  let x = 0;
  const placed = maps.map((map) => {
    const at = [map, x];
    x += map.view.width + GAP;
    return at;
  });
  return [placed, x - GAP, TITLE + Math.max(...maps.map((map) => map.view.height)) + FOOT];
}

function words(ink, owner, placed, height) {
  const { text, font } = owner.colours(), style = { font, size: 14, colour: text, align: "left" };
  for (const [map, x] of placed) ink.text(map.caption.textContent, [x, TITLE / 2], { ...style, weight: 600 });
  let x = 4;
  for (const { text: name, colour } of owner.shownEntries()) {
    if (colour) ink.fill(`M${x} ${height - FOOT / 2 - 5}h10v10h-10z`, colour);
    ink.text(name, [x + 14, height - FOOT / 2], { ...style, size: 12 });
    x += 26 + 7 * name.length;
  }
  if (owner.colouring?.range) scale(ink, owner.colouring, x, height - FOOT / 2, style);
}

function scale(ink, { kind, range, unit = "", title }, x, y, style) {
  const colours = ramp(kind), width = 4;
  for (let i = 0; i < 32; i++) ink.fill(`M${x + i * width} ${y - 6}h${width}v12h${-width}z`, css(colours[i * 8]));
  const number = (value) => value.toFixed(range[1] - range[0] < 5 ? 2 : 0);
  ink.text(`${title}: ${number(range[0])} to ${number(range[1])} ${unit}`, [x + 32 * width + 8, y], { ...style, size: 12 });
}

export async function png(owner, ratio = 2) {
  const [placed, width, height] = places(owner.both), canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  const context = canvas.getContext("2d"), colours = owner.colours();
  context.fillStyle = colours.back;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const [map, x] of placed) {
    const cloud = new Cloud(document.createElement("canvas"));
    map.paintOn(cloud, ratio);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(cloud.canvas, Math.round(x * ratio), TITLE * ratio);
    context.setTransform(ratio, 0, 0, ratio, x * ratio, TITLE * ratio);
    context.save();
    context.beginPath();
    context.rect(0, 0, map.view.width, map.view.height);
    context.clip();
    map.write(new Pen(new CanvasInk(context), colours));
    context.restore();
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  words(new CanvasInk(context), owner, placed, height);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

export function svg(owner) {
  const [placed, width, height] = places(owner.both), colours = owner.colours(), ink = new SvgInk();
  const parts = placed.map(([map, x]) => {
    const marks = new SvgInk();
    map.write(new Pen(marks, colours));
    const { width: w, height: h } = map.view, id = `clip-${map.side}`;
    return `<clipPath id="${id}"><rect width="${w}" height="${h}"/></clipPath><g transform="translate(${x} ${TITLE})">`
      + `<g clip-path="url(#${id})">${owner.look.layers.has("points") ? dots(map, owner) : ""}${marks.parts.join("")}</g></g>`;
  });
  words(ink, owner, placed, height);
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`
    + `<rect width="100%" height="100%" fill="${css(owner.back())}"/>${parts.join("")}${ink.parts.join("")}</svg>`;
  return new Blob([text], { type: "image/svg+xml" });
}

function dots(map, owner) { // a round-capped line of no length for each point, one path a colour
  const [radius, opacity] = map.dot(map.view.scale / map.view.whole), byColour = new Map();
  for (const id of map.order) {
    const [x, y] = map.place(id);
    if (x < -radius || y < -radius || x > map.view.width + radius || y > map.view.height + radius) continue;
    const colour = owner.css(id);
    if (!byColour.has(colour)) byColour.set(colour, []);
    byColour.get(colour).push(`M${short(x)} ${short(y)}h0`);
  }
  return [...byColour].map(([colour, moves]) => `<path d="${moves.join("")}" stroke="${colour}" stroke-width="${short(2 * radius)}"`
    + ` stroke-linecap="round" stroke-opacity="${opacity.toFixed(2)}" fill="none"/>`).join("");
}
