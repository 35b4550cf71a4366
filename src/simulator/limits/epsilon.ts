/** Sums of fractions may end a hair below a whole unit. */
export const EPSILON = 1e-6;
