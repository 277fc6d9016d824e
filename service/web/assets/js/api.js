// Asks the service: JSON both ways, problems as errors, streams as records. NaN and infinities travel as strings.

// This file is ROOT/static/explorer/EDITION/js/api.js, under whatever prefix a proxy adds.
export const ROOT = new URL("../../../../", import.meta.url);

const KEY = "actiscope.key";
const WORDS = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };
const PATIENCE = 10; // seconds for which a busy service is waited for

/** What the service says when it cannot answer: a problem document (RFC 9457). */
export class Problem extends Error {
  constructor(document, status) {
    super(document.detail ?? document.title ?? `The service answered with ${status}.`);
    Object.assign(this, document);
    this.status = status;
  }
}

/** The key that is sent with every request, if there is one. */
export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** The answer to a GET. */
export async function get(path, { signal } = {}) {
  return read(await (await ask("GET", path, null, "application/json", signal)).text());
}

/** The answer to a POST of this body: JSON, or a form with files. */
export async function post(path, body, { signal } = {}) {
  return read(await (await ask("POST", path, body, "application/json", signal)).text());
}

/** The records of a streamed answer, one after the other as they come. */
export async function* stream(path, body, { signal } = {}) {
  const response = await ask("POST", path, body, "application/x-ndjson", signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const lines = (rest + (value ?? "")).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line) yield read(line);
      if (done) break;
    }
    if (rest) yield read(rest);
  } finally {
    reader.cancel().catch(() => {}); // whoever stops reading ends the work
  }
}

/** The text of a body, as it is sent and as snippets show it. */
export function write(body, indent) {
  const text = (_, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
  return JSON.stringify(body, text, indent);
}

function read(text) {
  return JSON.parse(text, (_, value) => (typeof value === "string" && value in WORDS ? WORDS[value] : value));
}

async function ask(method, path, body, accept, signal) {
  const headers = { Accept: accept };
  if (key.get()) headers["X-API-Key"] = key.get();
  const form = body instanceof FormData;
  if (body && !form) headers["Content-Type"] = "application/json";
  const options = { method, headers, signal, body: body && !form ? write(body) : body };
  for (let tries = 0; ; tries++) {
    const response = await reach(path, options);
    if (response.ok) return response;
    const wait = Number(response.headers.get("Retry-After") ?? Infinity);
    if (![429, 503].includes(response.status) || tries === 2 || wait > PATIENCE) throw await problem(response);
    await pause(wait * 1000, signal);
  }
}

async function reach(path, options) {
  try {
    return await fetch(new URL(path.replace(/^\//, ""), ROOT), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ title: "The service cannot be reached", detail: "It does not answer. Is it still running?" }, 0);
  }
}

async function problem(response) {
  const document = await response.json().catch(() => ({}));
  if (response.status === 401) window.dispatchEvent(new CustomEvent("actiscope:unauthorized"));
  return new Problem(document, response.status);
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Runs one task at a time: a new one aborts the one before, whose outcome is dropped. */
export function latest() {
  let controller = null;
  return async (task) => {
    controller?.abort();
    const mine = (controller = new AbortController());
    try {
      return await task(mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return undefined;
      throw error;
    }
  };
}
