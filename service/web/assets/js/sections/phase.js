// Phase diagram: where deep random networks of a function are ordered or chaotic, and the edge between.

import { get, latest, post } from "../api.js";
import { format } from "../axes.js";
import { announce, debounced, h, notice, subscripted } from "../dom.js";
import { HeatMap } from "../heatmap.js";
import { snippets } from "../snippets.js";
import { parameterControls } from "./parameters.js";
import { QUANTITIES } from "./quantities.js";

const PATH = "/gradient-flow/mean-field";
const DEFAULTS = { f: "tanh", show: "chi_1", w: 1.5, b: 0.3, top: 3, side: 2 };
const COLUMNS = 64; // of σ_w
const ROWS = 48; // of σ_b
const NEAR = 0.35; // in σ_w, between points of one line in rows that follow each other
const BAND = 4; // rows that are asked for at once
const WORDS = { ordered: "ordered", critical: "critical: the edge of chaos", chaotic: "chaotic" };

export async function mount(element, state) {
  const { activations } = await get("/activations");
  const known = new Map(activations.filter(({ kind }) => kind === "elementwise").map((item) => [item.name, item]));
  const view = build(element, [...known.keys()]);
  const [runGrid, runPoint] = [latest(), latest()];
  let grid = null;

  const activation = () => (known.has(state.get("f")) ? state.get("f") : DEFAULTS.f);
  const quantity = () => QUANTITIES[state.get("show")] ?? QUANTITIES[DEFAULTS.show];
  const point = () => ({ x: state.number("w", DEFAULTS.w), y: state.number("b", DEFAULTS.b) });

  function parameters() {
    const pairs = state.get("p").split(",").filter(Boolean).map((pair) => pair.split(":", 2));
    return Object.fromEntries(pairs.map(([key, text]) => [key, text !== "" && Number.isFinite(Number(text)) ? Number(text) : text]));
  }

  function question(more) {
    const given = parameters();
    return { activation: activation(), ...(Object.keys(given).length ? { parameters: given } : {}), ...more };
  }

  function domains() {
    return { x: [0, Math.max(0.1, state.number("top", DEFAULTS.top))], y: [0, Math.max(0.1, state.number("side", DEFAULTS.side))] };
  }

  /** The whole diagram, in bands of rows that are drawn as they come. */
  async function fill() {
    const { x, y } = domains();
    const columns = spaced(x, COLUMNS);
    const rows = spaced(y, ROWS);
    grid = { columns, rows, x, y, answers: new Array(ROWS).fill(null), critical: [] };
    view.problem.replaceChildren();
    view.progress.begin();
    show();
    const mine = grid;
    try {
      const done = await runGrid(async (signal) => {
        for (let first = 0; first < ROWS; first += BAND) {
          const band = rows.slice(first, first + BAND);
          take(mine, first, await post(PATH, question({ sigma_w: { values: columns }, sigma_b: { values: band } }), { signal }));
          view.progress.tell((first + band.length) / ROWS);
          show();
        }
        return true;
      });
      if (!done) return; // stopped, or begun anew
      view.progress.end();
      announce("The diagram is complete.");
    } catch (error) {
      view.progress.end();
      view.problem.replaceChildren(notice(error));
    }
  }

  function show() {
    const { key, share, of, kind, words, title } = quantity();
    view.map.update({
      title: `${title}, ${activation()}`,
      name: key,
      x: { label: "σ_w, the spread of the weights", name: "sigma_w", domain: grid.x },
      y: { label: "σ_b, the spread of the biases", name: "sigma_b", domain: grid.y },
      columns: grid.columns,
      rows: grid.rows,
      values: grid.answers.map((row) => row?.map(of) ?? null),
      share,
      kind,
      key: words,
      lines: lines(grid.critical),
      point: { ...point(), text: view.phase() },
    });
  }

  async function ask() {
    const { x, y } = point();
    const body = question({ sigma_w: x, sigma_b: y });
    view.snippets.set([{ path: PATH, body }, { path: PATH, body: question(axes()) }]);
    try {
      const answer = await runPoint((signal) => post(PATH, body, { signal }));
      if (answer) view.tell(answer);
      if (answer && grid) view.map.update({ point: { ...point(), text: view.phase() } });
    } catch (error) {
      view.problem.replaceChildren(notice(error));
    }
  }

  /** The grid that is shown, as the service is asked for all of it. */
  function axes() {
    const { x, y } = domains();
    return { sigma_w: { linspace: [...x, COLUMNS] }, sigma_b: { linspace: [...y, ROWS] } };
  }

  const askSoon = debounced(ask, 30);
  const fillSoon = debounced(fill, 150);

  function move(x, y) {
    state.write({ w: Number(x.toFixed(3)), b: Number(y.toFixed(3)) }, DEFAULTS);
    view.set(point(), domains());
    view.map.update({ point: { ...point(), text: view.phase() } });
    askSoon();
  }

  async function arrange() {
    view.choose(activation(), state.get("show", DEFAULTS.show), domains());
    const item = { name: activation(), color: 0, description: known.get(activation()), parameters: parameters() };
    const controls = parameterControls(item, (given) => {
      state.write({ p: Object.entries(given).map(([key, value]) => `${key}:${value}`).join(",") || null });
      askSoon();
      fillSoon();
    });
    view.parameters.replaceChildren(...(controls ? [controls] : []));
    view.set(point(), domains());
    await Promise.all([ask(), fill()]);
  }

  view.listen({
    activation: (f) => (state.write({ f, p: null }, DEFAULTS), arrange()),
    quantity: (name) => (state.write({ show: name }, DEFAULTS), show()),
    move,
    stop: () => runGrid(async () => undefined).then(() => view.progress.end("Stopped.")),
    extent: (top, side) => (state.write({ top, side }, DEFAULTS), arrange()),
  });
  state.onChange(arrange);
  arrange();
}

