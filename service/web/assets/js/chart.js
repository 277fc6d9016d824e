// Line charts in SVG: axes, lines, marks, and a cursor that reads their values, by pointer or by arrow keys.

import { Scale, axes, extent, format } from "./axes.js";
import { h, s } from "./dom.js";
import { nameButtons, saveButtons } from "./save.js";

const MARGIN = { left: 50, right: 14, top: 18, bottom: 24 };
let count = 0;

/** A place along x that several charts show together. */
export class Cursor {
  #listeners = [];
  value = null;
  by = null; // the type of the pointer that chose it

  set(value) {
    if (value === this.value) return;
    this.value = value;
    for (const listener of this.#listeners) listener(value);
  }

  follow(listener) {
    this.#listeners.push(listener);
  }
}

/**
 * A chart of lines over x.
 *
 * `options` are `title`; `x` and `y`: `{label, domain, log, include}`; `height`; `cursor`; and
 * `series`: `[{name, x, y, color, dash, faint, dots, breaks, quiet}]`, where color is 0 to 7, what is not finite leaves a gap, those that
 *   are quiet come last and are not read out, and `breaks`, `[{x, left, right}]`, are places where the line jumps;
 * `marks`: `[{x, y, color, kind, text}]` of kind "filled", "open", "kink", "peak" or "cross";
 * `rules`: `[{x or y, text}]`; `readout: false` leaves the row of values out.
 * `update(options)` draws it anew with what has changed.
 */
export class LineChart {
  constructor(options) {
    this.options = { height: 220, series: [], marks: [], rules: [], x: {}, y: {}, cursor: new Cursor(), ...options };
    this.id = `clip-${++count}`;
    this.svg = s("svg", { class: "chart-svg" });
    this.plot = h("div", { class: "plot", tabindex: 0, role: "slider" }, this.svg);
    this.readout = h("div", { class: "readout" });
    this.heading = h("span", { class: "chart-title" });
    this.saves = saveButtons(this);
    this.element = h(
      "figure",
      { class: "chart" },
      h("figcaption", { class: "chart-head" }, this.heading, this.saves),
      this.readout,
      this.plot,
    );
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  get title() {
    return this.options.title ?? "Chart";
  }

  /** What stands in the legend of a saved picture. */
  get legend() {
    const swatches = this.readout.querySelectorAll(".swatch > *");
    return this.options.series.map(({ name }, index) => ({ name, element: swatches[index] })).filter(({ element }) => element);
  }

  update(options) {
    Object.assign(this.options, options);
    this.draw();
  }

  draw() {
    const width = Math.floor(this.plot.clientWidth);
    if (!width) return; // hidden; drawn when it is shown
    const { height, x, y, series, marks, rules } = this.options;
    const all = (name) => series.flatMap((line) => Array.from(line[name]));
    const bottom = MARGIN.bottom + (x.label ? 16 : 0);
    this.x = new Scale(x.domain ?? extent(all("x"), { log: x.log, room: 0, include: x.include }), [MARGIN.left, width - MARGIN.right], x.log);
    this.y = new Scale(y.domain ?? extent(all("y"), { log: y.log, include: y.include }), [height - bottom, MARGIN.top], y.log);
    const frame = { x: MARGIN.left, y: MARGIN.top, width: Math.max(0, width - MARGIN.left - MARGIN.right), height: height - bottom - MARGIN.top };
    this.heading.textContent = this.title;
    nameButtons(this.saves, this.title);
    this.plot.setAttribute("aria-label", `Cursor in ${this.title}`);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    this.cursorGroup = s("g", { class: "cursor" });
    this.svg.replaceChildren(
      s("clipPath", { id: this.id }, s("rect", frame)),
      axes({ x: this.x, y: this.y, xLabel: x.label, yLabel: y.label, width, height }),
      s("g", { "clip-path": `url(#${this.id})` }, ...rules.map((rule) => this.#rule(rule, frame)), ...series.map((line, index) => this.#line(line, series.length - 1 - index))),
      s("g", {}, ...marks.filter((mark) => this.#within(mark)).map((mark) => this.#mark(mark))),
      this.cursorGroup,
    );
    this.#read(this.options.cursor.value);
  }

  /** A line; those that lie under others are wider, so that lines on the same course are all seen. */
  #line({ x, y, color = 0, dash, faint, dots, breaks }, under) {
    const kind = `line c${color}${dash ? " dash" : ""}${faint ? " faint" : ""} under-${Math.min(under, 2)}`;
    if (dots) {
      const points = Array.from(x).map((at, index) => [at, y[index]]).filter(([at, value]) => this.#drawn(at, value));
      return s("g", { class: `dots c${color}` }, ...points.map(([at, value]) => s("circle", { cx: this.x.at(at), cy: this.y.at(value), r: 3 })));
    }
    let path = "";
    let pen = "M";
    for (const [at, value] of broken(x, y, breaks)) {
      const drawn = this.#drawn(at, value);
      if (drawn) path += `${pen}${this.x.at(at).toFixed(2)} ${this.y.at(value).toFixed(2)}`;
      pen = drawn ? "L" : "M";
    }
    return s("path", { class: kind, d: path });
  }

  #drawn(x, y) {
    return Number.isFinite(x) && Number.isFinite(y) && !(this.y.log && y <= 0) && !(this.x.log && x <= 0);
  }

  #within({ x, y }) {
    const inside = (scale, value) => value >= scale.domain[0] && value <= scale.domain[1];
    return inside(this.x, x) && inside(this.y, y);
  }

  #mark({ x, y, color = 0, kind = "filled", text }) {
    const [at, up] = [this.x.at(x), this.y.at(y)];
    const shapes = {
      filled: () => s("circle", { cx: at, cy: up, r: 4 }),
      open: () => s("circle", { cx: at, cy: up, r: 4 }),
      kink: () => s("path", { d: `M${at} ${up - 6}l6 6l-6 6l-6 -6z` }),
      peak: () => s("path", { d: `M${at} ${up - 5}l5 9h-10z` }),
      cross: () => s("path", { d: `M${at - 4} ${up - 4}l8 8m0 -8l-8 8` }),
    };
    return s("g", { class: `mark ${kind} c${color}` }, text && s("title", {}, text), shapes[kind]());
  }

  #rule({ x, y, text }, frame) {
    const at = x === undefined ? this.y.at(y) : this.x.at(x);
    const line = x === undefined ? { x1: frame.x, x2: frame.x + frame.width, y1: at, y2: at } : { x1: at, x2: at, y1: frame.y, y2: frame.y + frame.height };
    const place = x === undefined ? { x: frame.x + frame.width - 4, y: at - 4, "text-anchor": "end" } : { x: at + 4, y: frame.y + 12 };
    return s("g", {}, s("line", { class: "rule", ...line }), text && s("text", { class: "rule-text", ...place }, text));
  }

  #read(x) {
    const { series, x: axis } = this.options;
    const chips = series.filter(({ quiet }) => !quiet).map(({ name, color = 0, dash, x: xs, y: ys }) => {
      const index = x === null ? -1 : nearest(xs, x);
      const swatch = s("svg", { class: "swatch", width: 18, height: 10, viewBox: "0 -5 18 10" }, s("path", { class: `line c${color}${dash ? " dash" : ""}`, d: "M0 0H18" }));
      return { index, name, color, value: ys[index], at: xs[index], element: h("span", { class: "chip" }, swatch, h("span", {}, name), index >= 0 && h("b", {}, format(ys[index], 6))) };
    });
    const place = x === null ? null : (chips[0]?.at ?? x);
    if (this.options.readout !== false) {
      this.readout.replaceChildren(...chips.map(({ element }) => element), place === null ? "" : h("span", { class: "place" }, `${axis.name ?? axis.label ?? "x"} = ${format(place, 5)}`));
    }
    this.#point(chips, place);
    const told = place === null ? "no place chosen; arrow keys choose one" : `${axis.name ?? axis.label ?? "x"} ${format(place, 5)}: ${chips.map(({ name, value }) => `${name} ${format(value, 5)}`).join(", ")}`;
    const values = { "aria-valuemin": this.x?.domain[0] ?? 0, "aria-valuemax": this.x?.domain[1] ?? 1, "aria-valuenow": place ?? this.x?.domain[0] ?? 0, "aria-valuetext": told };
    for (const [name, value] of Object.entries(values)) this.plot.setAttribute(name, value);
  }

