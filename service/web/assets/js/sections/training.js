// Training race: several activations or learning rates on the same data, told step by step as they are trained.

import { stream } from "../api.js";
import { format } from "../axes.js";
import { Cursor, LineChart } from "../chart.js";
import { Fields, activations, fold, functionOptions } from "../controls.js";
import { announce, h, notice, s } from "../dom.js";
import { INITIALIZERS } from "../network.js";
import { PathChart } from "../pathchart.js";
import { DEFAULTS, GOAL, MOST, PRESETS, names, numbers, pathOf, racersOf } from "../race.js";
import { snippets } from "../snippets.js";
import { hessianOf, standings } from "../standings.js";

const PATH = "/gradient-flow/training";

export async function mount(element, state) {
  const view = new RaceView(state, await activations());
  element.replaceChildren(view.element);
  state.onChange(() => view.refresh());
  view.refresh();
}

class RaceView {
  #controller = null;
  #frame = 0;

  constructor(state, functions) {
    this.fields = new Fields(state, DEFAULTS, (name) => this.#changed(name));
    this.racers = [];
    const cursor = new Cursor();
    const chart = (title, y, height = 220) => new LineChart({ title, cursor, height, x: { label: "step" }, y });
    this.charts = {
      loss: chart("Loss", { label: "of the mini-batch", log: true }),
      accuracy: chart("Accuracy", { label: "of the mini-batch", domain: [0, 1] }),
      dead: chart("Dead units", { label: "f′ = 0 on every sample: for good, or (faint) of the mini-batch", include: [0, 1] }),
      ratio: chart("Length of the way over distance", { label: "1 is straight, more is zig-zag", include: [1, 2] }),
    };
    this.path = new PathChart({ title: "The way of two weights", cursor });
    this.table = h("div", { class: "card" });
    this.messages = h("div", { class: "messages" });
    this.code = snippets();
    this.button = h("button", { type: "button", class: "primary", onclick: () => (this.#controller ? this.#stop() : this.#start()) }, "Start");
    this.progress = h("progress", { max: 1, value: 0, "aria-label": "Steps taken" });
    this.presets = h("div", { class: "presets", role: "group", "aria-label": "Races" }, ...PRESETS.map((preset) => this.#preset(preset)));
    this.lesson = h("p", { class: "lesson" });
    this.form = this.#form(functions);
    const card = (shown) => h("div", { class: "card" }, shown.element);
    this.plane = h("div", { class: "card plane" }, this.path.element, (this.told = h("p", { class: "hint" })));
    this.cards = Object.fromEntries(Object.entries(this.charts).map(([name, shown]) => [name, card(shown)]));
    const grid = h("div", { class: "chart-grid" }, this.plane, ...Object.values(this.cards));
    this.element = h("div", { class: "bench" }, h("div", { class: "stack controls" }, this.form), h("div", { class: "stack" }, this.messages, this.table, grid, this.code.element));
  }

  #preset({ name, values }) {
    const choose = () => {
      this.fields.write({ ...Object.fromEntries(Object.keys(DEFAULTS).map((key) => [key, null])), ...values });
      this.refresh();
    };
    return h("button", { type: "button", class: "preset", onclick: choose }, name);
  }

  #form(functions) {
    const f = this.fields;
    const options = functionOptions(functions);
    const add = h("select", { "aria-label": "Add a function", class: "add", onchange: () => this.#add(add) }, h("option", { value: "" }, "Add a function…"), ...options.map(({ group, options: members }) => h("optgroup", { label: group }, ...members.map((name) => h("option", {}, name)))));
    this.chosen = h("div", { class: "presets racers", role: "group", "aria-label": "Activations" });
    this.adder = add;
    const by = f.select("by", "Who races", [["activation", "activation functions"], ["rate", "learning rates"], ["inputs", "signs of the inputs"]]);
    return h(
      "form",
      { class: "card form", "aria-label": "The race", onsubmit: (event) => event.preventDefault() },
      h("div", { class: "field" }, h("span", {}, "Races"), this.presets, this.lesson),
      fold(
        "Set up the race",
        f.select("data", "Data", [["digits", "digits, 8×8 pixels, 10 classes"], ["two_moons", "two moons, 2 classes"], ["two_weights", "four samples, two weights"]]),
        by,
        h("div", { class: "field", "data-field": "f" }, h("span", {}, "Activations"), this.chosen, add),
        f.select("one", "Activation", options),
        f.text("lr", "Learning rate"),
        h("div", { class: "pair" }, f.counted("depth", "Hidden layers", { min: 1, max: 20 }), f.counted("width", "Units", { min: 1, max: 256 })),
        f.select("w", "Weights", INITIALIZERS),
        h("div", { class: "pair" }, f.counted("steps", "Steps", { min: 1, max: 5000 }), f.counted("batch", "Batch", { min: 1, max: 2000 })),
        h("div", { class: "pair" }, f.counted("momentum", "Momentum", { min: 0, max: 0.999, step: "any" }), f.counted("seed", "Seed", { min: 0 })),
        f.check("smooth", "Smooth curves"),
      ),
      h("div", { class: "go" }, this.button, this.progress),
    );
  }

  #add(select) {
    const chosen = names(this.fields.get("f"));
    if (select.value && chosen.length < MOST) this.fields.write({ f: [...chosen, select.value].join(",") });
    select.value = "";
    this.refresh();
  }

  #remove(name) {
    this.fields.write({ f: names(this.fields.get("f")).filter((other) => other !== name).join(",") });
    this.refresh();
  }

  #changed(name) {
    if (name === "smooth") return this.#draw();
    if (name === "by" || name === "data") this.#reconcile(name);
    this.refresh();
  }

  /** Two weights have no activation to compare; networks no signs of inputs. */
  #reconcile(name) {
    const [by, data] = ["by", "data"].map((field) => this.fields.get(field));
    if (name === "data" && data === "two_weights" && by === "activation") this.fields.write({ by: "inputs", lr: "0.25", steps: 60 });
    else if (name === "data" && data !== "two_weights" && by === "inputs") this.fields.write({ by: null, lr: null, steps: null });
    else if (name === "by" && by === "inputs") this.fields.write({ data: "two_weights", lr: "0.25", steps: 60 });
    else if (name === "by" && by === "activation" && data === "two_weights") this.fields.write({ data: null, lr: null, steps: null });
    else if (name === "by" && by === "rate" && numbers(this.fields.get("lr")).length < 2) this.fields.write({ lr: data === "two_weights" ? "0.1,0.4,0.8" : "0.01,0.1,1" });
    else if (name === "by" && by !== "rate") this.fields.write({ lr: numbers(this.fields.get("lr"))[0] ?? null });
  }

  /** Shows what the address says, and starts. */
  refresh() {
    this.fields.show();
    this.#showFields();
    this.#start();
  }

  #showFields() {
    const [by, data] = ["by", "data"].map((name) => this.fields.get(name));
    const plane = data === "two_weights";
    const network = ["depth", "width", "w", "batch", "momentum", "seed", "smooth"];
    for (const field of this.form.querySelectorAll("[data-field]")) {
      const name = field.dataset.field;
      field.hidden = (plane && network.includes(name)) || (name === "f" && by !== "activation") || (name === "one" && (by !== "rate" || plane));
    }
    for (const pair of this.form.querySelectorAll(".pair")) pair.hidden = ![...pair.children].some((field) => !field.hidden);
    this.form.querySelector('[data-field="lr"] label').textContent = by === "rate" ? "Learning rates, with commas" : "Learning rate";
    this.chosen.replaceChildren(...names(this.fields.get("f")).slice(0, MOST).map((name, color) => this.#chip(name, color)));
    this.adder.disabled = names(this.fields.get("f")).length >= MOST;
    this.plane.hidden = !plane;
    for (const name of ["accuracy", "dead"]) this.cards[name].hidden = plane;
    const chosen = PRESETS.find(({ values }) => Object.keys(DEFAULTS).every((name) => name === "smooth" || String(values[name] ?? DEFAULTS[name]) === this.fields.get(name)));
    this.lesson.textContent = chosen?.lesson ?? "";
    [...this.presets.children].forEach((button, index) => button.setAttribute("aria-pressed", String(PRESETS[index] === chosen)));
  }

  #chip(name, color) {
    const swatch = s("svg", { width: 12, height: 10, viewBox: "0 -5 12 10", "aria-hidden": "true" }, s("path", { class: `line c${color}`, d: "M0 0H12" }));
    return h("button", { type: "button", class: "preset", "aria-label": `Take ${name} out`, onclick: () => this.#remove(name) }, swatch, ` ${name} `, h("span", { "aria-hidden": "true" }, "×"));
  }

  #stop() {
    this.#controller?.abort();
    this.#controller = null;
    this.button.textContent = "Start";
    this.#draw();
  }

  async #start() {
    this.#controller?.abort();
    const controller = (this.#controller = new AbortController());
    this.messages.replaceChildren();
    this.racers = racersOf(this.fields).map((racer) => ({ ...racer, records: [], summary: null, error: null }));
    this.code.set(this.racers.map(({ request }) => ({ path: PATH, body: request, stream: true })));
    this.button.textContent = "Stop";
    this.#draw();
    if (!this.racers.length) this.messages.replaceChildren(h("p", { class: "invitation" }, "Nobody races. Add a function, or write learning rates with commas between them."));
    await Promise.all(this.racers.map((racer) => this.#run(racer, controller.signal)));
    if (this.#controller !== controller) return;
    this.#controller = null;
    this.button.textContent = "Start again";
    this.#draw();
    this.#tell();
  }

  async #run(racer, signal) {
    try {
      for await (const record of stream(PATH, racer.request, { signal })) {
        if (record.done) racer.summary = record.summary;
        else if (record.problem) racer.error = record.problem;
        else racer.records.push(record);
        this.#soon();
      }
    } catch (error) {
      if (signal.aborted) return;
      racer.error = error;
    }
    if (racer.error) this.messages.replaceChildren(notice(racer.error));
  }

  /** Draws with the next frame, however many records came meanwhile. */
  #soon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const smooth = this.fields.get("smooth") === "1" && this.fields.get("data") !== "two_weights";
    const steps = Math.max(1, ...this.racers.map(({ request }) => request.steps));
    const span = smooth ? Math.max(1, Math.round(steps / 30)) : 1;
    const x = { label: "step", domain: [1, Math.max(2, steps)] };
    const lines = (read, over = span) =>
      this.racers.map(({ name, color, records }) => ({ name, color, x: records.map(({ step }) => step), y: running(records.map(read), over) }));
    const label = span > 1 ? `of the mini-batch, mean of ${span} steps` : "of the mini-batch";
    this.charts.loss.update({ x, y: { label, log: true }, series: lines(({ loss }) => loss) });
    this.charts.accuracy.update({ x, y: { label, domain: [0, 1] }, series: lines(({ accuracy }) => accuracy) });
    this.charts.dead.update({ x, series: lines(({ dead_units: dead }) => total(dead), 1).flatMap((line, index) => deaths(line, this.racers[index])).sort((one, other) => Boolean(one.quiet) - Boolean(other.quiet)) });
    this.charts.ratio.update({ x, series: lines(({ path_ratio: ratio }) => ratio, 1) });
    this.progress.max = steps * Math.max(1, this.racers.length);
    this.progress.value = this.racers.reduce((sum, { records }) => sum + records.length, 0);
    this.table.replaceChildren(standings(this.racers));
    if (!this.plane.hidden && this.racers.length) this.#drawPlane();
  }

  #drawPlane() {
    const ways = this.racers.map((racer) => ({ name: racer.name, color: racer.color, path: pathOf(racer, racer.records) }));
    this.path.update({ ways, goal: GOAL, hessian: hessianOf(this.racers[0].samples) });
    this.told.textContent = "The weights go from (0, 0) to where the loss is least, one sample a step. Level lines are those of the loss of all samples of the first racer.";
  }

  #tell() {
    const told = this.racers.filter(({ summary }) => summary).map(({ name, summary }) => `${name}: ${summary.accuracy === null ? `loss ${format(summary.loss.end, 3)}` : `accuracy ${format(100 * summary.accuracy, 3)} %`}`);
    if (told.length) announce(`The race is over. ${told.join("; ")}.`);
  }
}

const total = (counts) => counts.reduce((sum, count) => sum + (count ?? 0), 0);

/** What is dead on each mini-batch; once it is known, beside it, how many had fallen silent for good. */
function deaths(line, { summary, records }) {
  if (!summary || !line.y.some((count) => count > 0)) return [line];
  const silent = records.map(({ step }) => summary.died.reduce((sum, death) => sum + (death.step < step ? death.units : 0), 0));
  return [{ ...line, y: silent }, { ...line, name: `${line.name}, of the mini-batch`, faint: true, quiet: true }];
}

/** The mean of so many values up to each. */
function running(values, span) {
  if (span === 1) return values;
  let [sum, count] = [0, 0];
  return values.map((value, index) => {
    sum += value ?? 0;
    if (++count > span) {
      sum -= values[index - span] ?? 0;
      count = span;
    }
    return value === null ? null : sum / count;
  });
}