/** So many values, evenly spaced from end to end. */
function spaced([low, high], count) {
  return Array.from({ length: count }, (_, index) => low + (index * (high - low)) / (count - 1));
}

/** Takes a band of rows over; the service's rows go with σ_w, those of the map with σ_b. */
function take(grid, first, answer) {
  const names = ["q_star", "chi_1", "chi_parallel", "c_star", "xi_q", "xi_c", "phase"];
  answer.sigma_b.forEach((sigma, row) => {
    grid.answers[first + row] = grid.columns.map((_, column) => Object.fromEntries(names.map((name) => [name, answer[name][column][row]])));
    for (const { sigma_w, stable } of answer.critical[row]) grid.critical.push({ x: sigma_w, y: sigma, stable });
  });
}

/** The critical points as lines, dashed where they are not stable; each point is joined to the nearest of the row below. */
function lines(critical) {
  const branches = [];
  for (const { x, y, stable } of critical.toSorted((one, other) => one.y - other.y)) {
    const open = branches.filter((branch) => branch.stable === stable && branch.points.at(-1)[1] < y);
    const near = open.toSorted((one, other) => distance(one, x) - distance(other, x))[0];
    if (near && distance(near, x) < NEAR) near.points.push([x, y]);
    else branches.push({ points: [[x, y]], stable, dash: !stable, text: "edge of chaos, χ₁ = 1" });
  }
  return branches;
}

function distance({ points }, x) {
  return Math.abs(points.at(-1)[0] - x);
}

