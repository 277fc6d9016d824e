// A heat map over two scales, with lines upon it and a point to drag, by mouse, touch or arrow keys.

import { Scale, axes, format } from "./axes.js";
import { h, s, subscripted } from "./dom.js";
import { nameButtons, saveButtons } from "./save.js";

const CELLS = 111; // of the scale of colours
const MARGIN = { left: 46, right: 12, top: 28, bottom: 44 };

// From blue over a neutral to red: told apart with any colour vision; the neutral is the page's own ground.
const DIVERGING = {
  light: ["#0b3c7d", "#2f79b9", "#84b6da", "#d3e3ee", "#f6f5f2", "#f8dcc6", "#eda577", "#cf5a36", "#8c1a1f"],
  dark: ["#9fd0fb", "#5a9fdd", "#2f6ca5", "#1f4264", "#1b1d21", "#572a1c", "#9a4527", "#dd7443", "#ffbd92"],
};
// Cividis.
const RISING = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];

/** Whether the page is shown on dark ground. */
export function isDark() {
  return getComputedStyle(document.documentElement).colorScheme === "dark";
}

/** The colour of a share from 0 to 1, as red, green and blue. */
export function colour(share, kind) {
  const stops = kind === "diverging" ? DIVERGING[isDark() ? "dark" : "light"] : RISING;
  const place = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const [from, to] = [stops[index], stops[index + 1]].map((code) => [1, 3, 5].map((at) => parseInt(code.slice(at, at + 2), 16)));
  return from.map((part, channel) => Math.round(part + (to[channel] - part) * (place - index)));
}

/**
 * A map of `values[row][column]`, row by y and column by x, upwards.
 *
 * `options` are `title`, `height`; `x` and `y`: `{label, domain}`; `columns`, `rows` (the values of x and y); `values`;
 * `share(value)`, from 0 to 1 or null for none; `kind`: "diverging" or "rising"; `lines`: `[{points: [[x, y]], dash, text}]`;
 * `point`: `{x, y, text}` and `onPoint(x, y)`; `key`: `{low, high, middle}`, the words under the scale of colours.
 */
