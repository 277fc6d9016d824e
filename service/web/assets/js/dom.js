// Makes elements. Data only ever becomes text or attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element: `h("button", { class: "quiet", onclick: save }, "Save")`. */
export function h(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** An SVG element, likewise. */
export function s(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text with its subscripts lowered, "σ_w" for example, as nodes for HTML or, with `inSvg`, for a text of SVG. */
export function subscripted(text, inSvg = false) {
  const parts = text.split(/(_[A-Za-z])(?![A-Za-z])/);
  const lowered = (letter) => (inSvg ? [s("tspan", { dy: 3, "font-size": "0.8em" }, letter), s("tspan", { dy: -3 }, "\u200b")] : [h("sub", {}, letter)]);
  return parts.flatMap((part) => (/^_[A-Za-z]$/.test(part) ? lowered(part[1]) : [part]));
}

/** Says something to those who listen to the page instead of looking at it. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** A box that says what went wrong, with the fields at fault. */
export function notice(error) {
  const faults = (error.errors ?? []).filter((fault) => !error.detail?.includes(fault.detail));
  return h(
    "div",
    { class: "notice", role: "alert" },
    h("strong", {}, error.title ?? "That did not work"),
    h("p", {}, error.detail ?? error.message),
    faults.length > 0 && h("ul", {}, ...faults.map((fault) => h("li", {}, `${fault.pointer ?? fault.parameter}: ${fault.detail}`))),
  );
}

/** Calls `action` once, `milliseconds` after the last call. */
export function debounced(action, milliseconds) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
}
