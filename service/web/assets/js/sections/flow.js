// Gradient flow: a network, what flows through it layer by layer, what is wrong with it, and what mends it.

import { latest, post } from "../api.js";
import { format } from "../axes.js";
import { Cursor } from "../chart.js";
import { Fields, activations, fold, functionOptions } from "../controls.js";
import { announce, h, notice } from "../dom.js";
import { findingsList, nameOf } from "../findings.js";
import { chainStrip, flowCharts, layerTable, tiles } from "../flowview.js";
import { DEFAULTS, INITIALIZERS, PRESETS, SCALES, bodyOf, patched, readFile, requestOf } from "../network.js";
import { snippets } from "../snippets.js";

const PATH = "/gradient-flow";

export async function mount(element, state) {
  const view = new FlowView(state, functionOptions(await activations()));
  element.replaceChildren(view.element);
  state.onChange(() => view.refresh());
  await view.refresh();
}

class FlowView {
  #once = latest();
  #turn = 0;
  #answers = new Map(); // of requests by their text, so that before and after are not asked for again

  constructor(state, functions) {
    this.fields = new Fields(state, DEFAULTS, (name) => this.#changed(name));
    this.file = null;
    this.charts = flowCharts(new Cursor());
    this.code = snippets();
    this.messages = h("div", { class: "messages" });
    this.strip = h("div");
    this.tiles = h("div", { class: "tiles" });
    this.diagnosis = h("div", { class: "stack" });
    this.figures = h("div");
    this.presets = h("div", { class: "presets", role: "group", "aria-label": "Examples" }, ...PRESETS.map((preset) => this.#preset(preset)));
    this.lesson = h("p", { class: "lesson" });
    const pictures = h("div", { class: "stack" }, ...Object.values(this.charts).map((chart) => h("div", { class: "card" }, chart.element)));
    const seen = h("div", { class: "seen" }, pictures, this.diagnosis);
    this.result = h("div", { class: "stack" }, this.messages, this.strip, this.tiles, seen, this.figures, this.code.element);
    this.form = this.#form(functions);
    this.element = h("div", { class: "bench" }, h("div", { class: "stack controls" }, this.form), this.result);
  }

  #preset({ name, values }) {
    return h("button", { type: "button", class: "preset", onclick: () => this.#choose(values) }, name);
  }

  #choose(values) {
    this.fields.write({ ...Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, null])), ...values });
    this.refresh();
  }

