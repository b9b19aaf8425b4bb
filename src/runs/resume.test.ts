import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNodeSandbox } from '../sandbox/node.ts';
import type { Sandbox } from '../sandbox/types.ts';
import { useWasm } from '../tensor/device.ts';
import { nodeWasmFiles } from '../tensor/node.ts';
import { type Config, METHODS } from './config.ts';
import { RunControl } from './control.ts';
import type { DeviceInfo, Emit, PolicyFiles } from './events.ts';
import { fixedRun } from './fixed.ts';
import { resolveConfig } from './options.ts';
import type { Method } from './presets.ts';
import { latestCheckpoint } from './storage/checkpoints.ts';
import { Crash, CrashingDirectory } from './storage/crashing.ts';
import type { Directory } from './storage/directory.ts';
import { RunRecord } from './storage/record.ts';
import { readFiles } from './storage/runs.ts';
import { runTraining } from './training.ts';

const SHIPPED = new URL('../../public/policy/', import.meta.url);

const small: Partial<Config> = {
  steps: 3,
  train_batch_size: 3,
  'rollout.n': 3,
  'rollout.max_new_tokens': 24,
  align_max_new_tokens: 24,
  lr: 1e-3,
  lr_warmup_steps: 2,
  eval_every: 0,
  eval_tasks: 2,
  eval_final_tasks: 2,
  checkpoint_every: 1,
};

const tiny: Partial<Config> = {
  'policy.hidden_size': 16,
  'policy.intermediate_size': 16,
  'policy.num_hidden_layers': 1,
  'policy.num_attention_heads': 1,
};

/** What makes every kind of state come about that a run has: sources, optimizer, reference policy, critic. */
const SETTINGS: Partial<Record<Method, Partial<Config>>> = {
  sft: { ...tiny, families: 'pipelines', 'sft.execution_steps': 2, steps: 5, eval_every: 2 },
  grpo: { use_kl_loss: true, kl_loss_coef: 0.1 },
  coderl_plus: { checkpoint_every: 2 },
  ppo: { 'critic.ppo_epochs': 1 },
};

let sandbox: Sandbox;
let device: DeviceInfo;
let shipped: PolicyFiles;

beforeAll(async () => {
  device = await useWasm(nodeWasmFiles());
  sandbox = await createNodeSandbox();
  shipped = Object.fromEntries(
    readdirSync(SHIPPED).map((name) => [name, new Uint8Array(readFileSync(new URL(name, SHIPPED)))]),
  );
});
afterAll(() => sandbox.dispose());

/** Trains from a directory's last whole checkpoint, or from the start; rejects when the directory crashes. */
async function live(directory: CrashingDirectory, config: Config): Promise<void> {
  const whole = await latestCheckpoint(directory, () => {});
  if (!whole) for (const name of [...(await directory.files()), 'checkpoints']) await directory.remove(name);
  const record = whole
    ? await RunRecord.open(directory, () => {})
    : await RunRecord.begin(directory, { config }, () => {});
  const checkpoint = whole && (await record.goBack());
  const policy = config.method === 'sft' ? {} : shipped;
  const emit: Emit = (event) => {
    directory.throwIfCrashed();
    return record.take(event);
  };
  await runTraining({ config, policy, checkpoint, device, sandbox, build: 'test', emit }, new RunControl());
  await record.take({ type: 'status', message: '' });
  directory.throwIfCrashed();
}

const leavings = async (directory: Directory) => fixedRun(await readFiles(directory, ['checkpoints']));

test.each(METHODS)(
  '%s: crashed at any write and resumed, a run is the one that never crashed',
  async (method) => {
    const config = resolveConfig({ ...small, method, ...SETTINGS[method] });
    const undisturbed = new CrashingDirectory();
    await live(undisturbed, config);
    const expected = await leavings(undisturbed);
    expect(expected.metrics).toHaveLength(config.steps);

    const crash = fc.integer({ min: 1, max: undisturbed.writes });
    await fc.assert(
      fc.asyncProperty(fc.array(crash, { minLength: 1, maxLength: 3 }), async (crashes) => {
        const directory = new CrashingDirectory();
        for (const writes of crashes) {
          directory.crashAfter(writes);
          await live(directory, config).catch((error) => expect(error).toBeInstanceOf(Crash));
          directory.restart();
        }
        await live(directory, config);
        expect(await leavings(directory)).toEqual(expected);
      }),
      { numRuns: 1, seed: METHODS.indexOf(method) },
    );
  },
  120_000,
);
