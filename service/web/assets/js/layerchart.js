// Charts over the layers of a network: spreads, norms on a log scale, shares; with one layer under the cursor.

import { Scale, axes, extent, format } from "./axes.js";
import { Cursor } from "./chart.js";
import { h, s } from "./dom.js";
import { nameButtons, saveButtons } from "./save.js";

const MARGIN = { left: 54, right: 12, top: 26, bottom: 40 };
const WIDEST = 22; // pixels of a bar
const CROWDED = 7; // pixels of a layer's band below which dots are left out

/**
 * `options` are `title`, `yLabel`, `log`, `domain`, `height`, `cursor`, `empty` (what is said if all values are 0), and
 * `series`: `[{name, kind, color, values, faint, dash}]` with a value for each layer: of kind "spread"
 * `{mean, std, min, max}`, of kind "line" or "bar" a number, or null where there is none.
 */
export class LayerChart {
  constructor(options) {
    this.options = { height: 230, series: [], cursor: new Cursor(), ...options };
    this.svg = s("svg", { class: "chart-svg" });
    this.plot = h("div", { class: "plot", tabindex: 0, role: "slider", "aria-label": `Layer in ${this.title}` }, this.svg);
    this.readout = h("div", { class: "readout" });
    this.heading = h("span", { class: "chart-title" }, this.title);
    const saves = saveButtons(this);
    nameButtons(saves, this.title);
    this.element = h("figure", { class: "chart" }, h("figcaption", { class: "chart-head" }, this.heading, saves), this.readout, this.plot);
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  get title() {
    return this.options.title;
  }

  get legend() {
    const swatches = this.readout.querySelectorAll(".swatch > *");
    return this.options.series.map(({ name }, index) => ({ name, element: swatches[index] })).filter(({ element }) => element);
  }

  get count() {
    return Math.max(0, ...this.options.series.map(({ values }) => values.length));
  }

  update(options) {
    Object.assign(this.options, options);
    this.draw();
  }

  draw() {
    const width = Math.floor(this.plot.clientWidth);
    if (!width || !this.count) return this.svg.replaceChildren();
    const { height, log, domain, yLabel, series } = this.options;
    const bars = series.filter(({ kind }) => kind !== "line").length;
    this.x = new Scale([-0.5, this.count - 0.5], [MARGIN.left, width - MARGIN.right]);
    this.y = new Scale(domain ?? this.#domain(log), [height - MARGIN.bottom, MARGIN.top], log);
    this.band = (this.x.at(1) - this.x.at(0)) * 0.72;
    this.cursorGroup = s("g", { class: "cursor" });
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    let place = 0;
    const shapes = series.map((line) => (line.kind === "line" ? this.#line(line) : this.#columns(line, place++, bars)));
    this.svg.replaceChildren(this.#axes(yLabel, width, height), this.cursorGroup, ...shapes, this.#remark());
    this.#read(this.options.cursor.value);
  }

  #domain(log) {
    const all = this.options.series.flatMap(({ kind, values }) => (kind === "spread" ? values.flatMap(({ min, max }) => [min, max]) : values));
    const [low, high] = extent(all.filter((value) => value !== null), { log, room: 0.08 });
    return log && high / low < 100 ? [low / 3, high * 3] : [low, high];
  }

  #axes(yLabel, width, height) {
    const ticks = () => {
      const every = Math.max(1, Math.ceil((this.count * 30) / (width - MARGIN.left)));
      return Array.from({ length: Math.ceil(this.count / every) }, (_, index) => ({ value: index * every, text: String(index * every) }));
    };
    const x = { range: this.x.range, at: (value) => this.x.at(value), ticks };
    const drawn = axes({ x, y: this.y, xLabel: "layer", yLabel, width, height });
    for (const line of drawn.querySelectorAll("line")) if (line.getAttribute("x1") === line.getAttribute("x2")) line.remove();
    return drawn;
  }

  #remark() {
    const { empty, series } = this.options;
    const nothing = empty && series.every(({ values }) => values.every((value) => !value));
    const [bottom, top] = this.y.range;
    return nothing ? s("text", { class: "remark", x: (this.x.range[0] + this.x.range[1]) / 2, y: (bottom + top) / 2, "text-anchor": "middle" }, empty) : "";
  }

  #columns({ kind, values, color, faint }, place, among) {
    const step = Math.min(this.band / among, WIDEST + 2);
    const width = Math.max(1, step - (among > 1 ? 2 : 0));
    const left = (index) => this.x.at(index) + step * (place - among / 2) + (step - width) / 2;
    const group = s("g", { class: `${kind} c${color}${faint ? " faint" : ""}` });
    values.forEach((value, index) => {
      if (value === null) return;
      if (kind === "bar") group.append(this.#box(left(index), width, 0, value));
      else group.append(...this.#spread(left(index), width, value));
    });
    return group;
  }

  #box(x, width, from, to) {
    const [a, b] = [this.y.at(from), this.y.at(to)];
    return s("rect", { x, width, y: Math.min(a, b), height: Math.abs(a - b), rx: Math.min(2, width / 3) });
  }

  #spread(x, width, { mean, std, min, max }) {
    const middle = x + width / 2;
    const finite = [mean, std, min, max].every(Number.isFinite);
    if (!finite) return [];
    return [
      s("line", { class: "whisker", x1: middle, x2: middle, y1: this.y.at(min), y2: this.y.at(max) }),
      this.#box(x, width, Math.max(min, mean - std), Math.min(max, mean + std)),
      s("circle", { class: "mean", cx: middle, cy: this.y.at(mean), r: Math.min(3, Math.max(1, width / 3)) }),
    ];
  }

  #line({ values, color, dash, faint }) {
    const shown = (value) => value !== null && Number.isFinite(value) && !(this.y.log && value <= 0);
    let [path, pen] = ["", "M"];
    const dots = [];
    values.forEach((value, index) => {
      if (!shown(value)) {
        pen = "M";
        if (value === 0 && !dash) dots.push(this.#nought(index, color)); // a log scale has no place for it
        return;
      }
      path += `${pen}${this.x.at(index).toFixed(2)} ${this.y.at(value).toFixed(2)}`;
      pen = "L";
      if (!dash && this.band > CROWDED) dots.push(s("circle", { class: `dot c${color}`, cx: this.x.at(index), cy: this.y.at(value), r: 4 }));
    });
    return s("g", { class: faint ? "faint" : null }, s("path", { class: `line c${color}${dash ? " dash" : ""}`, d: path }), ...dots);
  }

  #nought(index, color) {
    const [x, y] = [this.x.at(index), this.y.range[0] - 8];
    return s("g", { class: `mark cross c${color}` }, s("title", {}, "0"), s("path", { d: `M${x - 4} ${y - 4}l8 8m0 -8l-8 8` }));
  }

