// Functions: choose some, see f, f′ and f″ with what is known of them, move their parameters.

import { get, latest, post } from "../api.js";
import { Cursor, LineChart } from "../chart.js";
import { debounced, h, notice } from "../dom.js";
import { snippets, Grid } from "../snippets.js";
import { facts } from "./facts.js";
import { breaksOf, marksOf, orderName } from "./marks.js";
import { parameterControls } from "./parameters.js";
import { picker } from "./picker.js";

const DEFAULTS = { f: "sigmoid,tanh", from: -6, to: 6 };
const MOST = 6; // colours that are told apart well
const COUNT = 401;
const ORDERS = [0, 1, 2];

export async function mount(element, state) {
  const { activations } = await get("/activations");
  const known = new Map(activations.filter(({ kind }) => kind === "elementwise").map((item) => [item.name, item]));
  const view = build(element, [...known.values()], (names) => choose(names));
  const run = latest();
  let shown = [];

  function chosen() {
    const names = state.get("f", DEFAULTS.f).split(",").filter((name) => known.has(name));
    return names.slice(0, MOST).map((name, color) => ({ name, color, description: known.get(name), parameters: given(name) }));
  }

  /** The parameters of a function that the address gives: `p.leaky_relu=negative_slope:0.2`. */
  function given(name) {
    const pairs = state.get(`p.${name}`).split(",").filter(Boolean).map((pair) => pair.split(":", 2));
    return Object.fromEntries(pairs.map(([key, text]) => [key, text !== "" && Number.isFinite(Number(text)) ? Number(text) : text]));
  }

  function choose(names) {
    const gone = Object.keys(state.values).filter((key) => key.startsWith("p.") && !names.includes(key.slice(2)));
    state.write({ ...Object.fromEntries(gone.map((key) => [key, null])), f: names.join(",") }, DEFAULTS);
    arrange();
  }

  function move(name, parameters) {
    const text = Object.entries(parameters).map(([key, value]) => `${key}:${value}`).join(",");
    state.write({ [`p.${name}`]: text || null });
    shown = chosen();
    soon();
  }

  function interval() {
    const [from, to] = [state.number("from", DEFAULTS.from), state.number("to", DEFAULTS.to)];
    return from < to && Number.isFinite(to - from) ? [from, to] : [DEFAULTS.from, DEFAULTS.to];
  }

  function arrange() {
    shown = chosen();
    view.picker.show(shown);
    view.tell(interval());
    view.parameters.replaceChildren(...shown.map((item) => parameterControls(item, (parameters) => move(item.name, parameters))).filter(Boolean));
    return ask();
  }

  async function ask() {
    const [from, to] = interval();
    const x = new Grid("x", from, to, COUNT);
    const requests = shown.flatMap((item) => ORDERS.map((order) => requestOf(item, order, x)));
    view.snippets.set(requests);
    try {
      const answer = await run((signal) => compute(shown, requests, signal));
      if (answer) draw(view, { x: x.toJSON(), domain: [from, to], ...answer });
    } catch (error) {
      view.problem.replaceChildren(notice(error));
    }
  }

  const soon = debounced(ask, 40);
  view.onInterval((from, to) => {
    state.write({ from, to }, DEFAULTS);
    view.tell(interval());
    soon();
  });
  state.onChange(arrange);
  await arrange();
}

function requestOf({ name, parameters }, order, x) {
  const settings = Object.keys(parameters).length ? { parameters } : {};
  return order === 0
    ? { path: "/evaluate", body: { activation: name, ...settings, x } }
    : { path: "/derivative", body: { activation: name, ...settings, x, order } };
}

/** Values of every order, and the facts at the parameters that are given. */
async function compute(shown, requests, signal) {
  const [answers, descriptions] = await Promise.all([
    Promise.all(requests.map(({ path, body }) => post(path, body, { signal }))),
    Promise.all(shown.map((item) => describe(item, signal))),
  ]);
  const values = answers.map((answer) => answer.y ?? answer.dy);
  const items = descriptions.map((description, index) => ({
    ...shown[index],
    description,
    values: ORDERS.map((order) => values[index * ORDERS.length + order]),
  }));
  return { items };
}

function describe({ name, parameters, description }, signal) {
  const query = new URLSearchParams(parameters).toString();
  return query ? get(`/activations/${name}?${query}`, { signal }) : description;
}

function draw(view, { x, domain, items }) {
  view.problem.replaceChildren();
  ORDERS.forEach((order) => {
    view.charts[order].update({
      title: orderName(order),
      x: { label: order === 2 ? "x" : "", name: "x", domain },
      series: items.map(({ name, color, description, values }) => ({ name, color, x, y: values[order], breaks: breaksOf(description, order) })),
      marks: items.flatMap((item) => marksOf(item, x, order)),
    });
  });
  view.facts.replaceChildren(...items.map(facts));
}

function build(element, functions, onChoose) {
  const cursor = new Cursor();
  const charts = ORDERS.map((order) => new LineChart({ title: orderName(order), height: [270, 210, 190][order], cursor, y: { include: order ? [0] : [] } }));
  const parameters = h("div", { class: "parameters" });
  const problem = h("div");
  const cards = h("div", { class: "fact-cards" });
  const code = snippets();
  const chooser = picker(functions, MOST, onChoose);
  const bounds = ["from", "to"].map((name) => h("input", { type: "number", step: "any", "aria-label": `x ${name}`, class: "bound" }));
  const marks = h("p", { class: "marks-key" }, ...legendOfMarks());
  const range = h("div", { class: "row bounds" }, h("span", {}, "x from"), bounds[0], h("span", {}, "to"), bounds[1]);
  element.append(
    h(
      "div",
      { class: "bench" },
      h("div", { class: "stack controls" }, chooser.element, parameters),
      h("div", { class: "stack" }, problem, h("div", { class: "card stack charts" }, ...charts.map((chart) => chart.element), h("div", { class: "row under" }, range, marks)), cards, code.element),
    ),
  );
  return {
    charts,
    parameters,
    problem,
    facts: cards,
    snippets: code,
    picker: chooser,
    tell: (values) => bounds.forEach((input, index) => (input.value = values[index])),
    onInterval: (listener) => bounds.forEach((input) => input.addEventListener("change", () => listener(...bounds.map(({ value }) => Number(value))))),
  };
}

function legendOfMarks() {
  const words = [["◇", "kink"], ["△", "extreme of f′"], ["●", "value at a jump"], ["○", "limit beside it"]];
  return words.map(([sign, text]) => h("span", {}, h("span", { "aria-hidden": "true" }, `${sign} `), text));
}
