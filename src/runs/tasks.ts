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

type SuiteOptions = Pick<Config, 'families' | 'seed' | 'eval_split'>;

/** The suite of a configuration: generated families, or the user's own tasks (JSONL text). */
export function taskSuite(config: SuiteOptions, jsonl?: string): TaskSuite {
  if (jsonl !== undefined) return importedSuite(importTasks(jsonl), config);
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

/** Both kinds of training learn from all tasks that no evaluation has. */
function importedSuite(tasks: Task[], { seed, eval_split }: SuiteOptions): TaskSuite {
  const isLearnedFrom = ({ split }: Task) => split === 'sft' || split === 'rl';
  const learning = tasks.filter(isLearnedFrom);
  const evaluated = tasks.filter(({ split }) => split === eval_split);
  if (evaluated.length === 0 || learning.length === 0) {
    throw new Error(
      `taskSuite(): ${tasks.length} imported tasks split into ${learning.length} to learn from and ${evaluated.length} to evaluate on (eval_split=${eval_split}); give more tasks (20 or more, 100 for eval_split=validation), so that both have some`,
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
    list: (split, count) => (split === eval_split ? evaluated : learning).slice(0, count),
  };
}
