import type { StepMetrics } from './events.ts';

/** Fields that the clock or the machine's memory decides. */
const UNFIXED = /_time$|_per_second$|^memory(_|\/)/;

/** What a seed, a device and a build fix of a step's metrics, to the bit: all but clock and memory. */
export function fixedMetrics(metrics: StepMetrics): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !UNFIXED.test(name)));
}
