import { generateTasks, type TaskStream, taskStream } from '../tasks/generate.ts';
import { importTasks } from '../tasks/import.ts';
import { parseFamilies } from '../tasks/registry.ts';
import type { Split, Task } from '../tasks/types.ts';
import { random } from '../tensor/random.ts';
import type { Config } from './config.ts';

/** The tasks of a run: endless ones to learn from, and a list to be measured by. */
export interface TaskSuite {
  stream(split: 'sft' | 'rl'): TaskStream;
  /** At most `count` tasks of a split, always the same first ones; of the first family alone with `firstOnly`. */
  list(split: Split, count: number, firstOnly?: boolean): Task[];
}

/** Held-out tasks are the same for every run, whatever its seed, so that runs can be compared. */
const HELDOUT_SEED = 0;

/** The suite of a configuration: generated families, or the user's own tasks (JSONL text). */
export function taskSuite(config: Pick<Config, 'families' | 'seed'>, jsonl?: string): TaskSuite {
  if (jsonl !== undefined) return importedSuite(importTasks(jsonl), config.seed);
  const families = parseFamilies(config.families).map((family) => family.name);
  return {
    stream: (split) => taskStream({ families, split, seed: config.seed }),
    list: (split, count, firstOnly = false) =>
      generateTasks({
        families: firstOnly ? families.slice(0, 1) : families,
        split,
        count,
        seed: HELDOUT_SEED,
      }),
  };
}

function importedSuite(tasks: Task[], seed: number): TaskSuite {
  const heldout = tasks.filter((task) => task.split === 'heldout');
  const learning = tasks.filter((task) => task.split !== 'heldout');
  if (heldout.length === 0 || learning.length === 0) {
    throw new Error(
      `taskSuite(): ${tasks.length} imported tasks split into ${learning.length} to learn from and ${heldout.length} held out; give more tasks (20 or more), so that both have some`,
    );
  }
  return {
    stream: () => ({
      at(index) {
        const epoch = Math.floor(index / learning.length);
        const order = random(seed, 0x7a5c, epoch).shuffle(learning.map((_, i) => i));
        return learning[order[index % learning.length]];
      },
    }),
    list: (split, count) => (split === 'heldout' ? heldout : learning).slice(0, count),
  };
}
