import { describe, expect, it } from 'vitest';
import { generateTasks, taskStream } from './generate.ts';
import { familiesNamed, parseFamilies } from './registry.ts';
import { SPLITS, type Split } from './types.ts';

const families = ['pipelines', 'counters', 'narrated'];

describe('generateTasks', () => {
  it('repeats itself, and a smaller count is a prefix', () => {
    const make = (count: number, seed: number) => generateTasks({ families, split: 'rl', count, seed });
    expect(make(60, 1)).toEqual(make(90, 1).slice(0, 60));
    expect(make(60, 1)).not.toEqual(make(60, 2));
  });

  it('takes turns over the families', () => {
    const tasks = generateTasks({ families, split: 'sft', count: 6, seed: 1 });
    expect(tasks.map(({ family }) => family)).toEqual([...families, ...families]);
  });

  it('has splits without a common composition and no task twice', () => {
    const compositions = (split: Split) => {
      const tasks = generateTasks({ families, split, count: 900, seed: 3 });
      const keys = tasks.map((task) => `${task.composition}\n${task.description}`);
      expect(new Set(keys).size).toBe(keys.length);
      return tasks.map(({ composition }) => composition);
    };
    const all = SPLITS.map((split) => new Set(compositions(split)));
    expect(new Set(all.flatMap((set) => [...set])).size).toBe(all.reduce((sum, set) => sum + set.size, 0));
  });

  it('has more than 8,000 supervised pipelines tasks', () => {
    const tasks = generateTasks({ families: ['pipelines'], split: 'sft', count: 8000, seed: 0 });
    expect(tasks).toHaveLength(8000);
    expect(new Set(tasks.map(({ composition }) => composition)).size).toBeGreaterThan(2500);
  });

  it('names families that do not exist', () => {
    expect(() => generateTasks({ families: ['poems'], split: 'rl', count: 1, seed: 0 })).toThrow(
      'no task family "poems"; choose from pipelines, counters, narrated',
    );
    expect(() => familiesNamed([])).toThrow('no family given');
    expect(parseFamilies(' pipelines, narrated,pipelines').map(({ name }) => name)).toEqual([
      'pipelines',
      'narrated',
    ]);
  });
});

describe('taskStream', () => {
  it('gives the same task for the same index in any order', () => {
    const stream = taskStream({ families, split: 'sft', seed: 7 });
    const forward = Array.from({ length: 30 }, (_, i) => stream.at(i));
    const again = taskStream({ families, split: 'sft', seed: 7 });
    for (let i = 29; i >= 0; i--) expect(again.at(i)).toEqual(forward[i]);
    expect(forward.every(({ split }) => split === 'sft')).toBe(true);
    expect(stream.at(2 ** 33).split).toBe('sft');
    expect(() => stream.at(-1)).toThrow('got -1');
  });
});
