import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../policy/tokenizer.ts';
import { createNodeSandbox } from '../sandbox/node.ts';
import { taskStream } from '../tasks/generate.ts';
import { type SupervisedOptions, supervisedBatch, supervisedLearningRate } from './sft.ts';

const options: SupervisedOptions = {
  seed: 0,
  steps: 200,
  lr: 2e-3,
  lr_warmup_steps: 10,
  train_batch_size: 60,
  'sft.execution_steps': 100,
  'sft.code_lr': 1e-3,
  'sft.code_share': 0.6,
  'sft.output_share': 0.1,
  align_max_variables: 4,
  align_value: 'last_definition',
};
const tokenizer = createTokenizer();
const sandbox = await createNodeSandbox();
const tasks = taskStream({ families: ['pipelines'], split: 'sft', seed: 0 });

async function kinds(step: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = { code: 0, output: 0, execution: 0 };
  for (const { prompt, completion } of await supervisedBatch(step, tasks, tokenizer, sandbox, options)) {
    const [question, answer] = [tokenizer.decode(prompt), tokenizer.decode(completion)];
    expect(answer.endsWith('<|eos|>')).toBe(true);
    if (question.startsWith('<|run|>')) {
      counts.execution++;
      expect(answer).toMatch(/^b=.*\nreturn=/s);
    } else if (question.endsWith('<|answer|>')) {
      counts.output++;
      expect(answer).toMatch(/^return=/);
    } else {
      counts.code++;
      expect(answer).toMatch(/return .*;\n\}<\|eos\|>$/);
    }
  }
  return counts;
}

describe('supervised batches', () => {
  test('execution alone at first', async () =>
    expect(await kinds(100)).toEqual({ code: 0, output: 0, execution: 60 }));
  test('then descriptions too, about in their shares', async () => {
    const { code, output, execution } = await kinds(101);
    expect(code).toBeGreaterThan(25);
    expect(output).toBeGreaterThan(1);
    expect(execution).toBeGreaterThan(8);
  });
  test('the same step gives the same batch', async () => {
    const batch = () => supervisedBatch(7, tasks, tokenizer, sandbox, options);
    expect(await batch()).toEqual(await batch());
  });
  test('needs reference solutions', async () => {
    const bare = { at: (i: number) => ({ ...tasks.at(i), reference: undefined }) };
    await expect(supervisedBatch(1, bare, tokenizer, sandbox, options)).rejects.toThrow(
      /needs reference solutions/,
    );
  });
});

describe('learning rate', () => {
  test('each phase warms up, peaks near its rate and ends at a tenth of it', () => {
    const rate = (step: number) => supervisedLearningRate(step, options);
    expect(rate(1)).toBeLessThan(3e-4);
    expect(rate(10)).toBeGreaterThan(1.9e-3);
    expect(rate(100)).toBeCloseTo(2e-4, 8);
    expect(rate(101)).toBeLessThan(2e-4);
    expect(rate(110)).toBeGreaterThan(0.9e-3);
    expect(rate(200)).toBeCloseTo(1e-4, 8);
  });
});
