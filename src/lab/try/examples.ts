import { generateTasks } from '../../tasks/generate.ts';

/** Tasks to try while no step of a run is open; held-out ones, which no policy was trained on. */
export const EXAMPLES = generateTasks({
  families: ['pipelines', 'counters'],
  split: 'heldout',
  count: 8,
  seed: 0,
});
