// Typesets LaTeX as MathML, with Temml, which is loaded when the first formula is shown.

import { h } from "./dom.js";

let loading = null;

function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = h("script", { src: new URL("../vendor/temml.min.js", import.meta.url) });
    script.onload = () => resolve(window.temml);
    script.onerror = () => reject(new Error("The typesetter could not be loaded."));
    document.head.append(script);
  });
  return loading;
}

/** An element with the formula: its plain text at once, typeset as soon as that can be done. */
export function formula({ text, latex }) {
  const element = h("div", { class: "formula" }, h("span", {}, text));
  load()
    .then((temml) => {
      const typeset = h("div", { class: "formula-math" });
      temml.render(latex, typeset, { displayMode: true, throwOnError: true });
      element.replaceChildren(typeset);
    })
    .catch(() => {}); // the plain text stays
  return element;
}
