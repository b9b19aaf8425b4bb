/**
 * @file Many programs through one pool of worker threads, half of them hostile, each result checked:
 * `npm run soak:sandbox -- [--programs 1000000] [--minutes 60] [--workers 1]`. Any wrong or lost result ends it.
 */
import { parseArgs } from 'node:util';
import { createNodePool } from '../src/sandbox/node.ts';
import { defaultPoolSize } from '../src/sandbox/pool.ts';
import { soak } from './soaking.ts';

const { values: flags } = parseArgs({
  options: {
    programs: { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '60' },
    workers: { type: 'string', default: String(defaultPoolSize()) },
  },
});
const positive = (name: keyof typeof flags) => {
  const value = Number(flags[name]);
  if (value > 0) return value;
  throw new Error(`soak: --${name} must be a positive number, got ${flags[name]}`);
};

const pool = await createNodePool(positive('workers'));
try {
  const report = await soak(pool, { programs: positive('programs'), minutes: positive('minutes') });
  console.log(JSON.stringify({ workers: positive('workers'), ...report }));
  console.log(`${report.programs} programs, no wrong verdict, no lost job`);
} finally {
  pool.dispose();
}
