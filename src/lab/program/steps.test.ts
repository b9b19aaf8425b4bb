import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNodeSandbox } from '../../sandbox/node.ts';
import type { Sandbox, Trace } from '../../sandbox/types.ts';
import { firstDivergence, momentAt } from './steps.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createNodeSandbox();
});
afterAll(() => sandbox.dispose());

async function traceOf(body: string): Promise<Trace> {
  const code = `function f(a) {\n${body}\n}`;
  const [{ calls }] = await sandbox.run([{ code, entry: 'f', inputs: [[[3, -4, 5]]], trace: [0] }]);
  return calls[0].trace!;
}
const sum = 'let s = 0;\nfor (let x of a) s += x;\nreturn s;';

test('a moment has the values so far, what just changed, and which definitions are the last', async () => {
  const trace = await traceOf(sum);
  expect(momentAt(trace, 0).line).toBeUndefined();
  const end = momentAt(trace, trace.steps.length);
  expect(end.line).toBe(3);
  expect(end.variables.find(({ name }) => name === 's')).toEqual({
    name: 's',
    value: 4,
    changed: true,
    last: true,
  });
  const first = trace.steps.findIndex(({ name }) => name === 's') + 1;
  expect(momentAt(trace, first)).toMatchObject({ line: 2 });
  expect(momentAt(trace, first).variables.at(-1)).toEqual({
    name: 's',
    value: 0,
    changed: true,
    last: false,
  });
});

test('traces part at the first different value, whatever the lines', async () => {
  const [one, same, other] = [
    await traceOf(sum),
    await traceOf(`\n\n${sum}`),
    await traceOf(sum.replace('+=', '-=')),
  ];
  expect(firstDivergence(one, same)).toBeUndefined();
  const at = firstDivergence(one, other)!;
  expect(momentAt(one, at).variables.find(({ name }) => name === 's')?.value).toBe(3);
  expect(momentAt(other, at).variables.find(({ name }) => name === 's')?.value).toBe(-3);
  expect(firstDivergence(one, { ...one, steps: one.steps.slice(0, 2) })).toBe(3);
});
