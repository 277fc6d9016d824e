// The pictures and figures of a gradient flow: four charts over the layers, tiles, a table, and a chain written out.

import { format } from "./axes.js";
import { h } from "./dom.js";
import { LayerChart } from "./layerchart.js";

/** A layer chart that is made of an answer, and of the one before a change if there is one. */
class FlowChart extends LayerChart {
  constructor(options, seriesOf) {
    super(options);
    this.seriesOf = seriesOf;
  }

  show(after, before) {
    const earlier = before ? this.seriesOf(before).map((line) => ({ ...line, name: `${line.name}, before`, color: 6 })) : [];
    this.update({ series: [...earlier.filter(({ theory }) => !theory), ...this.seriesOf(after)] });
  }
}

/** The four charts, which share one cursor. */
export function flowCharts(cursor) {
  const forward = (answer, read) => answer.layers.map((layer) => read(layer.forward, layer));
  const share = (title, name, color, yLabel, empty, read) =>
    new FlowChart({ title, cursor, yLabel, domain: [0, 1], height: 180, empty }, (answer) => [{ name, kind: "bar", color, values: forward(answer, read) }]);
  return {
    gradient: new FlowChart({ title: "Gradient norms", cursor, log: true, yLabel: "‖∂L/∂g‖" }, gradients),
    activation: new FlowChart({ title: "Activations", cursor, yLabel: "mean ± std, from least to most" }, (answer) => [{ name: "activation", kind: "spread", color: 0, values: forward(answer, ({ activation }) => activation) }]),
    dead: share("Dead units", "dead", 1, "share of units with f′ = 0 on every sample", "No unit is dead.", ({ dead_units: dead }, { units }) => (dead === null ? null : dead / units)),
    saturated: share("Saturated entries", "saturated", 3, "share with f′ below 1 % of its largest", "No entry is saturated.", ({ saturated_fraction: saturated }) => saturated),
  };
}

function gradients(answer) {
  const values = answer.layers.map(({ backward }) => backward.preactivation_gradient_norm);
  const decay = answer.theory.prediction?.decay_per_layer;
  const last = values.at(-1);
  const theory = Number.isFinite(decay) && last > 0 ? [{ name: "theory", kind: "line", color: 4, dash: true, theory: true, values: values.map((_, index) => last * decay ** (values.length - 1 - index)) }] : [];
  return [...theory, { name: "measured", kind: "line", color: 0, values }];
}

/** The figures of the whole, each with that of before. */
export function tiles(after, before) {
  const figures = [
    ["Gradient per layer", (answer) => answer.summary.decay_per_layer, "×"],
    ["First layer’s gradient over the last’s", ({ layers }) => ratio(layers), ""],
    ["Dead units", deadOf, ""],
    ["Jacobian, rms singular value", (answer) => answer.summary.jacobian?.rms ?? null, ""],
    ["Loss", (answer) => answer.loss, ""],
  ];
  return figures.map(([name, read, sign]) =>
    h("div", { class: "tile" }, h("span", { class: "tile-name" }, name), h("span", { class: "tile-value" }, before && h("s", {}, written(read(before), sign)), h("b", {}, written(read(after), sign)))),
  );
}

const written = (value, sign) => (typeof value === "string" ? value : value === null ? "–" : `${sign}${format(value, 3)}`);

function ratio(layers) {
  const [first, last] = [layers[0], layers.at(-1)].map(({ backward }) => backward.preactivation_gradient_norm);
  return last ? first / last : null;
}

function deadOf({ layers }) {
  const known = layers.filter(({ forward }) => forward.dead_units !== null);
  const sum = (read) => known.reduce((all, layer) => all + read(layer), 0);
  return known.length ? `${format(sum(({ forward }) => forward.dead_units), 4)} of ${sum(({ units }) => units)}` : null;
}

/** A network of one unit a layer, fed one number, written out: values on the way forward, slopes on the way back. */
export function chainStrip(answer, request) {
  const x = request.input.values;
  if (!x || x.length !== 1 || x[0].length !== 1 || answer.layers.length > 12 || answer.layers.some(({ units }) => units !== 1)) return null;
  const links = answer.layers.map(({ activation, forward }) => [
    h("li", { class: "chain-link" }, h("span", { class: "chain-f" }, activation), h("span", { class: "chain-slope" }, "f′ = ", h("b", {}, format(forward.mean_derivative, 4)))),
    h("li", { class: "chain-value" }, format(forward.activation.mean, 4)),
  ]);
  const slopes = answer.layers.map(({ forward }) => format(forward.mean_derivative, 4)).join(" × ");
  return h(
    "section",
    { class: "card chain", "aria-label": "The chain written out" },
    h("ol", { class: "chain-row" }, h("li", { class: "chain-value" }, `x = ${format(x[0][0], 4)}`), ...links.flat()),
    h("p", { class: "chain-product" }, "dy/dx = ", slopes, " = ", h("b", {}, format(product(answer.layers), 4))),
  );
}

const product = (layers) => layers.reduce((all, { forward }) => all * forward.mean_derivative, 1);

const COLUMNS = [
  ["layer", ({ index }) => index],
  ["function", ({ activation }) => activation],
  ["units", ({ units }) => units],
  ["g mean", ({ forward }) => forward.preactivation.mean],
  ["g std", ({ forward }) => forward.preactivation.std],
  ["h mean", ({ forward }) => forward.activation.mean],
  ["h std", ({ forward }) => forward.activation.std],
  ["mean f′", ({ forward }) => forward.mean_derivative],
  ["‖∂L/∂g‖", ({ backward }) => backward.preactivation_gradient_norm],
  ["‖∂L/∂W‖", ({ backward }) => backward.weight_gradient_norm],
  ["saturated", ({ forward }) => forward.saturated_fraction],
  ["dead", ({ forward }) => forward.dead_units],
  ["sign coherence", ({ backward }) => backward.sign_coherence],
];

/** All figures, a layer in each row. */
export function layerTable({ layers }) {
  const cell = (value) => h("td", {}, typeof value === "string" ? value : format(value, 3));
  const rows = layers.map((layer) => h("tr", {}, ...COLUMNS.map(([, read], index) => (index ? cell(read(layer)) : h("th", { scope: "row" }, String(read(layer)))))));
  const head = h("tr", {}, ...COLUMNS.map(([name]) => h("th", { scope: "col" }, name)));
  return h("details", { class: "card figures" }, h("summary", {}, "All figures, layer by layer"), h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Figures by layer" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows))));
}
