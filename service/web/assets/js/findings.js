// What is wrong with a network, in words, with the figures that prove it and the remedies to try.

import { format } from "./axes.js";
import { h } from "./dom.js";

const NAMES = {
  nonfinite: "Overflow",
  no_gradient: "No gradient",
  dead_units: "Dead units",
  symmetry: "Symmetry",
  vanishing_gradient: "Vanishing gradient",
  exploding_gradient: "Exploding gradient",
  saturation: "Saturation",
  linear_collapse: "Linear collapse",
  not_zero_centered: "Not zero-centred",
};

/** The words for a finding's code. */
export const nameOf = (code) => NAMES[code] ?? code.replaceAll("_", " ");

/** The findings as cards. `tried` is "code.index" of the remedy that is shown, `onTry` is called with that of another. */
export function findingsList(findings, tried, onTry) {
  if (!findings.length) return h("p", { class: "all-well" }, h("strong", {}, "Nothing is wrong."), " No figure passes the threshold of a finding.");
  return h("ul", { class: "findings" }, ...findings.map((finding) => card(finding, tried, onTry)));
}

function card({ code, severity, layers, evidence, explanation, remedies }, tried, onTry) {
  return h(
    "li",
    { class: `finding ${severity}`, "data-code": code },
    h("div", { class: "finding-head" }, h("span", { class: "severity" }, severity), h("h3", {}, nameOf(code)), h("span", { class: "where" }, ranges(layers))),
    h("p", {}, explanation),
    proof(evidence, layers),
    remedies.length > 0 && h("div", { class: "remedies", role: "group", "aria-label": `Remedies for ${nameOf(code)}` }, ...remedies.map((remedy, index) => button(remedy, `${code}.${index}`, tried, onTry))),
  );
}

function button({ change, verified }, key, tried, onTry) {
  const pressed = key === tried;
  return h(
    "button",
    { type: "button", class: "remedy", "aria-pressed": String(pressed), "data-fix": key, onclick: () => onTry(pressed ? null : key) },
    h("span", { class: "remedy-change" }, change),
    h("span", { class: "remedy-proof" }, ...outcome(verified)),
  );
}

/** The figure that changed, before → after. */
function outcome({ before, after }) {
  const name = Object.keys(after).find((figure) => !["decay_per_layer", "gradient_ratio"].includes(figure) && Array.isArray(after[figure]) && figure !== "weight_gradient_norms");
  if (name) return [`${words(name)} ${worst(before[name])} → `, h("b", {}, worst(after[name]))];
  return ["gradient per layer ", `${factor(before.decay_per_layer)} → `, h("b", {}, factor(after.decay_per_layer))];
}

const factor = (value) => (value === null || value === undefined ? "–" : `×${format(value, 3)}`);

function worst(values) {
  const numbers = (values ?? []).filter((value) => value !== null);
  return numbers.length ? `≤ ${format(Math.max(...numbers), 3)}` : "–";
}

function proof(evidence, layers) {
  const rows = Object.entries(evidence).map(([name, value]) => h("div", {}, h("dt", {}, words(name)), h("dd", {}, figure(value, layers))));
  return rows.length > 0 && h("details", { class: "evidence" }, h("summary", {}, "Evidence"), h("dl", {}, ...rows));
}

function figure(value) {
  if (Array.isArray(value)) return value.map((item) => format(item, 3)).join(" · ");
  return typeof value === "number" || value === null ? format(value, 4) : String(value);
}

function words(name) {
  return name.replaceAll("_", " ");
}

/** Layers as people write them: layers 0–6, 9. */
export function ranges(layers) {
  const spans = [];
  for (const layer of layers) {
    const last = spans.at(-1);
    if (last && last[1] === layer - 1) last[1] = layer;
    else spans.push([layer, layer]);
  }
  const text = spans.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
  return layers.length ? `${layers.length === 1 ? "layer" : "layers"} ${text}` : "";
}
