import { type Random, random } from '../tensor/random.ts';
import { buildTask } from './build.ts';
import type { TaskFamily } from './family.ts';
import { familiesNamed } from './registry.ts';
import { compositionSplit, hashText } from './split.ts';
import type { Split, Task } from './types.ts';

export interface GenerateOptions {
  /** Family names; tasks take turns over them. */
  families: readonly string[];
  split: Split;
  count: number;
  seed: number;
}

/** Draws allowed for one task. Ordinary ones need about ten; a family with nothing left would loop for ever. */
const MAX_DRAWS = 5000;

/** One draw of a task; null when the composition belongs to another split or its tests are no good. */
function draw(family: TaskFamily, split: Split, source: Random): Task | null {
  const problem = family.compose(source, split);
  if (compositionSplit(problem.composition) !== split) return null;
  return buildTask(problem, family.name, split, source);
}

/**
 * Tasks of one split, no two with the same composition and description. Deterministic; a smaller count gives
 * a prefix of a larger one's tasks.
 */
export function generateTasks({ families, split, count, seed }: GenerateOptions): Task[] {
  const kinds = familiesNamed(families);
  const sources = kinds.map((family) => random(seed, hashText(`generate:${family.name}:${split}`)));
  const tasks: Task[] = [];
  const seen = new Set<string>();
  while (tasks.length < count) {
    const turn = tasks.length % kinds.length;
    const family = kinds[turn]!;
    let task: Task | null = null;
    for (let tries = 0; tries < MAX_DRAWS && !task; tries++) {
      const drawn = draw(family, split, sources[turn]!);
      if (!drawn) continue;
      const key = `${drawn.composition}\n${drawn.description}`;
      if (seen.has(key)) continue;
      seen.add(key);
      task = drawn;
    }
    if (!task) {
      throw new Error(
        `generateTasks(): family "${family.name}" gave no new ${split} task in ${MAX_DRAWS} draws after ` +
          `${tasks.length} of ${count} tasks; ask for fewer tasks or add a family`,
      );
    }
    tasks.push(task);
  }
  return tasks;
}

/** Tasks without end; the same index always gives the same task. */
export interface TaskStream {
  at(index: number): Task;
}

/**
 * An endless, index-addressable stream of tasks of one split, for supervised training: compositions recur with
 * other words and inputs.
 */
export function taskStream({ families, split, seed }: Omit<GenerateOptions, 'count'>): TaskStream {
  const kinds = familiesNamed(families);
  const streams = kinds.map((family) => hashText(`stream:${family.name}:${split}`));
  return {
    at(index) {
      if (!Number.isSafeInteger(index) || index < 0) {
        throw new Error(`taskStream().at(): index must be a non-negative integer, got ${index}`);
      }
      const turn = index % kinds.length;
      const source = random(seed, streams[turn]!, index, Math.floor(index / 2 ** 32));
      for (let tries = 0; tries < MAX_DRAWS; tries++) {
        const task = draw(kinds[turn]!, split, source);
        if (task) return task;
      }
      throw new Error(
        `taskStream().at(${index}): family "${kinds[turn]!.name}" gave no ${split} task in ${MAX_DRAWS} draws`,
      );
    },
  };
}
