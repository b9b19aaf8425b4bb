import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Report } from '../bench/engine/report.ts';
import { ROOT } from '../cli/site.ts';
import { expect, test } from './fixtures.ts';

test('the engine benchmark runs, and all contenders compute the same', ({ browserName: _ }, info) => {
  const out = info.outputPath('bench.json');
  const script = path.join(ROOT, 'bench', 'engine', 'run.ts');
  const args = ['--import', import.meta.resolve('tsx'), script, '--quick', '--device', 'wasm', '--out', out];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('## wasm');
  const { backends }: Report = JSON.parse(readFileSync(out, 'utf8'));
  const [{ failures, training, rollouts, products }] = backends[0]!.sizes;
  expect(failures).toEqual({});
  expect(training.map(({ contender }) => contender)).toEqual(['tracewright', 'tfjs', 'jax-js']);
  expect(rollouts.map(({ decoding }) => decoding)).toEqual(['cache', 'cache', 'no cache', 'cache']);
  expect(products).toHaveLength(15);
});
