// A plotly chart as the page mounts it: drawn once for each new figure, in the page's own colours and letters.
// A chart that is far from sight waits, hidden, until it comes near: a page has several, and a click changes most of them.

const NEAR = "400px"; // beyond the page's edges

function fetched(url) { // plotly itself, once a page: a script by way of a blob, since the static folder's files come as plain text
  return (window.lpvaePlotly ??= (async () => {
    const answer = await fetch(new URL(url, document.baseURI));
    if (!answer.ok) throw new Error(answer.statusText);
    const script = document.createElement("script");
    script.src = URL.createObjectURL(new Blob([await answer.blob()], { type: "text/javascript" }));
    await new Promise((resolve, reject) => { Object.assign(script, { onload: resolve, onerror: reject }); document.head.append(script); });
    return window.Plotly;
  })());
}

function scroller(element) { // what the element is scrolled in; null for the window
  for (let above = element.parentElement; above && above !== document.body; above = above.parentElement)
    if (/auto|scroll/.test(getComputedStyle(above).overflowY)) return above;
  return null;
}

class Chart {
  constructor(root) {
    this.root = root;
    root.classList.add("lpvae-chart");
    root.setAttribute("role", "img");
    this.place = root.appendChild(document.createElement("div"));
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(root);
    this.sight = new IntersectionObserver(([...seen]) => this.see(seen.at(-1).isIntersecting), { root: scroller(root), rootMargin: NEAR });
    this.sight.observe(root);
    this.print = () => this.see(true);
    window.addEventListener("beforeprint", this.print);
    root.addEventListener("transitionend", (event) => { if (event.target === root) this.draw(); }); // the theme has changed
  }

  async show(data) {
    const same = this.data && ["figure", "config", "height"].every((part) => this.data[part] === data[part]);
    this.data = data;
    this.root.setAttribute("aria-label", data.alt);
    if (same) return;
    this.measure();
    try {
      this.plotly = await fetched(data.plotly_url);
    } catch {
      window.lpvaePlotly = null;
      this.place.textContent = "The chart could not be fetched. Reload the page to try again.";
      return;
    }
    if (this.data === data) this.draw();
  }

  measure() { // a page with larger letters, as for a projector, has the whole chart larger
    const enlarged = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
    this.root.style.height = `${Math.round(this.data.height * enlarged)}px`;
    this.place.style.transform = enlarged === 1 ? "" : `scale(${enlarged})`;
    return Math.round(this.root.clientWidth / enlarged);
  }

  see(near) {
    this.near = near;
    if (near && this.waits) this.draw();
  }

  draw() {
    const width = this.data && this.measure();
    if (!this.plotly || !width || !this.root.isConnected) return;
    this.waits = !this.near;
    this.root.dataset.waits = this.waits; // rather nothing is seen then than the figure before this one
    if (this.waits) return;
    const { data, layout } = JSON.parse(this.data.figure);
    this.width = width;
    this.plotly.react(this.place, data, { ...layout, width, template: this.template() }, JSON.parse(this.data.config));
  }

  fit() {
    const width = this.data && this.measure();
    if (width && width !== this.width) this.draw();
  }

  template() { // what a figure does not say itself
    const style = getComputedStyle(this.root), read = (name) => style.getPropertyValue(name).trim();
    const ink = read("--st-text-color") || style.color; // the computed colour may be on its way from one theme to the other
    const ground = read("--st-background-color") || "#fff", line = read("--st-border-color-light") || read("--st-border-color") || "#ddd";
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, zeroline: false, ticks: "", title: { standoff: 10 } };
    return { layout: {
      font: { family: style.fontFamily, color: ink, size: 13 }, paper_bgcolor: ground, plot_bgcolor: ground,
      xaxis: { ...axis, showgrid: false }, yaxis: axis,
      hoverlabel: { bgcolor: ground, bordercolor: line, font: { family: style.fontFamily, color: ink }, namelength: -1 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: read("--st-border-color") || "#888", activecolor: ink },
    } };
  }

  destroy() {
    this.observer.disconnect();
    this.sight.disconnect();
    window.removeEventListener("beforeprint", this.print);
    this.plotly?.purge(this.place);
  }
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".lpvae-chart-root");
  const chart = (root.lpvaeChart ??= new Chart(root));
  chart.show(data);
  return () => setTimeout(() => { if (!root.isConnected) chart.destroy(); });
}
