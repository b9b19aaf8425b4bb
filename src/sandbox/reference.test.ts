import fc from 'fast-check';
import { getQuickJS } from 'quickjs-emscripten';
import { expect, it } from 'vitest';
import { programText } from '../program/arbitrary-program.ts';
import { canonical } from '../program/values.ts';
import { createNodeSandbox } from './node.ts';

const INPUT = [[3, 1, 2], 2];

/**
 * What the engine as it is published, unmetered and in a context of its own, gives for f(...INPUT):
 * the returned value as JSON, or null when it throws.
 */
async function published(code: string): Promise<string | null> {
  const quickjs = await getQuickJS();
  const script = `"use strict";\n${code}\n;JSON.stringify(f(...${JSON.stringify(INPUT)}))`;
  try {
    return String(
      quickjs.evalCode(script, {
        shouldInterrupt: (() => {
          let polls = 0;
          return () => ++polls > 20;
        })(),
      }),
    );
  } catch {
    return null;
  }
}

it('random programs return what the published engine returns', { timeout: 60_000 }, async () => {
  const sandbox = await createNodeSandbox();
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(programText, async (code) => {
      const [{ calls }] = await sandbox.run([{ code, entry: 'f', inputs: [INPUT] }]);
      const [{ status, value }] = calls;
      if (status !== 'ok') return;
      const expected = await published(code);
      // JSON has no NaN, no infinities and no undefined: such values are compared by other tests.
      if (expected === null || expected === 'undefined' || /null/.test(expected)) return;
      expect(canonical(value)).toBe(canonical(JSON.parse(expected)));
      compared++;
    }),
    { numRuns: 60 },
  );
  expect(compared).toBeGreaterThan(20);
});
