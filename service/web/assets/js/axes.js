// Scales, ticks and axes: what line charts and heat maps have in common.

import { s, subscripted } from "./dom.js";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number as people write it: 0.2500 as 0.25, 8.5×10⁻¹⁷, −∞. */
export function format(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e6) return minus(String(Number(value.toPrecision(digits))));
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const short = minus(String(Number(mantissa)));
  const power = `10${superscript(Number(exponent))}`;
  return short === "1" ? power : short === "−1" ? `−${power}` : `${short}×${power}`;
}

function minus(text) {
  return text.replace("-", "−");
}

function superscript(whole) {
  return (whole < 0 ? "⁻" : "") + [...String(Math.abs(whole))].map((digit) => SUPERSCRIPTS[digit]).join("");
}

/** From values to pixels and back, linear or logarithmic. */
export class Scale {
  constructor(domain, range, log = false) {
    this.log = log;
    this.domain = domain;
    this.range = range;
    [this.low, this.high] = domain.map((value) => this.#bend(value));
  }

  #bend(value) {
    return this.log ? Math.log10(value) : value;
  }

  /** The pixel of a value, within bounds that every renderer can draw. */
  at(value) {
    const [from, to] = this.range;
    const pixel = from + ((this.#bend(value) - this.low) / (this.high - this.low)) * (to - from);
    return Math.max(-1e5, Math.min(1e5, pixel));
  }

  /** The value of a pixel. */
  invert(pixel) {
    const [from, to] = this.range;
    const bent = this.low + ((pixel - from) / (to - from)) * (this.high - this.low);
    return this.log ? 10 ** bent : bent;
  }

  /** About so many round values, and how each is written. */
  ticks(count) {
    return this.log ? this.#decades(count) : this.#steps(count);
  }

  #steps(count) {
    const rough = (this.high - this.low) / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.75) * power;
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let index = Math.ceil(this.low / step - 1e-9); index * step <= this.high + step * 1e-9; index++) {
      const value = index * step;
      const plain = decimals <= 5 && Math.abs(value) < 1e6;
      found.push({ value, text: plain ? minus(value.toFixed(decimals)).replace(/^−(0\.?0*)$/, "$1") : format(value, 3) });
    }
    return found;
  }

  #decades(count) {
    const [first, last] = [Math.ceil(this.low - 1e-9), Math.floor(this.high + 1e-9)];
    if (last - first < 1) return new Scale([this.low, this.high], this.range).ticks(count).map(({ value }) => ({ value: 10 ** value, text: format(10 ** value, 2) }));
    const every = Math.max(1, Math.ceil((last - first) / Math.max(1, count)));
    const found = [];
    for (let exponent = first; exponent <= last; exponent += every) {
      found.push({ value: 10 ** exponent, text: Math.abs(exponent) < 3 ? format(10 ** exponent) : `10${superscript(exponent)}` });
    }
    return found;
  }
}

/** The interval of the finite values (of the positive ones, if `log`), with some room around it. */
export function extent(values, { log = false, include = [], room = 0.06 } = {}) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of [...include, ...values]) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    const bounded = Math.max(-5e307, Math.min(5e307, value)); // what lies between two bounds may not overflow
    if (bounded < low) low = bounded;
    if (bounded > high) high = bounded;
  }
  if (low > high) return log ? [0.1, 10] : [-1, 1];
  if (log) {
    const [first, last] = [low, high].map(Math.log10);
    const pad = low === high ? 1 : (last - first) * room;
    return [10 ** Math.max(-307, first - pad), 10 ** Math.min(308, last + pad)]; // a quotient of the two may overflow
  }
  const pad = low === high ? Math.max(1, Math.abs(low)) * 0.5 : (high - low) * room;
  return [low - pad, high + pad];
}

/** Grid, ticks and labels of two scales, as a group to put under the data. */
export function axes({ x, y, xLabel, yLabel, width, height, grid = true }) {
  const [left, right] = x.range;
  const [bottom, top] = y.range;
  const group = s("g", { class: "axes" });
  for (const { value, text } of y.ticks(Math.max(2, Math.floor((bottom - top) / 36)))) {
    const at = y.at(value);
    const zero = value === 0 ? "grid zero" : "grid";
    if (grid) group.append(s("line", { class: zero, x1: left, x2: right, y1: at, y2: at }));
    group.append(s("text", { class: "tick", x: left - 8, y: at + 4, "text-anchor": "end" }, text));
  }
  for (const { value, text } of x.ticks(Math.max(2, Math.floor((right - left) / 76)))) {
    const at = x.at(value);
    const zero = value === 0 ? "grid zero" : "grid";
    if (grid) group.append(s("line", { class: zero, x1: at, x2: at, y1: top, y2: bottom }));
    else group.append(s("line", { class: "stub", x1: at, x2: at, y1: bottom, y2: bottom + 4 }));
    group.append(s("text", { class: "tick", x: at, y: bottom + 18, "text-anchor": "middle" }, text));
  }
  if (xLabel) group.append(s("text", { class: "label", x: (left + right) / 2, y: height - 3, "text-anchor": "middle" }, ...subscripted(xLabel, true)));
  if (yLabel) group.append(s("text", { class: "label", x: 0, y: 11 }, ...subscripted(yLabel, true)));
  group.append(s("rect", { class: "border", x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) }));
  return group;
}
