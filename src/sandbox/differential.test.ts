import fc from 'fast-check';
import { expect, it } from 'vitest';
import { programText } from '../program/arbitrary-program.ts';
import { createNodeSandbox } from './node.ts';
import type { ProgramJob } from './types.ts';

/** More for a long search: `DIFFERENTIAL_RUNS=5000 npx vitest run src/sandbox/differential.test.ts`. */
const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 150);

it('random programs behave the same with tracing', { timeout: 30_000 + RUNS * 30 }, async () => {
  const sandbox = await createNodeSandbox();
  const seen: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(programText, async (code) => {
      const job: ProgramJob = { code, entry: 'f', inputs: [[[3, 1, 2], 2]], trace: [0] };
      const [{ calls, loadError }, full] = await sandbox.run([job, { ...job, traceMode: 'full' }]);
      fc.pre(loadError?.status !== 'syntax_error');
      const [{ status, trace }] = calls;
      seen[status] = (seen[status] ?? 0) + 1;
      // Set when the traced call ended in another way or with another value, as well as when steps are missing.
      expect(trace).toMatchObject({ truncated: false });
      expect(trace!.steps.length).toBeGreaterThan(0);
      expect(full.calls[0].trace).toMatchObject({ truncated: false });
      // Out of fuel, the two stop at different statements.
      if (status !== 'timeout') expect(full.calls[0].coverage).toEqual(calls[0].coverage);
    }),
    { numRuns: RUNS },
  );
  // A generator of programs that mostly fail would test nothing.
  expect(seen.ok).toBeGreaterThan(RUNS * 0.7);
});
