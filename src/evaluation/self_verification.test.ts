import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadCheckpoint } from '../policy/checkpoint.ts';
import { createPolicy } from '../policy/policy.ts';
import type { Completion } from '../rl/types.ts';
import { createNodeSandbox } from '../sandbox/node.ts';
import { completionOf } from '../tasks/format.ts';
import { generateTasks } from '../tasks/generate.ts';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { evaluatePolicy } from './evaluate.ts';
import { chooseSamples } from './self_verification.ts';
import type { Subject } from './subject.ts';

const SHIPPED = new URL('../../public/policy/', import.meta.url);
const options = {
  seed: 3,
  'rollout.temperature': 1,
  'rollout.top_p': 1,
  'rollout.max_new_tokens': 64,
  align_max_new_tokens: 64,
  align_max_prompt_tokens: 128,
  align_max_variables: 4,
  align_value: 'last_definition',
} as const;
let subject: Subject;

beforeAll(async () => {
  await useWasm(nodeWasmFiles());
  const files = readdirSync(SHIPPED).map((name) => [
    name,
    new Uint8Array(readFileSync(new URL(name, SHIPPED))),
  ]);
  const { config, weights, tokenizer } = loadCheckpoint(Object.fromEntries(files));
  subject = { policy: createPolicy(config, weights), tokenizer, sandbox: await createNodeSandbox() };
});
afterAll(() => subject.sandbox.dispose());

const completion = (text: string): Completion => ({ text, terminated: true }) as Completion;

test('a wrong majority is outvoted by predictions that agree with the visible tests', async () => {
  const tasks = generateTasks({ families: ['pipelines'], split: 'heldout', count: 40, seed: 0 });
  const samples = tasks.map((task) => {
    const right = completionOf(task, task.reference!);
    const wrong = '  let b = a.slice(2);\n  let s = 77;\n  return s;\n}';
    return [wrong, 'no program', wrong, right].map(completion);
  });
  const choices = await chooseSamples(subject, tasks, samples, options);
  expect(choices.map(({ majority }) => majority)).toEqual(tasks.map(() => 0));
  const found = choices.filter(({ verified }) => verified === 3).length;
  // It predicts about half of all outputs right, and a task has two or three visible tests.
  expect(found).toBeGreaterThan(24);
  expect(choices.every(({ verified }) => verified === 3 || verified === 0)).toBe(true);
});

test('the shipped policy chooses better among its samples than by counting them', async () => {
  const tasks = generateTasks({ families: ['pipelines'], split: 'heldout', count: 100, seed: 0 });
  const { measures } = await evaluatePolicy(subject, tasks, {
    ...options,
    eval_samples: 8,
    eval_verify: true,
    eval_probe: false,
  });
  const rate = (name: string) => measures[name].value;
  expect(rate('verified_pass@1')).toBeGreaterThan(rate('majority_pass@1'));
  expect(rate('verified_pass@1')).toBeGreaterThan(rate('sampled_pass@1'));
  expect(rate('verified_pass@1')).toBeLessThanOrEqual(rate('sampled_pass@8'));
});
