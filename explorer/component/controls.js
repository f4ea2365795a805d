// The controls under the maps, and what the colours mean. They change the owner's look and say so; the owner repaints.

import { css, ramp } from "./colours.js";
import { element } from "./points.js";

const TOOLS = [["move", "Move", "Dragging moves the map; the wheel or two fingers zoom"],
  ["lasso", "Lasso", "Draw around points to make them a set; with Shift held down, dragging always does"],
  ["box", "Box", "Drag a box around points to make them a set"]];
const SHOWN = [["points", "Points", "A dot for each image"],
  ["contours", "Density", "Lines around the places where the images of a label crowd"],
  ["images", "Images", "Small pictures of some of the images, where they lie"],
  ["names", "Names", "Each label where its images are densest"]];
const KEY = ["◎ selected image", "□ second image", "○ neighbour", "+ sample of the prior", "◆ the prior's mean"];

export class Controls {
  constructor(root, owner) {
    this.owner = owner;
    this.legend = element(root, "div", "lpvae-bar lpvae-legend");
    this.legend.setAttribute("role", "group");
    this.legend.setAttribute("aria-label", "Labels: show or hide");
    this.tools(element(root, "div", "lpvae-bar lpvae-tools"));
    this.shows(element(root, "div", "lpvae-bar"));
    this.filter(element(root, "div", "lpvae-bar"));
    const key = element(root, "p", "lpvae-key");
    for (const entry of KEY) element(key, "span", "", entry);
    this.path = element(key, "span");
  }

  button(bar, text, title, act) {
    const button = element(bar, "button", "", text);
    Object.assign(button, { type: "button", title, onclick: act });
    return button;
  }

  tools(bar) {
    const { owner } = this;
    this.toolButtons = TOOLS.map(([tool, text, title]) => this.button(bar, text, title, () => this.take(tool)));
    this.take("move");
    this.button(bar, "Set of all shown", "Make every image that is shown now a set", () => owner.gather({ side: "shown" }));
    this.second = this.button(bar, "Pick a second image", "The next click picks the second image, as shift-click does",
      () => this.armSecond(!owner.picksSecond));
    this.armSecond(false);
    this.button(bar, "Whole map", "Zoom out, as a double click does", () => owner.homes());
  }

  take(tool) {
    this.owner.tool = this.owner.root.dataset.tool = tool;
    this.toolButtons?.forEach((button, i) => button.setAttribute("aria-pressed", TOOLS[i][0] === tool));
  }

  armSecond(on) {
    this.owner.picksSecond = on;
    this.second.setAttribute("aria-pressed", on);
  }

  box(bar, text, title, act) {
    const label = element(bar, "label"), input = element(label, "input");
    label.title = title;
    Object.assign(input, { type: "checkbox", onchange: () => act(input.checked) });
    element(label, "span", "", text);
    return input;
  }

  shows(bar) {
    const { owner } = this, label = element(bar, "label");
    element(label, "span", "", "Colour by");
    this.colour = element(label, "select");
    this.colour.onchange = () => owner.change((look) => { look.colour = this.colour.value; });
    this.boxes = SHOWN.map(([layer, text, title]) => [layer, this.box(bar, text, title, (on) => owner.change(({ layers }) => {
      if (on) layers.add(layer); else layers.delete(layer);
    }))]);
    this.linked = this.box(bar, "Move both maps together", "Pan and zoom one map and the other follows",
      (on) => owner.change((look) => { look.linked = on; }));
    this.scale = element(bar, "span", "lpvae-scale");
  }

  filter(bar) {
    const label = element(bar, "label");
    label.title = "Only images whose whole cost lies in this range are shown";
    element(label, "span", "", "Cost under");
    this.of = element(label, "select");
    this.of.onchange = () => this.filtered();
    [this.least, this.most] = [["from", "", "least"], ["to", " bits", "greatest"]].map(([before, after, which]) => {
      const part = element(bar, "label", "", `${before} `), input = element(part, "input");
      part.append(after);
      Object.assign(input, { type: "number", min: 0, step: "any", placeholder: "any", ariaLabel: `${which} cost in bits`, onchange: () => this.filtered() });
      return input;
    });
    this.count = element(bar, "output", "lpvae-count");
  }

  filtered() {
    const bound = (input) => (input.value !== "" && input.valueAsNumber >= 0 ? String(Number(input.valueAsNumber.toFixed(3))) : "");
    this.owner.change((look) => { look.cost = { of: this.of.value, least: bound(this.least), most: bound(this.most) }; });
  }

  // -- show what the look and the data are

  update() {
    const { look, data } = this.owner, { colourings = [] } = data.common;
    this.options(this.colour, [["label", "label", true], ...colourings.map(({ name, title, url, late }) => [name, title, url || late])]);
    this.options(this.of, ["left", "right"].map((side) => [side, data[side].model ?? data[side].title, Boolean(data[side].values_url)]));
    this.of.closest(".lpvae-bar").classList.toggle("lpvae-no-costs", !data.left.values_url && !data.right.values_url);
    this.path.textContent = `┄ ${data.common.path_name ?? "path"}`;
    this.colour.value = look.colour;
    this.of.value = look.cost.of;
    [this.least.value, this.most.value, this.linked.checked] = [look.cost.least, look.cost.most, look.linked];
    for (const [layer, input] of this.boxes) input.checked = look.layers.has(layer);
    this.makeLegend();
  }

  options(select, wanted) { // [[value, text, can be chosen], …]
    const identity = JSON.stringify(wanted);
    if (select.dataset.identity === identity) return;
    select.dataset.identity = identity;
    select.replaceChildren(...wanted.map(([value, text, open]) => {
      const option = element(null, "option", "", text);
      return Object.assign(option, { value, disabled: !open });
    }));
  }

  makeLegend() {
    const { look, colouring } = this.owner, entries = this.owner.entries();
    const identity = JSON.stringify([entries, look.colour, [...look.hidden]]);
    if (identity === this.legendIdentity) return;
    this.legendIdentity = identity;
    const focused = [...this.legend.children].indexOf(document.activeElement);
    this.legend.replaceChildren();
    for (const { token, text, colour } of entries) {
      const button = this.button(this.legend, "", `Show or hide ${text}`, () => this.owner.toggle(token));
      if (colour) element(button, "span", "lpvae-swatch").style.background = colour;
      element(button, "span", "", text);
      button.setAttribute("aria-pressed", !look.hidden.has(token));
    }
    this.legend.children[focused]?.focus();
    this.scale.hidden = !colouring;
  }

  showScale(colouring, [low, high]) { // a bar of the colours, with its ends and its unit
    this.scale.hidden = false;
    const stops = [...ramp(colouring.kind)].filter((_, i) => i % 51 === 0).map(css);
    const number = (value) => value.toFixed(Math.abs(high - low) < 5 ? 2 : 0);
    this.scale.replaceChildren(element(null, "span", "", `${number(low)}`), element(null, "i"), element(null, "span", "",
      `${number(high)} ${colouring.unit ?? ""}`));
    this.scale.querySelector("i").style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
    this.scale.title = colouring.help ?? "";
  }

  say(text) { this.count.textContent = text; }
}