  #point(chips, place) {
    if (!this.cursorGroup) return;
    if (place === null) return this.cursorGroup.replaceChildren();
    const at = this.x.at(place);
    const dots = chips
      .filter(({ at: x, value }) => this.#drawn(x, value) && this.#within({ x, y: value }))
      .map(({ at: x, value, color }) => s("circle", { class: `dot c${color}`, cx: this.x.at(x), cy: this.y.at(value), r: 4.5 }));
    this.cursorGroup.replaceChildren(s("line", { class: "hair", x1: at, x2: at, y1: this.y.range[1], y2: this.y.range[0] }), ...dots);
  }

  #listen() {
    const { cursor } = this.options;
    cursor.follow((value) => this.#read(value));
    const point = (event) => {
      cursor.by = event.pointerType;
      const pixel = event.clientX - this.plot.getBoundingClientRect().left;
      cursor.set(Math.max(this.x.domain[0], Math.min(this.x.domain[1], this.x.invert(pixel))));
    };
    this.plot.addEventListener("pointermove", point);
    this.plot.addEventListener("pointerdown", point);
    this.plot.addEventListener("pointerleave", ({ pointerType }) => {
      // What a finger or a key has chosen stays.
      if (pointerType === "mouse" && cursor.by === "mouse" && document.activeElement !== this.plot) cursor.set(null);
    });
    this.plot.addEventListener("keydown", (event) => this.#key(event, cursor));
  }

  #key(event, cursor) {
    const xs = this.options.series[0]?.x;
    if (!xs?.length) return;
    const last = xs.length - 1;
    const index = cursor.value === null ? Math.floor(last / 2) : nearest(xs, cursor.value);
    const step = event.shiftKey ? 10 : 1;
    const moves = { ArrowLeft: index - step, ArrowDown: index - step, ArrowRight: index + step, ArrowUp: index + step, PageDown: index - 10, PageUp: index + 10, Home: 0, End: last };
    if (event.key === "Escape") cursor.set(null);
    else if (event.key in moves) cursor.set(xs[Math.max(0, Math.min(last, cursor.value === null ? index : moves[event.key]))]);
    else return;
    event.preventDefault();
  }

