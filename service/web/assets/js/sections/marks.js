// What is marked on a curve: kinks, jumps with filled and open dots, and the extrema of the derivative.

import { format } from "../axes.js";

/** How a derivative of this order is called. */
export function orderName(order) {
  return ["f(x)", "f′(x), the derivative", "f″(x), the second derivative"][order];
}

/** Where the value (order 0) or the derivative (order 1) jumps. */
export function breaksOf({ jumps, kinks }, order) {
  if (order === 0) return jumps;
  if (order === 1) return kinks;
  return [...jumps, ...kinks].map(({ x }) => ({ x, left: NaN, right: NaN }));
}

/** The marks of a function on the curve of this order. */
export function marksOf({ name, color, description, values }, x, order) {
  const { kinks, jumps, derivative_extrema: extrema } = description;
  const mark = (x, y, kind, text) => ({ x, y, kind, color, text: `${name}: ${text}` });
  const at = (x) => `x = ${format(x, 6)}`;
  if (order === 0) {
    return [
      ...jumps.flatMap(({ x, left, at: value, right }) => [
        ...[left, right].filter((side) => side !== value).map((side) => mark(x, side, "open", `jump at ${at(x)}, towards ${format(side)}`)),
        mark(x, value, "filled", `value ${format(value)} at ${at(x)}`),
      ]),
      ...kinks.map(({ x: place }) => mark(place, between(x, values[0], place), "kink", `kink at ${at(place)}`)),
    ];
  }
  if (order !== 1) return [];
  const sides = kinks.flatMap(({ x, left, right, convention }) => [
    ...[left, right].filter((side) => side !== convention).map((side) => mark(x, side, "open", `f′ towards ${format(side)} at the kink at ${at(x)}`)),
    mark(x, convention, "filled", `f′ is taken as ${format(convention)} at ${at(x)}`),
  ]);
  const peaks = Object.entries(extrema ?? {})
    .filter(([, { at: place }]) => Number.isFinite(place))
    .map(([which, { value, at: place }]) => mark(place, value, "peak", `${which} of f′: ${format(value, 6)} at ${at(place)}`));
  return [...sides, ...peaks];
}

/** The value at a place, on the straight line between its neighbours. */
function between(x, y, place) {
  const index = x.findIndex((at) => at >= place);
  if (index < 1) return index === 0 && x[0] === place ? y[0] : NaN;
  const share = (place - x[index - 1]) / (x[index] - x[index - 1]);
  return y[index - 1] + (y[index] - y[index - 1]) * share;
}
