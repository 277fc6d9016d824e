// A card of what is known of a function: formula, range, extrema of the derivative, kinks, gains, known problems.

import { format } from "../axes.js";
import { h } from "../dom.js";
import { formula } from "../formula.js";

/** The card. */
export function facts({ name, color, description }) {
  const { family, kinks, jumps, range, limits, derivative_extrema: extrema, lipschitz, gains, smoothness, reference } = description;
  const rows = [
    ["Range", `${format(range.lower)} … ${format(range.upper)}`],
    ["Limits", `${limit(limits.minus_infinity)} at −∞, ${limit(limits.plus_infinity)} at ∞`],
    ["Smoothness", smooth(smoothness)],
    ["Monotonic", yes(description.monotonic)],
    ["Zero-centred", yes(description.zero_centered)],
    ["Largest f′", extremum(extrema?.maximum)],
    ["Smallest f′", extremum(extrema?.minimum)],
    ["Kinks", kinks.map(({ x, left, right }) => `x = ${format(x)}: f′ from ${format(left)} to ${format(right)}`).join("; ") || "none"],
    ["Jumps", jumps.map(({ x, left, right }) => `x = ${format(x)}: from ${format(left)} to ${format(right)}`).join("; ") || "none"],
    ["Lipschitz constant", format(lipschitz)],
    ["Gain forward", format(gains?.forward)],
    ["Gain backward", format(gains?.backward)],
  ];
  return h(
    "article",
    { class: "card stack fact-card", "aria-label": name },
    h("div", { class: "row" }, h("span", { class: `blob c${color}`, "aria-hidden": "true" }), h("h2", {}, name), h("span", { class: "family-name" }, `${family} family`)),
    h("div", { class: "formulas" }, formula(description.formula), formula(description.derivative)),
    h("dl", { class: "facts" }, ...rows.flatMap(([term, text]) => [h("dt", {}, term), h("dd", {}, text)])),
    problems(description.problems),
    h("p", { class: "reference" }, h("a", { href: reference.url, rel: "noreferrer" }, reference.title)),
  );
}

/** Each problem is one sentence; what helps follows it in a lower voice. */
function problems(list) {
  if (list.length === 0) return null;
  const items = list.map(({ code, text }) => {
    const [itself, ...remedy] = text.split(/(?<=\.) (?=[A-Z])/);
    const help = remedy.length > 0 && h("span", { class: "what-helps" }, ` ${remedy.join(" ")}`);
    return h("li", {}, h("b", {}, code.replaceAll("_", " ")), ` ${itself}`, help);
  });
  return h("div", {}, h("h3", {}, "Known problems"), h("ul", { class: "problems" }, ...items));
}

function limit(value) {
  return value === null ? "none" : format(value);
}

function yes(value) {
  return value ? "yes" : "no";
}

function smooth(name) {
  return { discontinuous: "jumps", C0: "continuous, with kinks (C⁰)", C1: "once differentiable (C¹)", C2: "twice (C²)", Cinf: "infinitely often (C∞)" }[name] ?? name;
}

function extremum(given) {
  if (!given) return "–";
  const { value, at } = given;
  if (at === null) return `${format(value)}, nowhere attained`;
  if (Array.isArray(at)) return `${format(value)} from ${format(at[0])} to ${format(at[1])}`;
  return `${format(value)} at ${Number.isFinite(at) ? `x = ${format(at)}` : format(at)}`;
}