export class HeatMap {
  constructor(options) {
    this.options = { height: 440, lines: [], kind: "diverging", ...options };
    this.canvas = h("canvas");
    this.svg = s("svg", { class: "chart-svg" });
    this.plot = h("div", { class: "plot map", tabindex: 0, role: "application", "aria-roledescription": "point to drag" }, this.svg);
    this.heading = h("span", { class: "chart-title" });
    this.key = h("div", { class: "colour-key" });
    this.saves = saveButtons(this);
    this.element = h("figure", { class: "chart" }, h("figcaption", { class: "chart-head" }, this.heading, this.saves), this.plot, this.key);
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.plot);
    window.addEventListener("actiscope:theme", () => this.draw());
  }

  get title() {
    return this.options.title;
  }

  /** The scale of colours with its words, and what the lines are. */
  get legend() {
    const { key, lines } = this.options;
    const line = lines.find(({ text }) => text);
    const words = key && [key.low, key.middle, key.high].filter(Boolean).join(" … ");
    return [
      ...(key ? [{ name: words, element: this.key.querySelector("g"), width: CELLS }] : []),
      ...(line ? [{ name: line.text, element: this.svg.querySelector("defs path") }] : []),
    ];
  }

  update(options) {
    Object.assign(this.options, options);
    this.draw();
  }

  draw() {
    const width = Math.floor(this.plot.clientWidth);
    if (!width) return;
    const { height, x, y, lines, title } = this.options;
    this.x = new Scale(x.domain, [MARGIN.left, width - MARGIN.right]);
    this.y = new Scale(y.domain, [height - MARGIN.bottom, MARGIN.top]);
    const frame = { x: MARGIN.left, y: MARGIN.top, width: Math.max(0, width - MARGIN.left - MARGIN.right), height: height - MARGIN.bottom - MARGIN.top };
    this.heading.replaceChildren(...subscripted(title));
    nameButtons(this.saves, title);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    this.handle = s("g", { class: "handle" });
    this.svg.replaceChildren(
      s("clipPath", { id: "map-clip" }, s("rect", frame)),
      s("rect", { class: "sunken", ...frame }),
      s("g", { "clip-path": "url(#map-clip)" }, this.#image(), ...lines.map((line) => this.#line(line))),
      axes({ x: this.x, y: this.y, xLabel: x.label, yLabel: y.label, width, height, grid: false }),
      s("defs", {}, s("path", { class: "critical", d: "M0 0H18" })),
      this.handle,
    );
    this.#place();
    this.#explain();
  }

  #image() {
    const { columns, rows, values, share, kind } = this.options;
    if (!columns.length || !rows.length) return s("g");
    Object.assign(this.canvas, { width: columns.length, height: rows.length });
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(columns.length, rows.length);
    values.forEach((row, up) =>
      row?.forEach((value, across) => {
        const part = share(value);
        if (part === null) return;
        image.data.set([...colour(part, kind), 255], 4 * ((rows.length - 1 - up) * columns.length + across));
      }),
    );
    context.putImageData(image, 0, 0);
    // A value stands in the middle of its cell.
    const [across, up] = [columns, rows].map((list) => (list.length > 1 ? (list.at(-1) - list[0]) / (list.length - 1) : 1));
    const [left, right] = [this.x.at(columns[0] - across / 2), this.x.at(columns.at(-1) + across / 2)];
    const [bottom, top] = [this.y.at(rows[0] - up / 2), this.y.at(rows.at(-1) + up / 2)];
    return s("image", { href: this.canvas.toDataURL(), x: left, y: top, width: right - left, height: bottom - top, preserveAspectRatio: "none" });
  }

  #line({ points, dash }) {
    const d = points.map(([x, y], index) => `${index ? "L" : "M"}${this.x.at(x).toFixed(1)} ${this.y.at(y).toFixed(1)}`).join("");
    return s("g", {}, s("path", { class: "critical-under", d }), s("path", { class: dash ? "critical dash" : "critical", d }));
  }

  #place() {
    const { point, x, y } = this.options;
    if (!point || !this.handle) return;
    const [at, up] = [this.x.at(point.x), this.y.at(point.y)];
    this.handle.replaceChildren(s("circle", { class: "ring-under", cx: at, cy: up, r: 9 }), s("circle", { class: "ring", cx: at, cy: up, r: 9 }), s("circle", { class: "pip", cx: at, cy: up, r: 2 }));
    const place = `${x.label.split(",")[0]} ${format(point.x)}, ${y.label.split(",")[0]} ${format(point.y)}`;
    this.plot.setAttribute("aria-label", `${place}${point.text ? `: ${point.text}` : ""}. Arrow keys move the point.`);
  }

  #explain() {
    const { key, kind } = this.options;
    if (!key) return;
    const stops = Array.from({ length: CELLS }, (_, index) => colour(index / (CELLS - 1), kind));
    const cells = stops.map((rgb, index) => s("rect", { x: index, y: -5, width: 1.1, height: 10, fill: `rgb(${rgb})` }));
    const bar = s("svg", { viewBox: `0 -5 ${CELLS} 10`, preserveAspectRatio: "none", "aria-hidden": "true" }, s("g", {}, ...cells));
    this.key.replaceChildren(bar, ...[key.low, key.middle ?? "", key.high].map((words) => h("span", {}, words)));
  }

  #listen() {
    const move = (x, y) => {
      const clamp = (value, [low, high]) => Math.max(low, Math.min(high, value));
      this.options.onPoint?.(clamp(x, this.options.x.domain), clamp(y, this.options.y.domain));
    };
    const drag = (event) => {
      const box = this.plot.getBoundingClientRect();
      move(this.x.invert(event.clientX - box.left), this.y.invert(event.clientY - box.top));
    };
    this.plot.addEventListener("pointerdown", (event) => {
      this.plot.setPointerCapture(event.pointerId);
      drag(event);
    });
    this.plot.addEventListener("pointermove", (event) => this.plot.hasPointerCapture(event.pointerId) && drag(event));
    this.plot.addEventListener("keydown", (event) => {
      const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      const direction = directions[event.key];
      if (!direction) return;
      event.preventDefault();
      const { x, y, point } = this.options;
      const part = event.shiftKey ? 20 : 200;
      move(point.x + (direction[0] * (x.domain[1] - x.domain[0])) / part, point.y + (direction[1] * (y.domain[1] - y.domain[0])) / part);
    });
  }

  /** The data as rows: x, y, value. */
  table() {
    const { columns, rows, values, x, y, name } = this.options;
    return {
      header: [x.name ?? x.label, y.name ?? y.label, name ?? "value"],
      rows: rows.flatMap((up, row) => columns.map((across, column) => [across, up, values[row]?.[column]])),
    };
  }
}
