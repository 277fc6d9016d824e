// What the colours of a phase diagram may show.

import { format } from "../axes.js";

const DECADES = Math.log10(4); // of χ₁ on either side of 1

/** By name: how a value is found in a point's figures, and what share of the scale of colours it has. */
export const QUANTITIES = {
  chi_1: {
    key: "chi_1",
    label: "χ₁",
    title: "χ₁, growth of gradients per layer",
    kind: "diverging",
    of: ({ chi_1 }) => chi_1,
    share: (value) => (Number.isNaN(value) || value === null ? null : 0.5 + Math.log10(Math.max(value, 1e-9)) / (2 * DECADES)),
    words: { low: "¼: ordered, vanishing", middle: "1", high: "chaotic, exploding: 4" },
  },
  xi_c: {
    key: "xi_c",
    label: "ξ_c",
    title: "ξ_c, layers that a signal is told apart for",
    kind: "rising",
    of: ({ xi_c }) => xi_c,
    share: (value) => (Number.isNaN(value) || value === null ? null : Math.log10(Math.max(value, 0.1) / 0.3) / Math.log10(300 / 0.3)),
    words: { low: `${format(0.3)} layers`, middle: "", high: "300 and more" },
  },
  q_star: {
    key: "q_star",
    label: "q*",
    title: "q*, variance of the preactivations at rest",
    kind: "rising",
    of: ({ q_star }) => q_star,
    share: (value) => (Number.isNaN(value) || value === null ? null : Math.log10(Math.max(value, 1e-9) / 1e-2) / 4),
    words: { low: "0.01", middle: "1", high: "100" },
  },
  c_star: {
    key: "c_star",
    label: "c*",
    title: "c*, correlation of any two inputs at rest",
    kind: "rising",
    of: ({ c_star }) => c_star,
    share: (value) => (Number.isNaN(value) || value === null ? null : value),
    words: { low: "0: told apart", middle: "", high: "all alike: 1" },
  },
};
