// Where the racers stand: a table that is written anew with every record, and complete at the end.

import { format } from "./axes.js";
import { h, s } from "./dom.js";

/** The table of the racers as they stand. */
export function standings(racers) {
  const plane = racers.some(({ samples }) => samples);
  const columns = plane ? PLANE : NETWORK;
  const head = h("tr", {}, h("th", { scope: "col" }, "Racer"), ...columns.map(([name]) => h("th", { scope: "col" }, name)));
  const rows = racers.map((racer) => h("tr", {}, h("th", { scope: "row" }, swatch(racer.color), ` ${racer.name}`), ...columns.map(([, read]) => h("td", {}, read(racer)))));
  return h("div", { class: "scroll standings", tabindex: 0, role: "region", "aria-label": "Standings" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)));
}

const swatch = (color) => s("svg", { width: 18, height: 10, viewBox: "0 -5 18 10", "aria-hidden": "true" }, s("path", { class: `line c${color}`, d: "M0 0H18" }));
const last = ({ records }) => records.at(-1);

const STEP = ["Step", (racer) => String(last(racer)?.step ?? 0)];
const LOSS = ["Loss", (racer) => format(racer.summary?.loss.end ?? last(racer)?.loss ?? null, 3)];
const RATIO = ["Way ÷ distance", (racer) => format(last(racer)?.path_ratio ?? null, 3)];
const LIMIT = ["Rate limit", (racer) => limit(racer)];
const FATE = ["", (racer) => fate(racer)];

const NETWORK = [STEP, LOSS, ["Accuracy", accuracy], ["Dead units", dead], RATIO, LIMIT, FATE];
const PLANE = [STEP, LOSS, RATIO, ["Moves of one sign", (racer) => percent(racer.summary?.zig_zag.one_sign_fraction)], ["Cosine of one move and the next", (racer) => format(racer.summary?.zig_zag.mean_cosine ?? null, 3)], LIMIT, FATE];

/** Of the held-out samples at the end; of the mini-batch on the way. */
function accuracy({ summary, records }) {
  return percent(summary ? summary.accuracy : records.at(-1)?.accuracy);
}

function percent(share) {
  return share === null || share === undefined ? "–" : `${format(100 * share, 3)} %`;
}

/** How many of the hidden units are dead: on the mini-batch while it runs, on all samples at the end. */
function dead(racer) {
  const counts = (racer.summary ?? last(racer))?.dead_units;
  if (!counts) return "–";
  const units = racer.request.layers.slice(0, -1).reduce((sum, layer) => sum + layer.units * (layer.repeat ?? 1), 0);
  const total = counts.slice(0, -1).reduce((sum, count) => sum + (count ?? 0), 0);
  const bar = h("i");
  bar.style.width = `${(100 * total) / units}%`;
  return h("span", { class: "dead-count" }, `${total} of ${units}`, h("span", { class: "gauge", "aria-hidden": "true" }, bar));
}

function limit({ summary }) {
  const found = summary?.learning_rate_limit;
  return found?.value === null || !found ? "–" : h("span", { title: found.remark, class: found.exceeded ? "exceeded" : null }, format(found.value, 3));
}

function fate({ summary, records, error }) {
  if (error) return h("span", { class: "exceeded" }, "failed");
  const diverged = records.find((record) => record.diverged)?.step;
  if (diverged !== undefined) return h("span", { class: "exceeded" }, `diverged at step ${diverged}`);
  return summary ? "finished" : records.length ? "running" : "waiting";
}

/** Half the second derivatives of the mean squared error of one linear unit: mean of x xᵀ. */
export function hessianOf(samples) {
  const mean = (read) => samples.reduce((sum, { x }) => sum + read(x), 0) / samples.length;
  const mixed = mean(([a, b]) => a * b);
  return [[mean(([a]) => a * a), mixed], [mixed, mean(([, b]) => b * b)]];
}