  #read(value) {
    const layer = value === null || value >= this.count ? null : value;
    const chips = this.options.series.map((line) => h("span", { class: "chip" }, swatch(line), h("span", {}, line.name), layer !== null && h("b", {}, told(line, layer))));
    this.readout.replaceChildren(...chips, layer === null ? "" : h("span", { class: "place" }, `layer ${layer}`));
    const text = layer === null ? "no layer chosen; arrow keys choose one" : `layer ${layer}: ${this.options.series.map((line) => `${line.name} ${told(line, layer)}`).join(", ")}`;
    const values = { "aria-valuemin": 0, "aria-valuemax": Math.max(0, this.count - 1), "aria-valuenow": layer ?? 0, "aria-valuetext": text };
    for (const [name, content] of Object.entries(values)) this.plot.setAttribute(name, content);
    if (!this.cursorGroup) return;
    if (layer === null) return this.cursorGroup.replaceChildren();
    const [bottom, top] = this.y.range;
    const width = this.x.at(1) - this.x.at(0);
    this.cursorGroup.replaceChildren(s("rect", { class: "layer-hover", x: this.x.at(layer) - width / 2, width, y: top, height: bottom - top }));
  }

  #listen() {
    const { cursor } = this.options;
    cursor.follow((value) => this.#read(value));
    const point = (event) => {
      if (!this.x) return;
      const layer = Math.round(this.x.invert(event.clientX - this.plot.getBoundingClientRect().left));
      cursor.set(Math.max(0, Math.min(this.count - 1, layer)));
    };
    this.plot.addEventListener("pointermove", point);
    this.plot.addEventListener("pointerdown", point);
    this.plot.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && document.activeElement !== this.plot && cursor.set(null));
    this.plot.addEventListener("keydown", (event) => this.#key(event, cursor));
  }

  #key(event, cursor) {
    const [now, last] = [cursor.value ?? -1, this.count - 1];
    const moves = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, PageDown: now - 10, PageUp: now + 10, Home: 0, End: last };
    if (event.key === "Escape") cursor.set(null);
    else if (event.key in moves) cursor.set(Math.max(0, Math.min(last, moves[event.key])));
    else return;
    event.preventDefault();
  }

  /** The data, as rows: a layer each. */
  table() {
    const columns = this.options.series.flatMap(({ name, kind, values }) =>
      kind === "spread" ? ["mean", "std", "min", "max"].map((figure) => ({ name: `${name} ${figure}`, at: (index) => values[index]?.[figure] })) : [{ name, at: (index) => values[index] }],
    );
    return { header: ["layer", ...columns.map(({ name }) => name)], rows: Array.from({ length: this.count }, (_, index) => [index, ...columns.map(({ at }) => at(index))]) };
  }
}

function swatch({ kind, color, dash, faint }) {
  const shape = kind === "line" ? s("path", { class: `line c${color}${dash ? " dash" : ""}${faint ? " faint" : ""}`, d: "M0 0H18" }) : s("rect", { class: `patch c${color}${faint ? " faint" : ""}`, x: 3, y: -5, width: 12, height: 10, rx: 2 });
  return s("svg", { class: "swatch", width: 18, height: 10, viewBox: "0 -5 18 10" }, shape);
}

function told({ kind, values }, layer) {
  const value = values[layer];
  if (value === undefined) return "–";
  return kind === "spread" ? `${format(value.mean, 3)} ± ${format(value.std, 3)}` : format(value, 4);
}
