// Fields of a form that hold values of the address: what is changed in one is written to the other.

import { get } from "./api.js";
import { h } from "./dom.js";

let catalogue = null;

/** The activation functions, asked for once. */
export function activations() {
  catalogue ??= get("/activations").then(
    (answer) => answer.activations,
    (error) => {
      catalogue = null;
      throw error;
    },
  );
  return catalogue;
}

/** Makes fields whose values are those of `state`; `changed()` is called after each change. */
export class Fields {
  #tellers = [];

  constructor(state, defaults, changed) {
    Object.assign(this, { state, defaults, changed });
  }

  /** The value of a field, as text. */
  get(name) {
    return String(this.state.get(name, this.defaults[name] ?? ""));
  }

  /** The value of a field, as a number. */
  number(name) {
    return this.state.number(name, Number(this.defaults[name]));
  }

  /** Writes values into the address and the fields. */
  write(patch) {
    this.state.write(patch, this.defaults);
    this.show();
  }

  /** Shows in the fields what the address says. */
  show() {
    for (const tell of this.#tellers) tell();
  }

  counted(name, label, { min, max, step = 1, hint } = {}) {
    const input = h("input", { type: "number", id: this.#id(name), min, max, step, required: true, inputmode: step === 1 ? "numeric" : "decimal" });
    return this.#field(name, label, input, hint, () => input.value !== "" && input.validity.valid);
  }

  select(name, label, options, hint) {
    const input = h("select", { id: this.#id(name) }, ...options.map(optionOf));
    return this.#field(name, label, input, hint);
  }

  text(name, label, hint) {
    return this.#field(name, label, h("input", { type: "text", id: this.#id(name), spellcheck: "false", autocomplete: "off" }), hint);
  }

  check(name, label) {
    const input = h("input", { type: "checkbox", id: this.#id(name), onchange: () => this.#changed(name, input.checked ? "1" : "0") });
    this.#tellers.push(() => (input.checked = this.get(name) === "1"));
    return h("label", { class: "check", "data-field": name }, input, h("span", {}, label));
  }

  #field(name, label, input, hint, valid = () => true) {
    input.addEventListener("change", () => (valid() ? this.#changed(name, input.value) : input.reportValidity()));
    this.#tellers.push(() => (input.value = this.get(name)));
    return h("div", { class: "field", "data-field": name }, h("label", { for: input.id }, label), input, hint && h("span", { class: "hint" }, hint));
  }

  #changed(name, value) {
    this.write({ [name]: value });
    this.changed(name);
  }

  #id(name) {
    return `${this.state.section}-${name}`;
  }
}

/** `["value", "text"]`, a text that is its own value, or `{group, options}`. */
function optionOf(option) {
  if (option.group) return h("optgroup", { label: option.group }, ...option.options.map(optionOf));
  const [value, text] = Array.isArray(option) ? option : [option, option];
  return h("option", { value }, text);
}

/** The functions as options, by family. */
export function functionOptions(functions) {
  const families = new Map();
  for (const { name, family } of functions) families.set(family, [...(families.get(family) ?? []), name]);
  return [...families].map(([group, options]) => ({ group, options }));
}

/** Fields that a narrow window folds away, so that what they make is not far below. */
export function fold(summary, ...fields) {
  const narrow = matchMedia("(max-width: 60rem)");
  const details = h("details", { class: "fold", open: !narrow.matches }, h("summary", {}, summary), h("div", { class: "form-fields" }, ...fields));
  narrow.addEventListener("change", () => (details.open = !narrow.matches));
  return details;
}
