// What a visitor takes along or comes back to: links, pictures, named views; and three hints on the first visit.

import { png, svg } from "./exports.js";
import { element } from "./points.js";

const VIEWS = "lpvae views", SEEN = "lpvae hints seen";
const HINTS = ["Point at a dot: the same image lights up on both maps, with its picture beside the pointer.",
  "Click a dot: everything below speaks of that image. Shift-click picks a second one; the arrow keys walk the neighbours.",
  "Draw around points with the lasso to ask about a set. The address always says what you see: send it to somebody."];

const stored = (key) => { // a browser may refuse to keep anything
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
};
const store = (key, value) => {
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* then it lasts no longer than the page */ }
};

export class Keepsakes {
  constructor(root, owner) {
    Object.assign(this, { owner, views: stored(VIEWS) ?? {} });
    this.bar = element(root, "div", "lpvae-bar");
    this.button("Copy link", "A link that restores exactly what you see", () => this.copy());
    this.button("PNG", "Both maps as a picture, at twice the screen's size", async () => this.save(await png(owner), "maps.png"));
    this.button("SVG", "Both maps as a drawing whose parts can be edited", () => this.save(svg(owner), "maps.svg"));
    this.name = element(this.bar, "input");
    Object.assign(this.name, { type: "text", maxLength: 60, placeholder: "name of a view", ariaLabel: "Name of a view to keep" });
    this.button("Keep view", "Keep what you see under this name, in this browser", () => this.keep());
    this.shelf = element(this.bar, "span", "lpvae-shelf");
    this.status = element(this.bar, "output", "lpvae-count");
    this.list();
  }

  button(text, title, act, bar = this.bar) {
    const button = element(bar, "button", "", text);
    return Object.assign(button, { type: "button", title, onclick: act });
  }

  say(text) { this.status.textContent = text; }

  async copy() {
    const link = `${location.origin}${location.pathname}?${this.owner.query()}`;
    try {
      await navigator.clipboard.writeText(link);
      this.say("Copied.");
    } catch { // not allowed here: then the visitor copies it
      const field = element(null, "input");
      Object.assign(field, { value: link, readOnly: true, ariaLabel: "Link to what you see" });
      this.status.replaceChildren(field);
      field.select();
    }
  }

  save(blob, name) {
    const link = element(null, "a");
    Object.assign(link, { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  keep() {
    const name = this.name.value.trim() || `view ${Object.keys(this.views).length + 1}`;
    this.views[name] = this.owner.query();
    this.name.value = "";
    this.changed();
    this.say(`Kept as ${name}.`);
  }

  changed() {
    store(VIEWS, this.views);
    this.list();
  }

  list() {
    this.shelf.replaceChildren();
    for (const [name, query] of Object.entries(this.views)) {
      this.button(name, "Open this view", () => this.owner.open(query), this.shelf);
      this.button("×", `Forget ${name}`, () => {
        delete this.views[name];
        this.changed();
      }, this.shelf).ariaLabel = `Forget ${name}`;
    }
  }
}

export class Hints {
  constructor(frame) {
    this.seen = stored(SEEN) === true;
    this.box = element(frame, "div", "lpvae-hint");
    this.box.hidden = true;
    this.box.setAttribute("role", "status");
    this.text = element(this.box, "p");
    this.more = element(this.box, "button", "", "Next");
    this.more.onclick = () => this.show(this.at + 1);
    const skip = element(this.box, "button", "", "Skip");
    skip.onclick = () => this.end();
  }

  begin() { if (!this.seen && this.box.hidden) this.show(0); }

  show(at) {
    if (at >= HINTS.length) return this.end();
    this.at = at;
    this.text.textContent = HINTS[at];
    this.more.textContent = at < HINTS.length - 1 ? `Next (${at + 1} of ${HINTS.length})` : "Done";
    this.box.hidden = false;
    return undefined;
  }

  end() {
    this.seen = this.box.hidden = true;
    store(SEEN, true);
  }
}
