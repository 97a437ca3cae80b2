// @ts-check
// What Bessel's correction makes of running variances, by the formula: nothing here knows a page.

/**
 * The variance that divides by n − 1 over the one that divides by n.
 * @param {number} size n examples that are normalized together
 */
export const besselFactor = (size) => size / (size - 1);

/**
 * How widely spread a layer's (from 1) values are in evaluation compared with training. Each layer below makes them smaller, but
 * not layer 1, whose examples are independent. This holds for linear layers. What ReLU gives varies more in evaluation than in
 * small groups, which makes up for some of it.
 * @param {number} size
 * @param {number} layer
 */
export const expectedSpread = (size, layer) => besselFactor(size) ** (-(layer - 1) / 2);
