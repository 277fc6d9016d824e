// Sliders and choices for the parameters of a function.

import { format } from "../axes.js";
import { h } from "../dom.js";

/** The controls of a function's parameters, or null if it has none; `onMove(parameters)` gets those off their default. */
export function parameterControls({ name, color, description, parameters }, onMove) {
  if (description.parameters.length === 0) return null;
  const values = { ...parameters };
  const change = (parameter, value) => {
    if (value === parameter.default) delete values[parameter.name];
    else values[parameter.name] = value;
    reset.hidden = Object.keys(values).length === 0;
    onMove(values);
  };
  const fields = h("div", { class: "stack" });
  const fill = () => fields.replaceChildren(...description.parameters.map((parameter) => control(name, parameter, values[parameter.name] ?? parameter.default, change)));
  const clear = () => {
    for (const key of Object.keys(values)) delete values[key];
    reset.hidden = true;
    fill();
    onMove(values);
  };
  const reset = h("button", { type: "button", class: "reset", hidden: Object.keys(values).length === 0, onclick: clear }, "Defaults");
  fill();
  return h("div", { class: "card stack parameter-card" }, h("div", { class: "row" }, h("span", { class: `blob c${color}`, "aria-hidden": "true" }), h("h2", {}, name), reset), fields);
}

function control(owner, parameter, value, change) {
  const title = `${owner} ${parameter.name}`;
  if (parameter.choices.length) {
    const options = parameter.choices.map((choice) => h("option", { value: choice, selected: choice === value }, choice));
    return field(parameter, h("select", { "aria-label": title, onchange: ({ target }) => change(parameter, target.value) }, ...options));
  }
  const [low, high] = reach(parameter);
  const slider = h("input", { type: "range", min: low, max: high, step: "any", "aria-label": title });
  const number = h("input", { type: "number", step: "any", class: "bound", "aria-label": `${title} as a number` });
  const tell = (given) => {
    slider.value = given ?? high;
    number.value = given === null ? "" : Number(Number(given).toPrecision(6));
    slider.setAttribute("aria-valuetext", given === null ? "none" : format(given));
  };
  slider.addEventListener("input", () => {
    const given = Number(Number(slider.value).toPrecision(3));
    number.value = given;
    slider.setAttribute("aria-valuetext", format(given));
    change(parameter, given);
  });
  number.addEventListener("change", () => {
    const given = number.value === "" ? parameter.default : Number(number.value);
    tell(given);
    change(parameter, given);
  });
  tell(value);
  return field(parameter, slider, number);
}

function field({ name, description }, ...controls) {
  return h("div", { class: "field" }, h("span", { class: "parameter-name", title: description }, name), h("div", { class: "slider" }, ...controls));
}

/** What the slider reaches: around the default, within what is allowed; the number beside it reaches everything. */
function reach({ default: usual, minimum, maximum }) {
  const centre = usual ?? 1;
  const size = Math.max(1, 2 * Math.abs(centre));
  const positive = minimum >= 0;
  const low = positive ? Math.max(minimum, Math.min(0.05, size)) : centre - 2 * size;
  return [positive && minimum === 0 ? 0 : low, Math.min(maximum, positive ? centre + 2 * size : centre + 2 * size)];
}