  #form(functions) {
    const f = this.fields;
    this.scale = f.counted("scale", "Scale", { min: 0, step: "any" });
    this.drop = this.#drop();
    const kinds = [["deep", "A deep network"], ["chain", "A chain, one unit a layer"], ["file", "My own, from a file"]];
    return h(
      "form",
      { class: "card form", "aria-label": "The network", onsubmit: (event) => event.preventDefault() },
      h("div", { class: "field" }, h("span", {}, "Examples"), this.presets, this.lesson),
      fold(
        "Build the network",
        f.select("net", "Network", kinds),
        this.drop,
        f.select("f", "Activation", functions),
        f.select("out", "Activation of the last layer", functions),
        h("div", { class: "pair" }, f.counted("depth", "Hidden layers", { min: 1, max: 200 }), f.counted("width", "Units", { min: 1, max: 512 })),
        h("div", { class: "pair" }, f.counted("links", "Links", { min: 1, max: 100 }), f.counted("x", "Input x", { step: "any" })),
        f.select("w", "Weights", INITIALIZERS),
        h("div", { class: "pair" }, this.scale, f.counted("bias", "Bias", { step: "any" })),
        f.select("norm", "Normalization", ["none", "layer", "batch", "rms"]),
        f.check("res", "Residual connections"),
        f.select("loss", "Loss", [["cross_entropy", "cross-entropy"], ["mse", "mean squared error"], ["sum", "sum of outputs"]]),
        h("div", { class: "pair" }, f.counted("batch", "Samples", { min: 1, max: 4096 }), f.counted("seed", "Seed", { min: 0 })),
      ),
    );
  }

  #drop() {
    const input = h("input", { type: "file", class: "unseen", id: "flow-file", accept: ".safetensors", onchange: () => input.files[0] && this.#open(input.files[0]) });
    this.opened = h("p", { class: "hint" });
    const area = h("div", { class: "drop", "data-field": "file" }, h("label", { for: input.id, class: "drop-choose" }, "Choose a .safetensors file"), input, h("span", { class: "hint" }, "or drop it anywhere here. It is not kept."), this.opened);
    document.addEventListener("dragover", (event) => this.#visible() && event.preventDefault());
    document.addEventListener("drop", (event) => {
      if (!this.#visible() || !event.dataTransfer.files.length) return;
      event.preventDefault();
      this.#open(event.dataTransfer.files[0]);
    });
    return area;
  }

  #visible() {
    return this.element.offsetParent !== null;
  }

  async #open(blob) {
    try {
      this.file = await readFile(blob);
    } catch (error) {
      return this.messages.replaceChildren(notice({ title: "The file cannot be read", detail: error.message }));
    }
    this.#answers.clear();
    this.fields.write({ net: "file", fix: null, ...(this.fields.get("net") === "file" ? {} : { f: "relu" }) });
    await this.refresh();
  }

  #changed(name) {
    this.fields.write({ fix: null, ...(name === "w" ? { scale: null } : {}) });
    this.refresh();
  }

  /** Shows what the address says. */
  async refresh() {
    this.fields.show();
    this.#showFields();
    if (this.fields.get("net") === "file" && !this.file) {
      this.result.classList.add("waiting");
      return this.messages.replaceChildren(h("p", { class: "invitation" }, "Choose a network's weights, or drop the file here: every pair name.weight, name.bias is a layer, as torch's state_dict has them. ", "A matrix x in the file is taken as its input."));
    }
    const turn = ++this.#turn;
    this.element.setAttribute("aria-busy", "true");
    try {
      const steps = await this.#once((signal) => this.#ask(signal));
      if (steps) this.#draw(steps);
    } catch (error) {
      this.result.classList.add("waiting");
      this.messages.replaceChildren(notice(error));
    } finally {
      if (turn === this.#turn) this.element.removeAttribute("aria-busy");
    }
  }

  /** The network as described, then with one remedy after the other: `[{request, answer, fix}]`. */
  async #ask(signal) {
    const file = this.fields.get("net") === "file" ? this.file : null;
    let request = requestOf(this.fields, file);
    const steps = [{ request, answer: await this.#answer(request, file, signal) }];
    for (const fix of this.fields.get("fix").split(",").filter(Boolean)) {
      const remedy = remedyOf(steps.at(-1).answer, fix);
      if (!remedy) break; // of another network
      request = patched(request, remedy.patch);
      steps.at(-1).fix = fix;
      steps.push({ request, answer: await this.#answer(request, file, signal), change: remedy.change });
    }
    return steps;
  }

  async #answer(request, file, signal) {
    const text = JSON.stringify(request);
    if (!this.#answers.has(text)) {
      if (this.#answers.size > 30) this.#answers.clear();
      this.#answers.set(text, await post(PATH, bodyOf(request, file), { signal }));
    }
    return this.#answers.get(text);
  }

  #draw(steps) {
    const after = steps.at(-1);
    const before = steps.at(-2);
    this.result.classList.remove("waiting");
    this.messages.replaceChildren();
    this.strip.replaceChildren(chainStrip(after.answer, after.request) ?? "");
    this.tiles.replaceChildren(...tiles(after.answer, before?.answer));
    this.#drawCharts(after.answer, before?.answer);
    this.diagnosis.replaceChildren(...this.#diagnosed(steps));
    this.figures.replaceChildren(layerTable(after.answer));
    this.code.set([{ path: PATH, body: after.request, file: this.fields.get("net") === "file" ? this.file?.name : undefined }]);
    announce(summaryOf(after.answer));
  }

  #drawCharts(after, before) {
    for (const chart of Object.values(this.charts)) chart.show(after, before);
  }

  #diagnosed(steps) {
    const fixes = steps.map(({ fix }) => fix).filter(Boolean);
    const cards = [];
    for (const [index, { answer, fix, change }] of steps.entries()) {
      if (index < steps.length - 2) continue; // only the last change is compared
      const title = change ? `After: ${change}` : "Diagnosis";
      const onTry = (key) => this.#try([...fixes.slice(0, index), key]);
      const undo = change && h("button", { type: "button", class: "undo", onclick: () => this.#try(fixes.slice(0, index - 1)) }, "Undo");
      cards.push(h("section", { class: "card diagnosis" }, h("div", { class: "diagnosis-head" }, h("h2", {}, title), undo), findingsList(answer.findings, fix, onTry)));
    }
    return cards;
  }

  #try(fixes) {
    this.fields.write({ fix: fixes.filter(Boolean).join(",") || null });
    this.refresh();
  }

  #showFields() {
    const kind = this.fields.get("net");
    const scale = SCALES[this.fields.get("w")];
    const shown = { net: true, f: true, out: kind === "file", file: kind === "file", links: kind === "chain", x: kind === "chain", batch: kind !== "chain", seed: kind !== "chain", scale: kind === "deep" && Boolean(scale) };
    for (const field of this.form.querySelectorAll("[data-field]")) field.hidden = !(shown[field.dataset.field] ?? kind === "deep");
    for (const pair of this.form.querySelectorAll(".pair")) pair.hidden = ![...pair.children].some((field) => !field.hidden);
    if (scale) this.scale.querySelector("label").textContent = scale.label;
    const chosen = PRESETS.find(({ values }) => Object.keys(DEFAULTS).every((name) => name === "fix" || String(values[name] ?? DEFAULTS[name]) === this.fields.get(name)));
    this.lesson.textContent = chosen?.lesson ?? "";
    [...this.presets.children].forEach((button, index) => button.setAttribute("aria-pressed", String(PRESETS[index] === chosen)));
    this.opened.textContent = this.file ? `${this.file.name}: ${this.file.tensors.length} tensors, ${this.file.features} inputs${this.file.samples ? ", with samples x" : ""}.` : "";
  }
}

function remedyOf(answer, fix) {
  const [code, index] = fix.split(".");
  return answer.findings.find((finding) => finding.code === code)?.remedies[Number(index)];
}

function summaryOf({ findings, summary }) {
  const found = findings.map(({ code, severity }) => `${severity}: ${nameOf(code)}`).join(", ") || "nothing is wrong";
  return `Computed. Gradient per layer ${format(summary.decay_per_layer, 3)}; ${found}.`;
}
