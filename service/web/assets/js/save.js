// Saves a chart: its picture as SVG or PNG, its data as CSV.

import { announce, h, s, subscripted } from "./dom.js";

const STYLES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "font-size",
  "font-weight",
  "font-family",
];
const HEAD = 52; // pixels above the plot, for title and legend
const MARGIN = 16;

/** The three buttons. A chart has `svg`, `title`, `legend` ({name, element} of each series) and `table()`. */
export function saveButtons(chart) {
  const button = (kind, save) =>
    h(
      "button",
      {
        type: "button",
        class: "save",
        "data-kind": kind,
        onclick: async () => {
          await save();
          announce(`Saved as ${kind}.`);
        },
      },
      kind,
    );
  const buttons = h(
    "div",
    { class: "saves" },
    button("SVG", () => download(new Blob([picture(chart).text], { type: "image/svg+xml" }), chart, "svg")),
    button("PNG", async () => download(await raster(picture(chart)), chart, "png")),
    button("CSV", () => download(new Blob([csv(chart.table())], { type: "text/csv" }), chart, "csv")),
  );
  nameButtons(buttons, chart.title);
  return buttons;
}

/** Names the buttons by what the chart is called now. */
export function nameButtons(buttons, title) {
  for (const button of buttons.children) button.setAttribute("aria-label", `Save ${title} as ${button.dataset.kind}`);
}

/** Rows as CSV (RFC 4180), numbers in full. */
export function csv({ header, rows }) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** The chart as one SVG document that needs no style sheet: with its title and legend, on the page's background. */
export function picture(chart) {
  const { width, height } = chart.svg.viewBox.baseVal;
  const size = { width: width + 2 * MARGIN, height: height + HEAD + MARGIN };
  const colours = getComputedStyle(chart.svg);
  const text = { "font-family": "Inter, system-ui, sans-serif", fill: colours.color };
  const plot = s("g", { transform: `translate(${MARGIN} ${HEAD})` }, ...[...chart.svg.children].map(styled));
  plot.querySelectorAll(".cursor").forEach((element) => element.remove());
  const whole = s(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${size.width} ${size.height}`, ...size },
    s("title", {}, chart.title),
    s("rect", { ...size, fill: colours.backgroundColor }),
    s("text", { ...text, x: MARGIN, y: 22, "font-size": 14, "font-weight": 600 }, ...subscripted(chart.title, true)),
    legend(chart, text),
    plot,
  );
  return { text: new XMLSerializer().serializeToString(whole), ...size };
}

function legend(chart, text) {
  const group = s("g");
  let x = MARGIN;
  for (const { name, element, width = 18 } of chart.legend) {
    const swatch = styled(element);
    swatch.setAttribute("transform", `translate(${x} 38)`);
    group.append(swatch, s("text", { ...text, x: x + width + 6, y: 42, "font-size": 12 }, ...subscripted(name, true)));
    x += width + 22 + name.length * 7;
  }
  return group;
}

function styled(element) {
  const copy = element.cloneNode(false);
  if (element.nodeType === Node.ELEMENT_NODE) {
    const computed = getComputedStyle(element);
    const defaults = { fill: "rgb(0, 0, 0)", stroke: "none", opacity: "1", "fill-opacity": "1", "stroke-dasharray": "none" };
    for (const name of STYLES) {
      const value = computed.getPropertyValue(name);
      if (name.startsWith("font") && !["text", "tspan"].includes(element.tagName)) continue;
      if (value && value !== defaults[name]) copy.setAttribute(name, value);
    }
    for (const child of element.childNodes) copy.append(styled(child));
  }
  return copy;
}

async function raster({ text, width, height }) {
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = h("canvas", { width: width * 2, height: height * 2 });
    const context = canvas.getContext("2d");
    context.scale(2, 2);
    context.drawImage(image, 0, 0);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

function download(blob, chart, suffix) {
  const address = URL.createObjectURL(blob);
  const name = chart.title.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").toLowerCase();
  h("a", { href: address, download: `${name || "actiscope"}.${suffix}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
