import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pythonLacks, runPython } from '../../policy/python.ts';
import { packRun } from './archive.ts';
import { exampleRun } from './example_run.ts';
import { notebook } from './notebook.ts';
import { writeRun } from './run_data.ts';
import { tensorboardEvents } from './tensorboard.ts';

// What we write, read by the programs that it is for.
const place = mkdtempSync(path.join(tmpdir(), 'tracewright-'));
afterAll(() => rmSync(place, { recursive: true }));
const run = exampleRun();

/** Runs the code cells of a notebook, one after the other, in one namespace. */
const RUN_CELLS = `
import json, os, sys, warnings
warnings.simplefilter("error")
os.chdir(os.path.dirname(sys.argv[1]))
cells = json.load(open(sys.argv[1]))["cells"]
space = {}
for cell in cells:
    if cell["cell_type"] == "code":
        exec("".join(cell["source"]), space)
print(json.dumps({"lines": sum(len(axis.lines) for n in space["plt"].get_fignums() for axis in space["plt"].figure(n).axes),
                  "names": space["names"], "steps": {k: len(v["metrics"]) for k, v in space["runs"].items()}}))
`;

describe('the notebook', () => {
  const file = JSON.parse(notebook([{ name: 'one', path: 'one' }]));

  test('is nbformat 4.5', () => {
    expect([file.nbformat, file.nbformat_minor]).toEqual([4, 5]);
    const ids = file.cells.map(({ id }: { id: string }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const cell of file.cells) {
      expect(cell.id).toMatch(/^[\w-]{1,64}$/);
      expect(cell.source.join('')).not.toBe('');
      expect(Object.keys(cell).includes('outputs')).toBe(cell.cell_type === 'code');
    }
    expect(JSON.stringify(file)).toContain('RUNS = {\\n');
  });

  const lacks = pythonLacks(['pandas', 'matplotlib']);
  test.skipIf(lacks)(
    `plots a directory and an archive side by side${lacks ? ` (${lacks})` : ''}`,
    { timeout: 120_000 },
    async () => {
      for (const [name, bytes] of Object.entries(writeRun(run))) {
        mkdirSync(path.dirname(path.join(place, 'one', name)), { recursive: true });
        writeFileSync(path.join(place, 'one', name), bytes);
      }
      const other = { ...run, config: { ...run.config, lr: 1e-3 }, evaluations: {} };
      writeFileSync(path.join(place, 'two.zip'), await packRun(writeRun(other)));
      const runs = [
        { name: 'one', path: 'one' },
        { name: 'two "2"', path: 'two.zip' },
      ];
      writeFileSync(path.join(place, 'runs.ipynb'), notebook(runs));
      const said = runPython(['-c', RUN_CELLS, path.join(place, 'runs.ipynb')]);
      const shown = JSON.parse(said.trimEnd().split('\n').at(-1)!);
      expect(shown.steps).toEqual({ one: 4, 'two "2"': 4 });
      expect(shown.names).toEqual(['pass@1', 'trace_exact']);
      // Reward and code reward twice for each run, two measures with a line for each run.
      expect(shown.lines).toBe(2 * 2 * 2 + 2 * 2);
    },
  );
});

const READ_EVENTS = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1])
events.Reload()
print(json.dumps({"scalars": {tag: [[e.wall_time, e.step, e.value] for e in events.Scalars(tag)]
                              for tag in events.Tags()["scalars"]}, "texts": events.Tags()["tensors"]}))
`;

const lacks = pythonLacks(['tensorboard']);
test.skipIf(lacks)(
  `TensorBoard reads every scalar${lacks ? ` (${lacks})` : ''}`,
  { timeout: 120_000 },
  () => {
    const directory = path.join(place, 'events');
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'events.out.tfevents.1000.test'), tensorboardEvents(run, 1000));
    const { scalars, texts } = JSON.parse(runPython(['-c', READ_EVENTS, directory]));
    expect(Object.keys(scalars).sort()).toEqual([
      'evaluation/pass@1',
      'evaluation/trace_exact',
      'reward',
      'rewards/code/mean',
      'step_time',
    ]);
    expect(scalars['evaluation/pass@1'].map(([time, step]: number[]) => [time, step])).toEqual([
      [1002.5, 0],
      [1007.5, 2],
      [1012.5, 4],
    ]);
    expect(scalars.reward.map(([, , value]: number[]) => value!.toFixed(6))).toEqual(
      run.metrics.map(({ reward }) => reward!.toFixed(6)),
    );
    expect(texts).toEqual(['config']);
  },
);
