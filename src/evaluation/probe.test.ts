import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultPolicyConfig } from '../policy/config.ts';
import { createPolicy, initialWeights } from '../policy/policy.ts';
import { createTokenizer } from '../policy/tokenizer.ts';
import { createNodeSandbox } from '../sandbox/node.ts';
import { generateTasks } from '../tasks/generate.ts';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { lastOccurrences, tokensAt } from './occurrence.ts';
import { probePolicy } from './probe.ts';
import type { Subject } from './subject.ts';

const tokenizer = createTokenizer();
const program = 'function f(a) {\n  let s = 0;\n  for (let x of a) s += x;\n  return s;\n}';
let subject: Subject;

beforeAll(async () => {
  await useWasm(nodeWasmFiles());
  const config = { ...defaultPolicyConfig(tokenizer.vocabSize), num_hidden_layers: 2 };
  subject = {
    policy: createPolicy(config, initialWeights(config, 1)),
    tokenizer,
    sandbox: await createNodeSandbox(),
  };
});
afterAll(() => subject.sandbox.dispose());

test('the last occurrence of a variable, and the token that holds it', () => {
  const end = lastOccurrences(program).get('s')!;
  expect(program.slice(0, end)).toBe(program.slice(0, program.lastIndexOf('s;') + 1));
  const tokens = tokenizer.encode(program);
  const [token] = tokensAt(tokenizer, tokens, [end]);
  const before = tokenizer.decode(tokens.slice(0, token));
  expect(before.length).toBeLessThan(end);
  expect(before.length + tokenizer.decode([tokens[token]]).length).toBeGreaterThanOrEqual(end);
  expect(lastOccurrences('function f( {')).toEqual(new Map());
});

test('one error for the embeddings and for each layer, the same for the same seed', async () => {
  const tasks = generateTasks({ families: ['pipelines'], split: 'heldout', count: 30, seed: 0 });
  const references = tasks.map(({ reference }) => reference!);
  const probed = await probePolicy(subject, tasks, references, 5);
  expect(Object.keys(probed)).toEqual(['probe_mse/layer_0', 'probe_mse/layer_1', 'probe_mse/layer_2']);
  for (const { value, low, high, count } of Object.values(probed)) {
    expect(count).toBeGreaterThan(10);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
  }
  expect(await probePolicy(subject, tasks, references, 5)).toEqual(probed);
});

test('programs that do not run have nothing to probe', async () => {
  const tasks = generateTasks({ families: ['pipelines'], split: 'heldout', count: 2, seed: 0 });
  expect(await probePolicy(subject, tasks, ['function f(a) { return b; }', 'no'], 5)).toEqual({});
});