  /** The data, as rows: one column for each series if they share x, else three columns. */
  table() {
    const { series, x } = this.options;
    const name = x.name ?? x.label ?? "x";
    const shared = series.every((line) => line.x === series[0].x);
    if (shared && series.length) {
      return { header: [name, ...series.map((line) => line.name)], rows: Array.from(series[0].x, (at, index) => [at, ...series.map((line) => line.y[index])]) };
    }
    return { header: ["series", name, "y"], rows: series.flatMap((line) => Array.from(line.x, (at, index) => [line.name, at, line.y[index]])) };
  }
}

/** The points of a line, with a gap at each break between the values on its left and its right. */
function broken(x, y, breaks = []) {
  const points = Array.from(x, (at, index) => [at, y[index], 0]).filter(([at]) => !breaks.some((place) => place.x === at));
  for (const { x: at, left, right } of breaks) {
    if (at >= x[0] && at <= x[x.length - 1]) points.push([at, left, -2], [at, NaN, -1], [at, right, 1]);
  }
  return breaks.length ? points.sort((one, other) => one[0] - other[0] || one[2] - other[2]) : points;
}

/** The index of what is nearest to a value in a list that increases; −1 in an empty one. */
export function nearest(list, value) {
  let [low, high] = [0, list.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (list[middle] <= value) low = middle;
    else high = middle;
  }
  return high < 0 || Math.abs(list[low] - value) <= Math.abs(list[high] - value) ? Math.min(low, high) : high;
}
