/** A headless run loses its browser, or is killed itself; see `npm run soak:resume` for the long form. */
import { mkdirSync } from 'node:fs';
import { trainKilled } from '../bench/killing.ts';
import { descendants } from '../bench/processes.ts';
import { fixedRun } from '../src/runs/fixed.ts';
import { NodeDirectory } from '../src/runs/storage/node.ts';
import { readFiles } from '../src/runs/storage/runs.ts';
import { expect, start, test } from './terminal.ts';

const SMALL = [
  ...['--device', 'wasm', '--steps', '6'],
  ...[
    'train_batch_size=4',
    'rollout.n=4',
    'eval_final_tasks=10',
    'eval_every=0',
    'checkpoint_every=2',
  ].flatMap((setting) => ['--set', setting]),
];

const left = async (run: string) => fixedRun(await readFiles(new NodeDirectory(run), ['checkpoints']));

test('browser killed during a headless run: another one goes on', async ({ place }) => {
  test.skip(process.platform !== 'linux', 'the browser is found in /proc');
  // Many steps, so that it is still at work when a busy machine has found its browser.
  const long = [...SMALL, '--steps', '20'];
  await start('train', [...long, '--out', place('whole')]).ended;
  const running = start('train', [...long, '--out', place('run')]);
  await running.said('step 10/20');
  const browser = descendants(running.process.pid!).find(({ command }) => /chrom/i.test(command))!;
  process.kill(browser.pid, 'SIGKILL');
  const { code, stdout } = await running.ended;
  expect(stdout).toMatch(/warning: .*; going on from step \d*[02468] with a new one/);
  expect(stdout).toMatch(/going on from step \d*[02468]\n/);
  expect(code).toBe(0);
  expect(await left(place('run'))).toEqual(await left(place('whole')));
});

test('command killed with SIGKILL at random moments, and resumed: the same run', async ({ place }) => {
  mkdirSync(place('runs'), { recursive: true });
  const report = await trainKilled({ args: SMALL, kills: 2, seed: 3, place: place('runs') });
  expect(report.differences).toEqual([]);
  expect(report.deaths).toHaveLength(2);

  const again = await start('train', ['--resume', place('runs/killed')]).ended;
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('has come to its end already')]);
  const overwriting = await start('train', [...SMALL, '--out', place('runs/killed')]).ended;
  expect(overwriting.stderr).toMatch(
    /not empty, and nothing is overwritten: go on with the run in it with --resume/,
  );

  const longer = await start('train', ['--resume', place('runs/killed'), '--steps', '7']).ended;
  expect(longer.code, longer.stderr).toBe(0);
  expect((await left(place('runs/killed'))).metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});
