// The list to choose functions from: by search, by family, or one of a few instructive pairs.

import { h } from "../dom.js";

const PAIRS = [
  ["step", "sigmoid"],
  ["sigmoid", "tanh"],
  ["relu", "leaky_relu"],
  ["relu", "gelu", "silu"],
];

/** A list of these functions, at most so many at once; `onChoose(names)` hears of every choice. */
export function picker(functions, most, onChoose) {
  let names = [];
  const placeholder = `Search ${functions.length} functions`;
  const search = h("input", { type: "search", placeholder, "aria-label": "Search functions", oninput: filter });
  const chips = h("div", { class: "chosen", role: "list", "aria-label": "Shown" });
  const none = h("p", { class: "none", hidden: true }, "No function is called like this.");
  const boxes = new Map();
  const families = [...Map.groupBy(functions, ({ family }) => family)].map(([family, members]) => group(family, members));
  const pairs = PAIRS.map((pair) => h("button", { type: "button", onclick: () => onChoose(pair) }, pair.join(" · ")));
  const list = h("div", { class: "families" }, ...families, none);
  const details = h("details", { class: "choose", open: !matchMedia("(max-width: 60rem)").matches }, h("summary", {}, "Choose functions"), search, list);
  const element = h("div", { class: "card stack picker" }, chips, h("div", { class: "pairs", role: "group", "aria-label": "Comparisons" }, ...pairs), details);

  function group(family, members) {
    const options = members.map(({ name, aliases }) => {
      const box = h("input", { type: "checkbox", value: name, onchange: () => toggle(name) });
      boxes.set(name, box);
      const words = [name, ...Object.values(aliases).flat()].join(" ").toLowerCase();
      return h("label", { class: "option", "data-words": words }, box, h("span", {}, ...name.split(/(?<=_)/).flatMap((part) => [part, h("wbr")])));
    });
    return h("fieldset", { class: "family" }, h("legend", {}, family), ...options);
  }

  function toggle(name) {
    onChoose(names.includes(name) ? names.filter((other) => other !== name) : [...names, name].slice(-most));
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    let any = false;
    for (const family of families) {
      for (const option of family.querySelectorAll(".option")) option.hidden = !option.dataset.words.includes(wanted);
      family.hidden = family.querySelector(".option:not([hidden])") === null;
      any ||= !family.hidden;
    }
    none.hidden = any;
  }

  function show(items) {
    names = items.map(({ name }) => name);
    for (const [name, box] of boxes) box.checked = names.includes(name);
    chips.replaceChildren(
      ...items.map(({ name, color }) =>
        h(
          "span",
          { class: "chosen-one", role: "listitem" },
          h("span", { class: `blob c${color}`, "aria-hidden": "true" }),
          name,
          h("button", { type: "button", class: "remove", "aria-label": `Remove ${name}`, onclick: () => toggle(name) }, "×"),
        ),
      ),
    );
    for (const [index, button] of pairs.entries()) button.setAttribute("aria-pressed", String(PAIRS[index].join() === names.join()));
  }

  return { element, show };
}
