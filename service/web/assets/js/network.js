// From the fields of a view to the request for a gradient flow, and the patches that remedies make to it.

const FEATURES = 64;
const CLASSES = 10;

/** What initializers may be told, and by which name: the figure that people turn. */
export const SCALES = {
  mean_field: { name: "sigma_w", label: "σ_w" },
  glorot_normal: { name: "gain", label: "Gain" },
  glorot_uniform: { name: "gain", label: "Gain" },
  orthogonal: { name: "gain", label: "Gain" },
  variance_scaling: { name: "scale", label: "Scale" },
  normal: { name: "std", label: "Standard deviation" },
  constant: { name: "value", label: "Value" },
};

export const INITIALIZERS = [
  { group: "By fan-in and fan-out", options: ["glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "orthogonal", "variance_scaling", "mean_field"] },
  { group: "As they say", options: ["normal", "constant", "zeros"] },
];

/** What a view shows where the address says nothing. */
export const DEFAULTS = {
  net: "deep",
  f: "sigmoid",
  depth: 10,
  width: 64,
  w: "glorot_normal",
  scale: 1,
  bias: 0,
  res: 0,
  norm: "none",
  loss: "cross_entropy",
  batch: 64,
  seed: 0,
  x: 0,
  links: 3,
  out: "identity",
  fix: "",
};

/** Networks to begin with, each with what it teaches. */
export const PRESETS = [
  { name: "σ(σ(σ(x)))", values: { net: "chain" }, lesson: "Three slopes, multiplied: the chain rule at its smallest." },
  { name: "Deep sigmoid", values: {}, lesson: "Each layer passes at most a quarter of the gradient." },
  { name: "Deep tanh", values: { f: "tanh" }, lesson: "Zero-centred, and its slope at 0 is 1: the gradient lives longer." },
  { name: "Dying relu", values: { f: "relu", w: "he_normal", bias: -1 }, lesson: "Pushed below 0, a unit has no slope, and never learns again." },
  { name: "Exploding", values: { f: "relu", w: "normal", scale: 0.5, depth: 12 }, lesson: "Weights too large: every layer multiplies." },
  { name: "Saturated tanh", values: { f: "tanh", w: "normal", scale: 1 }, lesson: "Large weights press units against ±1, where they are flat." },
  { name: "Step", values: { f: "step" }, lesson: "A slope of 0 everywhere: nothing comes back." },
  { name: "Healthy", values: { f: "leaky_relu", w: "he_normal" }, lesson: "A slope on both sides, and weights to match it." },
];

/** The request that the fields describe; `file` is what was read of an upload. */
export function requestOf(fields, file) {
  const kind = fields.get("net");
  if (kind === "file") return file && uploaded(fields, file);
  if (kind === "chain") return chain(fields);
  const name = fields.get("loss");
  return {
    input: { distribution: "normal", features: FEATURES, batch: fields.number("batch") },
    layers: deep(fields),
    loss: name === "cross_entropy" || name === "mse" ? { name, targets: "random" } : { name },
    seed: fields.number("seed"),
  };
}

function chain(fields) {
  const link = { activation: fields.get("f"), weights: [[1]], bias: null, repeat: fields.number("links") };
  return { input: { values: [[fields.number("x")]] }, layers: [link], loss: { name: "sum" } };
}

function deep(fields) {
  const [units, repeat, bias] = ["width", "depth", "bias"].map((name) => fields.number(name));
  const hidden = { units, activation: fields.get("f"), weights: weights(fields), bias: bias ? { initializer: "constant", value: bias } : "zeros" };
  if (fields.get("norm") !== "none") hidden.normalization = fields.get("norm");
  const output = { units: CLASSES, activation: "identity", weights: "glorot_normal" };
  if (fields.get("res") !== "1") return [{ ...hidden, repeat }, output];
  return units === FEATURES ? [{ block: [hidden], repeat }, output] : [hidden, ...(repeat > 1 ? [{ block: [hidden], repeat: repeat - 1 }] : []), output];
}

function weights(fields) {
  const name = fields.get("w");
  const scale = SCALES[name];
  return scale && fields.number("scale") !== 1 ? { initializer: name, [scale.name]: fields.number("scale") } : name;
}

function uploaded(fields, file) {
  const classes = file.tensors.find(({ name, shape }) => name === "classes" && shape.length === 1);
  return {
    input: file.samples ? { tensor: file.samples.name } : { distribution: "normal", features: file.features, batch: fields.number("batch") },
    model: { layout: "pytorch", activation: fields.get("f"), output_activation: fields.get("out") },
    loss: { name: "cross_entropy", targets: file.samples && classes ? { tensor: classes.name } : "random" },
    seed: fields.number("seed"),
  };
}

/** The request as it is posted: JSON, or with a file a form of two parts. */
export function bodyOf(request, file) {
  if (!file) return request;
  const form = new FormData();
  form.append("request", JSON.stringify(request));
  form.append("tensors", file.blob, file.name);
  return form;
}

/** Reads the names and shapes of a .safetensors file: they stand before the numbers, as JSON. */
export async function readFile(blob) {
  const length = Number(new DataView(await blob.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  if (!(length < blob.size)) throw new Error("This is no .safetensors file: its header is longer than the file.");
  const header = JSON.parse(await blob.slice(8, 8 + length).text());
  const tensors = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, { shape, dtype }]) => ({ name, shape, dtype }));
  const first = tensors.filter(({ name, shape }) => name.endsWith(".weight") && shape.length === 2).sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))[0];
  if (!first) throw new Error("This file holds no matrix whose name ends with .weight.");
  const features = first.shape[1];
  const samples = tensors.find(({ name, shape }) => name === "x" && shape.length === 2 && shape[1] === features);
  return { blob, name: blob.name, tensors, features, samples };
}

/** A copy of the request with a JSON patch (RFC 6902; `add` and `remove`, which are what remedies use) applied. */
export function patched(request, patch) {
  const copy = structuredClone(request);
  for (const { op, path, value } of patch) {
    const keys = path.slice(1).split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = keys.pop();
    const parent = keys.reduce((place, key) => place[key], copy);
    if (op === "remove") Array.isArray(parent) ? parent.splice(Number(last), 1) : delete parent[last];
    else if (Array.isArray(parent)) parent.splice(last === "-" ? parent.length : Number(last), 0, value);
    else parent[last] = value;
  }
  return copy;
}
