import { expect, it } from 'vitest';
import { soak } from '../../bench/soaking.ts';
import { createNodePool } from './node.ts';

it('a pool of threads stays right and small over many programs', { timeout: 120_000 }, async () => {
  const pool = await createNodePool(1);
  try {
    const { programs, resident } = await soak(pool, { programs: 1500, minutes: 1.5 });
    expect(programs).toBe(1500);
    // After the start, when engines and compiled code have their size.
    expect(resident.at(-1)! - resident[4]).toBeLessThan(200);
  } finally {
    pool.dispose();
  }
});
