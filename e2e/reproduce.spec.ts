/** The suite of the paper's experiments, driven with the scripted trainer. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, run, test } from './terminal.ts';

const runsIn = (place: string) => readdirSync(place).filter((name) => name !== 'plan.json');

test('reproduce chooses learning rates, trains every arm, reports, and does nothing twice', async ({
  place,
}) => {
  const out = place('out');
  const args = ['--quick', '--only', 'main', '--seeds', '1', '--parallel', '2', '--out', out];
  const first = await run('reproduce', args);
  expect(first.code, first.stderr).toBe(0);
  expect(runsIn(path.join(out, 'tuning-shipped'))).toHaveLength(3);
  expect(runsIn(path.join(out, 'main'))).toHaveLength(4);

  const report = readFileSync(path.join(out, 'report.md'), 'utf8');
  expect(report).toContain('| `grpo` | 1.00e-4: 0.270 | 1.00e-4 |');
  expect(report).toMatch(/\| CodeRL\+ writes more programs .* \| 1 \| \*\*undecided at this size\*\* \|/);
  expect(report).not.toContain('Unfinished');
  expect(readFileSync(path.join(out, 'report.html'), 'utf8')).toContain('<svg');
  const cells = readFileSync(path.join(out, 'cells.csv'), 'utf8').trim().split('\n');
  expect(cells).toHaveLength(5);
  expect(cells[1]).toMatch(/^main,grpo,grpo-seed0-/);

  const again = await run('reproduce', args);
  expect(again.code).toBe(0);
  expect(again.stdout).toContain('4 of 4 cells are done already');
  expect(again.stdout).not.toMatch(/: done in /);

  const more = await run('reproduce', [...args, '--seeds', '2', '--report']);
  expect(more.stdout).not.toMatch(/: done in /);
  expect(readFileSync(path.join(out, 'report.md'), 'utf8')).toContain(
    '**Unfinished**: 4 of 8 runs are missing',
  );
});

test('an experiment that there is not is named, with those that there are', async () => {
  const { code, stderr } = await run('reproduce', ['--only', 'mian']);
  expect(code).toBe(1);
  expect(stderr).toContain(
    '--only: there is no experiment "mian", there are main, calibrated, algorithms, ablations',
  );
});
