import { random } from '../tensor/random.ts';

/** Examples of a regression: row i of `features` (of `width` numbers) belongs to `targets[i]`. */
export interface Examples {
  features: Float32Array;
  width: number;
  targets: Float32Array;
}

/** How a probe is trained; the paper's values (arXiv 2510.18471, appendix) but for the batch, which it leaves open. */
export interface ProbeOptions {
  seed: number;
  lr: number;
  epochs: number;
  batch: number;
}

export const PAPER_PROBE: Omit<ProbeOptions, 'seed'> = { lr: 1e-3, epochs: 10, batch: 8 };

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

/** Weights of a linear probe; the last one is the bias. */
export type Probe = Float64Array;

/** Fits targets = features . w + b by Adam on the mean squared error, from zero weights. */
export function fitProbe({ features, width, targets }: Examples, options: ProbeOptions): Probe {
  const probe = new Float64Array(width + 1);
  const [first, second] = [new Float64Array(width + 1), new Float64Array(width + 1)];
  const order = Array.from(targets, (_, i) => i);
  let updates = 0;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    random(options.seed, 0x9e0b, epoch).shuffle(order);
    for (let from = 0; from < order.length; from += options.batch) {
      const batch = order.slice(from, from + options.batch);
      const gradient = new Float64Array(width + 1);
      for (const i of batch) {
        const scale = (2 * (predict(probe, features, width, i) - targets[i])) / batch.length;
        for (let j = 0; j < width; j++) gradient[j] += scale * features[i * width + j];
        gradient[width] += scale;
      }
      updates++;
      const rate = (options.lr * Math.sqrt(1 - BETA2 ** updates)) / (1 - BETA1 ** updates);
      for (let j = 0; j <= width; j++) {
        first[j] = BETA1 * first[j] + (1 - BETA1) * gradient[j];
        second[j] = BETA2 * second[j] + (1 - BETA2) * gradient[j] ** 2;
        probe[j] -= (rate * first[j]) / (Math.sqrt(second[j]) + EPSILON);
      }
    }
  }
  return probe;
}

/** The squared error of a probe on each example. */
export function squaredErrors(probe: Probe, { features, width, targets }: Examples): number[] {
  return Array.from(targets, (target, i) => (predict(probe, features, width, i) - target) ** 2);
}

function predict(probe: Probe, features: Float32Array, width: number, i: number): number {
  let sum = probe[width];
  for (let j = 0; j < width; j++) sum += probe[j] * features[i * width + j];
  return sum;
}

/**
 * Targets of one problem scaled so that the least and the greatest of its training values become -1 and 1; test
 * values are scaled alike and may leave the interval. All are 0 where the training values do not differ.
 */
export function scaleTargets(train: readonly number[], values: readonly number[]): number[] {
  const [low, high] = [Math.min(...train), Math.max(...train)];
  if (high === low) return values.map(() => 0);
  return values.map((value) => (2 * (value - low)) / (high - low) - 1);
}
