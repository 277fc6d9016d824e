// Code to copy: curl, Python and JavaScript for exactly the requests that a view is made of.

import { ROOT, key, write } from "./api.js";
import { announce, h } from "./dom.js";

const LANGUAGES = { curl: ["curl", curl], python: ["Python", python], javascript: ["JavaScript", javascript] };

/** Evenly spaced numbers: sent as a list, shown as the expression that makes it. */
export class Grid {
  constructor(name, lower, upper, count) {
    Object.assign(this, { name, lower, upper, count });
  }

  toJSON() {
    return Array.from({ length: this.count }, (_, index) => this.lower + ((this.upper - this.lower) * index) / (this.count - 1));
  }
}

/**
 * A panel of code. `set(requests)` shows others: `[{path, body, stream, file}]`; without a body a request is a GET, and with
 * the name of a file it is a form that uploads it. */
export function snippets() {
  let requests = [];
  let chosen = localStorage.getItem("actiscope.language");
  if (!(chosen in LANGUAGES)) chosen = "curl";
  const code = h("code");
  const buttons = Object.entries(LANGUAGES).map(([name, [label]]) =>
    h("button", { type: "button", class: "language", "data-language": name, onclick: () => choose(name) }, label),
  );
  const copy = h("button", { type: "button", class: "copy", onclick: copyCode }, "Copy");
  const element = h(
    "details",
    { class: "snippets" },
    h("summary", {}, "The requests behind this view"),
    h("div", { class: "snippet-head" }, h("div", { class: "languages", role: "group", "aria-label": "Language" }, ...buttons), copy),
    h("pre", { tabindex: 0, role: "region", "aria-label": "Code" }, code),
  );

  function choose(name) {
    chosen = name;
    localStorage.setItem("actiscope.language", name);
    show();
  }

  function show() {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
    code.textContent = LANGUAGES[chosen][1](requests);
  }

  async function copyCode() {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      const range = document.createRange(); // without HTTPS there is no clipboard: select it for them
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (!document.execCommand("copy")) return announce("The code is selected.");
    }
    copy.textContent = "Copied";
    announce("Copied.");
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  }

  show();
  return {
    element,
    set(others) {
      requests = others;
      show();
    },
  };
}

const root = () => ROOT.href.replace(/\/$/, "");
const grids = (requests) => [...new Map(requests.flatMap(({ body }) => gridsIn(body)).map((grid) => [grid.name, grid])).values()];

function gridsIn(value) {
  if (value instanceof Grid) return [value];
  return value && typeof value === "object" ? Object.values(value).flatMap(gridsIn) : [];
}

/** A value in a language, in which `special` writes what JSON has no words for. */
function literal(value, special) {
  const written = special(value);
  if (written !== undefined) return written;
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, special)).join(", ")}]`;
  if (value && typeof value === "object") {
    const members = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${members.map(([name, item]) => `${JSON.stringify(name)}: ${literal(item, special)}`).join(", ")}}`;
  }
  return write(value);
}

export function curl(requests) {
  const lines = grids(requests).map(
    ({ name, lower, upper, count }) => `${name}=$(awk 'BEGIN { for (i = 0; i < ${count}; i++) printf "%s%.15g", (i ? "," : ""), ${lower} + (${upper} - ${lower}) * i / ${count - 1} }')`,
  );
  const named = (value) => (value instanceof Grid ? `['"$${value.name}"']` : typeof value === "string" ? JSON.stringify(value).replaceAll("'", "'\\''") : undefined);
  for (const { path, body, stream, file } of requests) {
    const parts = [`curl ${stream ? "--no-buffer " : ""}${root()}${path}`];
    if (key.get()) parts.push(`-H "X-API-Key: $ACTISCOPE_KEY"`);
    if (file) parts.push(`--form-string 'request=${literal(body, named)}'`, `-F 'tensors=@${JSON.stringify(file).replaceAll("'", "'\\''")}'`);
    else if (body) parts.push("-H 'Content-Type: application/json'", `-d '${literal(body, named)}'`);
    lines.push(parts.join(" \\\n  "));
  }
  return lines.join("\n\n");
}

export function python(requests) {
  const words = new Map([[null, "None"], [true, "True"], [false, "False"]]);
  const named = (value) => (value instanceof Grid ? value.name : words.get(value));
  const lines = ["import httpx"];
  if (key.get()) lines.unshift("import os\n");
  if (requests.some(({ file }) => file)) lines.unshift("import json\n");
  if (grids(requests).length) lines.push("import numpy as np");
  lines.push("");
  for (const { name, lower, upper, count } of grids(requests)) lines.push(`${name} = np.linspace(${lower}, ${upper}, ${count}).tolist()`);
  const headers = key.get() ? `, headers={"X-API-Key": os.environ["ACTISCOPE_KEY"]}` : "";
  lines.push(`with httpx.Client(base_url=${JSON.stringify(root())}${headers}, timeout=60) as client:`);
  for (const { path, body, stream, file } of requests) {
    const written = body && literal(body, named);
    const given = file ? `, files={"request": (None, json.dumps(${written})), "tensors": open(${JSON.stringify(file)}, "rb")}` : body ? `, json=${written}` : "";
    if (stream) lines.push(`    with client.stream("POST", ${JSON.stringify(path)}${given}) as answer:`, "        for line in answer.iter_lines():", "            print(line)");
    else lines.push(`    print(client.${body ? "post" : "get"}(${JSON.stringify(path)}${given}).raise_for_status().json())`);
  }
  return lines.join("\n");
}

export function javascript(requests) {
  const named = (value) => (value instanceof Grid ? value.name : undefined);
  const lines = grids(requests).map(
    ({ name, lower, upper, count }) => `const ${name} = Array.from({ length: ${count} }, (_, i) => ${lower} + ((${upper} - ${lower}) * i) / ${count - 1});`,
  );
  const headers = ['"Content-Type": "application/json"', ...(key.get() ? ['"X-API-Key": process.env.ACTISCOPE_KEY'] : [])].join(", ");
  if (requests.some(({ stream }) => stream)) lines.push("const decoder = new TextDecoder();");
  for (const { path, body, stream, file } of requests) {
    const address = JSON.stringify(root() + path);
    if (file) {
      lines.push('const { openAsBlob } = await import("node:fs");', "const form = new FormData();", `form.append("request", JSON.stringify(${literal(body, named)}));`, `form.append("tensors", await openAsBlob(${JSON.stringify(file)}), ${JSON.stringify(file)});`);
      lines.push(`console.log(await (await fetch(${address}, { method: "POST", ${key.get() ? 'headers: { "X-API-Key": process.env.ACTISCOPE_KEY }, ' : ""}body: form })).json());`);
      continue;
    }
    const options = body ? `, {\n  method: "POST",\n  headers: { ${headers} },\n  body: JSON.stringify(${literal(body, named)}),\n}` : key.get() ? `, { headers: { ${headers} } }` : "";
    if (stream) lines.push(`for await (const piece of (await fetch(${address}${options})).body) console.log(decoder.decode(piece, { stream: true }));`);
    else lines.push(`console.log(await (await fetch(${address}${options})).json());`);
  }
  return lines.join("\n");
}
