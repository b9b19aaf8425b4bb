import * as tf from '@tensorflow/tfjs-core';
import type { PolicyConfig } from '../src/policy/config.ts';
import { createPolicy, disposePolicy, initialWeights } from '../src/policy/policy.ts';
import { fixed, measured } from '../src/policy/rollout/choice.ts';
import { lanesProgram } from '../src/policy/rollout/lanes.ts';
import { rollouts as sampler } from '../src/policy/rollout/rollout.ts';
import { workgroupProgram } from '../src/policy/rollout/workgroup.ts';
import { type Sampled, type SampleOptions, sample } from '../src/policy/sampler.ts';
import { logProbsOf } from '../src/rl/log_probs.ts';
import { startDevice } from '../src/tensor/browser.ts';
import { memoryBytes } from '../src/tensor/memory.ts';
import { uniform } from '../src/tensor/random.ts';
import type { EngineBackend } from '../src/tensor/wgsl/backend.ts';
import { PHILOX_WGSL } from '../src/tensor/wgsl/philox.ts';

const config: PolicyConfig = {
  vocab_size: 50,
  hidden_size: 32,
  intermediate_size: 40,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
};
/** Sharper than fresh weights, so that answers end, and differ in probability. */
const weights = initialWeights(config, 3).map((w) => (w === 1 ? 1 : w * 4));

/** Samples on a backend, with the number of dispatches. */
async function rollouts(
  backend: 'wasm' | 'webgpu',
  prompts: number[][],
  options: SampleOptions,
): Promise<{ groups: Sampled[][]; dispatches: number }> {
  if (tf.getBackend() !== backend) await startDevice(backend);
  const policy = createPolicy(config, weights);
  const engine = tf.backend() as EngineBackend;
  let dispatches = 0;
  engine.onDispatch = () => dispatches++;
  const groups = await sample(policy, prompts, options);
  engine.onDispatch = undefined;
  disposePolicy(policy);
  return { groups, dispatches };
}

/** Every program in turn, whatever the device would choose. */
const PROGRAMS = {
  'workgroup 1': () => workgroupProgram(config, 1),
  'workgroup 2': () => workgroupProgram(config, 2),
  'workgroup 4': () => workgroupProgram(config, 4),
  'lanes 1': () => lanesProgram(config, 1, true),
  'lanes 4': () => lanesProgram(config, 4, true),
  'lanes 1 without subgroups': () => lanesProgram(config, 1, false),
};
export type ProgramName = keyof typeof PROGRAMS;

async function program(
  name: ProgramName | 'measured',
  prompts: number[][],
  options: SampleOptions,
): Promise<Sampled[][]> {
  const policy = createPolicy(config, weights);
  const choice =
    name === 'measured'
      ? measured(([4, 2, 1] as const).map((rows) => workgroupProgram(config, rows)))
      : fixed(PROGRAMS[name]);
  const one = sampler(policy, choice);
  const groups = await one.sample(
    prompts.map((tokens, i) => ({ tokens, draw: i * options.n })),
    options,
  );
  one.dispose();
  disposePolicy(policy);
  return groups;
}

/** Log-probabilities that the trainer computes for sampled completions, on the current backend. */
async function recomputed(prompts: number[][], groups: Sampled[][]): Promise<number[]> {
  const policy = createPolicy(config, weights);
  const sequences = groups.flatMap((group, i) =>
    group.map(({ tokens }) => ({ prompt: prompts[i], completion: tokens })),
  );
  const values = await logProbsOf(policy, policy.parameters, sequences);
  disposePolicy(policy);
  return [...values];
}

/** Bytes on the device after each of many calls of unequal size. */
async function memory(prompts: number[][], options: SampleOptions, calls: number): Promise<number[]> {
  const bytes = [];
  for (let i = 0; i < calls; i++) {
    await rollouts('webgpu', prompts.slice(0, 1 + (i % prompts.length)), { ...options, stream: i });
    bytes.push(memoryBytes());
  }
  return bytes;
}

/** What sampling says when the device goes away meanwhile. */
async function losing(prompts: number[][], options: SampleOptions): Promise<string> {
  const policy = createPolicy(config, weights);
  const sampling = sample(policy, prompts, options);
  (tf.backend() as EngineBackend).device.destroy();
  return sampling.then(
    () => 'sampled',
    (error: Error) => error.name,
  );
}

/** Random numbers of many counters from the shader and from TypeScript. */
async function philox(): Promise<{ shader: number[]; script: number[] }> {
  const engine = tf.backend() as EngineBackend;
  const count = 1000;
  const counters = Uint32Array.from({ length: 4 * count }, (_, i) => (i * 0x9e3779b1) >>> ((i % 3) * 8));
  const seed = 2 ** 40 + 12345;
  const table = engine.makeTensorInfo([counters.length], 'int32', new Int32Array(counters.buffer));
  const out = engine.make([4 * count]);
  engine.dispatch(
    {
      name: 'PhiloxCheck',
      reads: { counters: 'u32' },
      writes: { out: 'f32' },
      uniforms: { key0: 'u32', key1: 'u32', count: 'u32' },
      workgroup: 64,
      code: `${PHILOX_WGSL}
fn run(i: u32) {
  if (i >= u.count) { return; }
  let c = vec4u(counters[4u * i], counters[4u * i + 1u], counters[4u * i + 2u], counters[4u * i + 3u]);
  // The same counters in each row's place, rotated, so that each row sees others.
  let x = uniforms(vec2u(u.key0, u.key1), c, c.yzwx, c.zwxy, c.wxyz);
  for (var j = 0u; j < 4u; j++) { out[4u * i + j] = x[j]; }
}`,
    },
    {
      reads: [table],
      writes: [out],
      uniforms: [seed >>> 0, Math.floor(seed / 2 ** 32), count],
      threads: count,
    },
  );
  const shader = [...((await engine.read(out.dataId)) as Float32Array)];
  for (const { dataId } of [table, out]) engine.disposeData(dataId);
  const script = Array.from({ length: 4 * count }, (_, i) => {
    const [row, j] = [i - (i % 4), i % 4];
    const word = (k: number) => counters[row + ((j + k) % 4)];
    return uniform(seed, word(0), word(1), word(2), word(3));
  });
  return { shader, script };
}

Object.assign(window, { rollouts, program, recomputed, memory, losing, philox });