function build(element, names) {
  const select = h("select", { "aria-label": "Function", class: "wide" }, ...names.map((name) => h("option", { value: name }, name)));
  const quantities = Object.entries(QUANTITIES).map(([name, { label }]) => h("button", { type: "button", "data-quantity": name }, ...subscripted(label)));
  const parameters = h("div", { class: "parameters" });
  const sliders = ["σ_w", "σ_b"].map((name) => h("input", { type: "range", min: 0, step: 0.001, "aria-label": name }));
  const numbers = ["σ_w", "σ_b"].map((name) => h("input", { type: "number", min: 0, step: "any", class: "bound", "aria-label": `${name} as a number` }));
  const bounds = ["σ_w", "σ_b"].map((name) => h("input", { type: "number", min: 0.1, step: "any", class: "bound", "aria-label": `${name} shown up to` }));
  const reading = h("dl", { class: "facts reading" });
  const badge = h("span", { class: "phase-badge" });
  const remarks = h("p", { class: "remarks" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "The diagram" });
  const stop = h("button", { type: "button", class: "stop" }, "Stop");
  const told = h("span", { class: "told", "aria-live": "off" });
  const progress = h("div", { class: "row progress" }, bar, told, stop);
  const problem = h("div");
  const code = snippets();
  const map = new HeatMap({ title: "Phase diagram", x: { label: "σ_w", domain: [0, 3] }, y: { label: "σ_b", domain: [0, 2] }, columns: [], rows: [], values: [], share: () => null, onPoint: (x, y) => map.moved?.(x, y) });
  const place = ["σ_w", "σ_b"].map((name, index) => h("div", { class: "field" }, h("span", {}, ...subscripted(name)), h("div", { class: "slider" }, sliders[index], numbers[index])));
  element.append(
    h(
      "div",
      { class: "bench" },
      h(
        "div",
        { class: "stack controls" },
        h("div", { class: "card stack" }, h("label", { class: "field" }, h("span", {}, "Function"), select), h("div", { class: "field" }, h("span", {}, "Colour shows"), h("div", { class: "pairs", role: "group", "aria-label": "Colour shows" }, ...quantities))),
        parameters,
        h("div", { class: "card stack" }, h("div", { class: "row" }, h("h2", {}, "At the point"), badge), ...place, reading, remarks),
      ),
      h("div", { class: "stack" }, problem, h("div", { class: "card stack" }, map.element, progress, h("div", { class: "row under" }, h("div", { class: "row bounds" }, h("span", {}, ...subscripted("σ_w up to")), bounds[0], h("span", {}, ...subscripted("σ_b up to")), bounds[1]), h("span", {}, "Drag the ring, or move it with the arrow keys."))), explanation(), code.element),
    ),
  );
  return {
    map,
    parameters,
    problem,
    snippets: code,
    progress: progressOf(bar, told, stop),
    phase: () => badge.textContent,
    choose(name, shown, { x, y }) {
      select.value = name;
      for (const button of quantities) button.setAttribute("aria-pressed", String(button.dataset.quantity === shown));
      [bounds[0].value, bounds[1].value] = [x[1], y[1]];
    },
    set(point, { x, y }) {
      [x, y].forEach((domain, index) => (sliders[index].max = domain[1]));
      [point.x, point.y].forEach((value, index) => (sliders[index].value = numbers[index].value = value));
    },
    tell(answer) {
      badge.textContent = answer.phase ? WORDS[answer.phase] : "no phase";
      badge.dataset.phase = answer.phase ?? "";
      reading.replaceChildren(...readingOf(answer).flatMap(([term, text]) => [h("dt", {}, ...subscripted(term)), h("dd", {}, ...subscripted(text))]));
      remarks.textContent = answer.remarks.join(" ");
    },
    listen({ activation, quantity, move, stop: end, extent }) {
      select.addEventListener("change", () => activation(select.value));
      for (const button of quantities) {
        button.addEventListener("click", () => {
          for (const other of quantities) other.setAttribute("aria-pressed", String(other === button));
          quantity(button.dataset.quantity);
        });
      }
      map.moved = move;
      sliders.forEach((slider) => slider.addEventListener("input", () => move(...sliders.map(({ value }) => Number(value)))));
      numbers.forEach((number) => number.addEventListener("change", () => move(...numbers.map(({ value }) => Math.max(0, Number(value))))));
      stop.addEventListener("click", end);
      bounds.forEach((bound) => bound.addEventListener("change", () => extent(...bounds.map(({ value }) => Number(value)))));
    },
  };
}

function progressOf(bar, told, stop) {
  const set = (value, text, running) => {
    bar.value = value;
    told.textContent = text;
    bar.hidden = stop.hidden = !running;
    bar.parentElement.hidden = !running && !text;
  };
  return {
    begin: () => set(0, "Computing", true),
    tell: (share) => set(share, `${Math.round(share * 100)} %`, true),
    end: (text = "") => set(1, text, false),
  };
}

function readingOf({ q_star, chi_1, chi_parallel, c_star, xi_q, xi_c, critical }) {
  const edges = critical.filter(({ stable }) => stable).map((each) => format(each.sigma_w, 4));
  return [
    ["q*, variance at rest", format(q_star)],
    ["χ₁, growth of gradients", format(chi_1)],
    ["χ∥", format(chi_parallel)],
    ["c*, correlation at rest", format(c_star)],
    ["ξ_c, depth of signals", format(xi_c)],
    ["ξ_q, depth of the variance", format(xi_q)],
    ["Edge at this σ_b", edges.length ? `σ_w = ${edges.join(", ")}` : "none"],
  ];
}

function explanation() {
  const text = [
    ["Ordered", "χ₁ < 1: all inputs become alike and gradients vanish, both by χ₁ per layer."],
    ["Chaotic", "χ₁ > 1: inputs that are nearly alike are torn apart and gradients explode."],
    ["At the edge", "χ₁ = 1: signals and gradients travel deepest. Networks deeper than about 6 ξ_c do not train."],
  ];
  return h("div", { class: "card fact-cards phases" }, ...text.map(([term, words]) => h("p", {}, h("b", {}, term), ...subscripted(` ${words}`))));
}
