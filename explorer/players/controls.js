// Play, pause, step, slide and speed over `count` steps, as the players share them. `show(at)` draws the state after `at` steps.

export function element(parent, tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never as HTML
  parent?.append(made);
  return made;
}

export class Controls {
  constructor(parent, show) {
    Object.assign(this, { show, count: 0, at: 0, perSecond: 1, loops: false, playing: false });
    const bar = element(parent, "div", "controls");
    this.playButton = this.button(bar, "Play", () => (this.playing ? this.pause() : this.play()));
    this.playButton.className = "play";
    this.back = this.button(bar, "Back", () => this.step(-1));
    this.next = this.button(bar, "Next", () => this.step(1));
    this.slider = element(bar, "input");
    Object.assign(this.slider, { type: "range", min: 0, step: 1, oninput: () => this.goTo(Number(this.slider.value)) });
    this.slider.setAttribute("aria-label", "Step");
    const label = element(bar, "label", "", "Speed ");
    this.speed = element(label, "select");
    for (const [text, factor] of [["slow", 0.4], ["normal", 1], ["fast", 3]]) {
      Object.assign(element(this.speed, "option", "", text), { value: factor, selected: factor === 1 });
    }
  }

  button(bar, text, act) {
    const made = element(bar, "button", "", text);
    Object.assign(made, { type: "button", onclick: act });
    return made;
  }

  reset({ count, at, perSecond, loops }) {
    this.pause();
    Object.assign(this, { count, perSecond, loops });
    this.slider.max = count;
    this.goTo(at);
  }

  goTo(at) { // a step by hand ends the playing
    if (this.playing) this.pause();
    this.set(at);
  }

  set(at) {
    this.at = Math.max(0, Math.min(this.count, at));
    this.slider.value = this.at;
    this.slider.setAttribute("aria-valuetext", `${this.at} of ${this.count}`);
    this.back.disabled = this.at === 0;
    this.next.disabled = this.at === this.count;
    this.show(this.at);
  }

  step(by) { this.goTo(this.at + by); }

  play() {
    if (!this.count) return;
    this.playing = true;
    this.playButton.textContent = "Pause";
    this.direction = 1;
    if (this.at === this.count) this.set(0);
    let last = performance.now(), due = 0;
    const tick = (now) => {
      if (!this.playing || !this.playButton.isConnected) return;
      due += Math.min(now - last, 1000) / 1000 * this.perSecond * Number(this.speed.value);
      last = now;
      const steps = Math.floor(due);
      due -= steps;
      for (let i = 0; i < steps && this.playing; i++) this.advance();
      if (this.playing) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  advance() { // there and back without end, or once
    if (this.loops && (this.at + this.direction > this.count || this.at + this.direction < 0)) this.direction *= -1;
    this.set(this.at + this.direction);
    if (!this.loops && this.at === this.count) this.pause();
  }

  pause() {
    this.playing = false;
    this.playButton.textContent = "Play";
  }
}

export const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

// One instance for each mounted component, made by the first call and given the data by every call.
export function mounted(parentElement, className, make) {
  let root = [...parentElement.children].find((child) => child.classList.contains(className)); // a shadow root has no :scope
  if (!root) {
    root = element(parentElement, "div", className);
    root.__player = make(root);
  }
  return root.__player;
}
