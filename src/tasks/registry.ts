import { calibrated } from './families/calibrated.ts';
import { counters } from './families/counters.ts';
import { narrated } from './families/narrated.ts';
import { pipelines } from './families/pipelines.ts';
import type { TaskFamily } from './family.ts';

/** Every family that tasks can be drawn from. */
export const FAMILIES: readonly TaskFamily[] = [pipelines, counters, narrated, calibrated];

/** The families of these names, in this order. */
export function familiesNamed(names: readonly string[]): TaskFamily[] {
  if (names.length === 0) {
    throw new Error(
      `familiesNamed(): no family given; choose from ${FAMILIES.map((f) => f.name).join(', ')}`,
    );
  }
  return names.map((name) => {
    const family = FAMILIES.find((candidate) => candidate.name === name);
    if (!family) {
      throw new Error(
        `familiesNamed(): there is no task family "${name}"; choose from ${FAMILIES.map((f) => f.name).join(', ')}`,
      );
    }
    return family;
  });
}

/** The families of a comma-separated list, as in the option `families`. */
export function parseFamilies(list: string): TaskFamily[] {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return familiesNamed([...new Set(names)]);
}
