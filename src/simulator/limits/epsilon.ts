/** Tolerance for sums of fractions that end just below a whole unit. */
export const EPSILON = 1e-6;
