// The plane of two weights: the level lines of a loss, its lowest point, and the ways that trainings took to it.

import { Scale, axes, format } from "./axes.js";
import { h, s } from "./dom.js";
import { nameButtons, saveButtons } from "./save.js";

const MARGIN = { left: 46, right: 14, top: 20, bottom: 40 };
const LEVELS = [0.002, 0.01, 0.03, 0.07, 0.14, 0.25, 0.4, 0.6, 0.9];
const CORNERS = 96; // of a level line

/** `ways` are `[{name, color, path: [[w1, w2], …]}]`; `hessian` is half that of the loss around `goal`, `[[a, b], [b, c]]`. */
export class PathChart {
  constructor({ title, cursor }) {
    this.title = title;
    this.ways = [];
    this.cursor = cursor;
    cursor.follow(() => this.#point());
    this.svg = s("svg", { class: "chart-svg", role: "img" });
    this.plot = h("div", { class: "square" }, this.svg);
    this.readout = h("div", { class: "readout" });
    const saves = saveButtons(this);
    nameButtons(saves, this.title);
    this.element = h("figure", { class: "chart" }, h("figcaption", { class: "chart-head" }, h("span", { class: "chart-title" }, title), saves), this.readout, this.plot);
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  get legend() {
    const swatches = this.readout.querySelectorAll(".swatch > *");
    return this.ways.map(({ name }, index) => ({ name, element: swatches[index] }));
  }

  update({ ways, goal, hessian }) {
    Object.assign(this, { ways, goal, hessian });
    this.draw();
  }

  draw() {
    const width = Math.floor(this.plot.clientWidth);
    if (!width || !this.goal) return;
    const height = Math.min(width, 460);
    this.#scale(width, height);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    this.svg.setAttribute("aria-label", this.ways.map(({ name, path }) => `${name}: from (0, 0) to (${path.at(-1).map((value) => format(value, 3)).join(", ")}) in ${path.length - 1} steps`).join("; "));
    this.svg.replaceChildren(
      s("clipPath", { id: "plane" }, s("rect", { x: this.x.range[0], y: this.y.range[1], width: this.x.range[1] - this.x.range[0], height: this.y.range[0] - this.y.range[1] })),
      axes({ x: this.x, y: this.y, xLabel: "w₁", yLabel: "w₂", width, height }),
      s("g", { "clip-path": "url(#plane)" }, ...LEVELS.map((level) => this.#level(level)), ...this.ways.map((way) => this.#way(way))),
      this.#star(),
      (this.cursorGroup = s("g", { class: "cursor" })),
    );
    this.#point();
    this.readout.replaceChildren(...this.ways.map(({ name, color }) => h("span", { class: "chip" }, s("svg", { class: "swatch", width: 18, height: 10, viewBox: "0 -5 18 10" }, s("path", { class: `line c${color}`, d: "M0 0H18" })), h("span", {}, name))));
  }

  /** The same number of pixels for a step of either weight, so that right angles are right. */
  #scale(width, height) {
    const points = [[0, 0], this.goal, ...this.ways.flatMap(({ path }) => path)].filter((point) => point.every((value) => Math.abs(value) < 4));
    const spans = [0, 1].map((axis) => points.map((point) => point[axis])).map((values) => [Math.min(...values), Math.max(...values)]);
    const room = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
    const unit = Math.max(...spans.map(([low, high], axis) => ((high - low) * 1.25) / room[axis]));
    const domain = ([low, high], axis) => [(low + high) / 2 - (unit * room[axis]) / 2, (low + high) / 2 + (unit * room[axis]) / 2];
    this.x = new Scale(domain(spans[0], 0), [MARGIN.left, width - MARGIN.right]);
    this.y = new Scale(domain(spans[1], 1), [height - MARGIN.bottom, MARGIN.top]);
  }

  /** Where the loss, a quadratic form around the goal, has this value: an ellipse. */
  #level(level) {
    const [[a, b], [, c]] = this.hessian;
    const points = Array.from({ length: CORNERS }, (_, index) => {
      const angle = (2 * Math.PI * index) / CORNERS;
      const up = Math.sin(angle) / Math.sqrt(c - (b * b) / a); // by the Cholesky factor, which makes it a circle
      const right = (Math.cos(angle) - (b / Math.sqrt(a)) * up) / Math.sqrt(a);
      return `${this.x.at(this.goal[0] + Math.sqrt(level) * right).toFixed(1)} ${this.y.at(this.goal[1] + Math.sqrt(level) * up).toFixed(1)}`;
    });
    return s("path", { class: "level", d: `M${points.join("L")}Z` });
  }

  #way({ path, color }) {
    const at = ([a, b]) => `${this.x.at(a).toFixed(2)} ${this.y.at(b).toFixed(2)}`;
    const finite = path.filter((point) => point.every(Number.isFinite));
    return s("g", { class: `way c${color}` }, s("path", { class: "line", d: `M${finite.map(at).join("L")}` }), ...finite.map(([a, b]) => s("circle", { cx: this.x.at(a), cy: this.y.at(b), r: 2.5 })));
  }

  #star() {
    const [x, y] = [this.x.at(this.goal[0]), this.y.at(this.goal[1])];
    return s("g", { class: "goal" }, s("circle", { cx: x, cy: y, r: 5 }), s("text", { x: x + 10, y: y + 4, class: "rule-text" }, "least loss"));
  }

  /** Where each racer is after the step that the other charts show. */
  #point() {
    const step = this.cursor.value;
    if (!this.cursorGroup) return;
    const places = step === null ? [] : this.ways.map(({ path, color }) => ({ color, place: path[Math.round(step)] }));
    this.cursorGroup.replaceChildren(...places.filter(({ place }) => place?.every(Number.isFinite)).map(({ color, place: [a, b] }) => s("circle", { class: `dot c${color}`, cx: this.x.at(a), cy: this.y.at(b), r: 6 })));
  }

  table() {
    return { header: ["racer", "step", "w1", "w2"], rows: this.ways.flatMap(({ name, path }) => path.map((point, step) => [name, step, ...point])) };
  }
}
