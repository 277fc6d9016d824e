// Who races against whom: the racers that the fields describe, each with the request that trains it.

export const MOST = 6; // a browser opens as many connections to one place

/** What a view shows where the address says nothing. */
export const DEFAULTS = {
  by: "activation",
  f: "sigmoid,tanh,relu,leaky_relu",
  lr: "0.1",
  one: "relu",
  data: "digits",
  depth: 3,
  width: 32,
  w: "glorot_normal",
  steps: 300,
  batch: 64,
  momentum: 0,
  seed: 0,
  smooth: 1,
};

/** Races to begin with, each with what to look at. */
export const PRESETS = [
  { name: "Four activations", values: {}, lesson: "The same digits, weights and steps: sigmoid stays behind, since it passes least of the gradient." },
  { name: "Deep sigmoid, deep tanh", values: { f: "sigmoid,tanh", depth: 6 }, lesson: "Six layers deep, sigmoid learns nothing: its first layers get no gradient." },
  { name: "Units that die", values: { by: "rate", one: "relu", lr: "0.1,0.5,1,2", w: "he_normal", depth: 2, steps: 200 }, lesson: "Large steps throw relu units below 0, where no gradient brings them back." },
  { name: "Leaks that live", values: { f: "relu,leaky_relu,elu", lr: "1", w: "he_normal", depth: 2, steps: 200 }, lesson: "At a rate that kills relu units, those with a slope on both sides go on." },
  { name: "Two moons", values: { data: "two_moons", f: "identity,sigmoid,tanh,relu", lr: "0.3", depth: 2, width: 16 }, lesson: "Two half circles that no straight line divides: identity ends where a line ends." },
  { name: "Zig-zag of two weights", values: { by: "inputs", data: "two_weights", lr: "0.25", steps: 60 }, lesson: "Inputs of one sign, such as those that sigmoid hands on, move both weights up or both down." },
];

/** Samples of two inputs whose targets the weights (1, −1) meet exactly. */
const SIGNS = {
  "all inputs positive": [[1, 0.5], [0.5, 1], [0.9, 0.8], [0.6, 0.7]],
  "inputs of both signs": [[1, -0.5], [-0.5, 1], [0.9, 0.8], [-0.6, 0.7]],
};
export const GOAL = [1, -1];

/** The racers: `[{name, color, request}]`; of two weights also `samples`. */
export function racersOf(fields) {
  const rates = numbers(fields.get("lr"));
  if (fields.get("data") === "two_weights") return twoWeights(fields, rates).slice(0, MOST).map(coloured);
  const rate = rates[0] ?? 0.1;
  const racers =
    fields.get("by") === "rate"
      ? rates.map((value) => ({ name: `rate ${value}`, request: network(fields, fields.get("one"), value) }))
      : names(fields.get("f")).map((name) => ({ name, request: network(fields, name, rate) }));
  return racers.slice(0, MOST).map(coloured);
}

const coloured = (racer, color) => ({ ...racer, color });

function network(fields, activation, learningRate) {
  const [units, repeat, steps, batch, momentum, seed] = ["width", "depth", "steps", "batch", "momentum", "seed"].map((name) => fields.number(name));
  return {
    layers: [
      { units, activation, weights: fields.get("w"), repeat },
      { units: fields.get("data") === "digits" ? 10 : 2, activation: "identity", weights: "glorot_normal" },
    ],
    data: fields.get("data"),
    steps,
    learning_rate: learningRate,
    momentum,
    batch_size: batch,
    seed,
  };
}

function twoWeights(fields, rates) {
  if (fields.get("by") === "rate") return rates.map((rate) => unit(fields, `rate ${rate}`, "all inputs positive", rate));
  return Object.keys(SIGNS).map((name) => unit(fields, name, name, rates[0] ?? 0.25));
}

function unit(fields, name, signs, rate) {
  const values = SIGNS[signs];
  const targets = values.map((x) => [round(x[0] * GOAL[0] + x[1] * GOAL[1])]);
  const request = {
    layers: [{ activation: "identity", weights: [[0], [0]], bias: null }],
    data: { values, targets },
    steps: fields.number("steps"),
    learning_rate: rate,
    batch_size: 1,
    shuffle: false,
  };
  return { name, request, samples: values.map((x, index) => ({ x, target: targets[index][0] })) };
}

const round = (value) => Number(value.toFixed(6));

/** The numbers of a list as people write it, without what is none. */
export function numbers(text) {
  return names(text)
    .map(Number)
    .filter((value) => value >= 0 && Number.isFinite(value));
}

/** The entries of a list with commas, each once. */
export function names(text) {
  return [...new Set(text.split(/[,;\s]+/).filter(Boolean))];
}

/**
 * The way of two weights from 0, as the records tell it. Each step sees one sample, in turn. The gradient lies along
 * that sample's x and is as long as the record says; its sign is that of the error.
 */
export function pathOf({ request, samples }, records) {
  const path = [[0, 0]];
  for (const [index, record] of records.entries()) {
    const { x, target } = samples[index % samples.length];
    const w = path.at(-1);
    const error = w[0] * x[0] + w[1] * x[1] - target;
    const move = (-Math.sign(error) * request.learning_rate * record.gradient_norms[0]) / Math.hypot(...x);
    path.push([w[0] + move * x[0], w[1] + move * x[1]]);
  }
  return path;
}

