import * as tf from '@tensorflow/tfjs-core';
import { seedKey } from '../../tensor/random.ts';
import type { EngineBackend } from '../../tensor/wgsl/backend.ts';
import type { PolicyConfig } from '../config.ts';
import type { Policy } from '../policy.ts';
import type { Group, Sampled, SampleOptions, Sampler } from '../sampler.ts';
import { type Choice, choiceFor, fixed } from './choice.ts';
import { MOVE_WORDS, PACK, type PackedForm, packing } from './pack.ts';
import { type Program, UNIFORMS, type Uniforms } from './program.ts';
import { type Slot, slotWords } from './slots.ts';

/** A dispatch should not hold the device longer: pages freeze, and watchdogs kill at about two seconds. */
const TARGET_MS = 40;

/** Tokens a dispatch at most: rows that have ended are dropped between dispatches. */
const MAX_STEPS = 16;

/** Bytes of keys and values at once, where the device allows so many. */
const MAX_CACHE_BYTES = 2 ** 29;

/** What programs are compared on; as short as any policy allows. */
const TRIAL: readonly Group[] = [
  { tokens: [1, 2, 3, 4], draw: 0 },
  { tokens: [5], draw: 3 },
];

/** A row that has not ended. */
interface Row extends Slot {
  out: Sampled;
}

/**
 * Rollouts in a few dispatches on the `webgpu` backend: a workgroup carries its rows through all layers, the cache
 * and the drawing for several tokens, and the host only sees what was drawn, once a dispatch. The prompts are read
 * once a group, and their keys and values are shared by the group's rows.
 */
export function rollouts(policy: Policy, choose?: Choice): Sampler {
  const backend = tf.backend() as EngineBackend;
  const choice = choose ?? choiceFor(backend, policy.config);
  const packed = pack(backend, policy, choice.form);
  const carry = (by: Choice, groups: readonly Group[], options: SampleOptions) =>
    sampleGroups(backend, policy, packed, by, groups, options);
  return {
    sample: async (groups, options) => {
      await choice.check((program) =>
        carry(
          fixed(() => program),
          TRIAL,
          { ...options, n: 3, maxNewTokens: 3 },
        ),
      );
      const results: Sampled[][] = [];
      for (const part of fitting(backend.device, policy.config, groups, options)) {
        results.push(...(await carry(choice, part, options)));
      }
      return results;
    },
    dispose: () => void backend.disposeData(packed.dataId),
  };
}

/** The groups in parts whose keys and values fit into the cache's buffer. */
function fitting(
  device: GPUDevice,
  config: PolicyConfig,
  groups: readonly Group[],
  options: SampleOptions,
): (readonly Group[])[] {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits;
  // The pool rounds sizes up by at most an eighth.
  const most = Math.min(MAX_CACHE_BYTES, maxBufferSize, maxStorageBufferBindingSize) * (8 / 9);
  const longest = Math.max(...groups.map(({ tokens }) => tokens.length));
  const bytes = 4 * floatsPerPosition(config) * groups.length * (longest + options.n * options.maxNewTokens);
  if (bytes <= most) return [groups];
  if (groups.length === 1) {
    throw new Error(
      `sample(): the keys and values of ${options.n} completions of one prompt take ${Math.ceil(bytes / 2 ** 20)} MB, and this device allows ${Math.floor(most / 2 ** 20)}; lower rollout.n or rollout.max_new_tokens`,
    );
  }
  const half = Math.ceil(groups.length / 2);
  return [groups.slice(0, half), groups.slice(half)].flatMap((part) =>
    fitting(device, config, part, options),
  );
}

/** Keys and values of one position in all layers. */
function floatsPerPosition({ hidden_size, num_hidden_layers }: PolicyConfig): number {
  return 2 * hidden_size * num_hidden_layers;
}

function pack(backend: EngineBackend, { config, parameters }: Policy, form: PackedForm): tf.TensorInfo {
  const { table, floats } = packing(config, form);
  const moves = backend.makeTensorInfo([table.length], 'int32', table);
  const packed = backend.make([floats]);
  const share = 1024;
  backend.dispatch(PACK, {
    reads: [moves, parameters],
    writes: [packed],
    uniforms: [share],
    threads: (table.length / MOVE_WORDS) * share,
  });
  backend.disposeData(moves.dataId);
  return packed;
}

async function sampleGroups(
  backend: EngineBackend,
  policy: Policy,
  weights: tf.TensorInfo,
  choice: Choice,
  groups: readonly Group[],
  options: SampleOptions,
): Promise<Sampled[][]> {
  const { n, maxNewTokens, eosId, temperature, topP, seed, stream } = options;
  const { config, rotary } = policy;
  const results = groups.map(() =>
    Array.from({ length: n }, (): Sampled => ({ tokens: [], logProbs: [], terminated: false })),
  );
  const readers = readersOf(groups);
  let rows: Row[] = results.flatMap((group, i) =>
    group.map((out, j) => ({ ...readers[i], row: i * n + j, draw: readers[i].draw + j, out })),
  );
  const prefixPositions = Math.max(1, ...readers.map(({ prefix }) => prefix));
  const perPosition = floatsPerPosition(config);
  const [key0, key1] = seedKey(seed);
  const constant = {
    prompts: groups.length,
    prefixPositions,
    ownBase: perPosition * prefixPositions * groups.length,
    rows: rows.length,
    ownPositions: maxNewTokens,
    eos: eosId,
    temperature,
    topP,
    key0,
    key1,
    stream,
  };
  const made: tf.TensorInfo[] = [];
  const keep = (info: tf.TensorInfo) => {
    made.push(info);
    return info;
  };
  const tokens = Int32Array.from(groups.flatMap((group) => group.tokens));
  const prompts = keep(backend.makeTensorInfo([tokens.length], 'int32', tokens));
  const cache = keep(backend.make([constant.ownBase + perPosition * maxNewTokens * rows.length]));

  /** Runs some steps of all slots; what they drew, [steps, width, 2], and the milliseconds that it took. */
  const run = async (
    program: Program,
    slots: readonly Slot[],
    steps: number,
    first: number,
    prefill: 0 | 1,
  ) => {
    const workgroups = Math.ceil(slots.length / (prefill ? program.prompts : program.rows));
    const width = workgroups * program.rows;
    const uniforms: Uniforms = { ...constant, steps, first, prefill, width };
    const words = slotWords(slots, width);
    const table = backend.makeTensorInfo([words.length], 'int32', words);
    const memory = backend.make([program.floatsPerRow(prefixPositions + maxNewTokens) * width]);
    const drawn = backend.make([prefill ? 1 : steps * width * 2], 'int32');
    const begun = performance.now();
    backend.dispatch(program.kernel, {
      reads: [table, prompts, weights, rotary.cos, rotary.sin],
      writes: [cache, memory, drawn],
      uniforms: Object.keys(UNIFORMS).map((name) => uniforms[name as keyof Uniforms]),
      threads: workgroups * program.kernel.workgroup,
    });
    const values = (await backend.read(drawn.dataId)) as Int32Array;
    for (const { dataId } of [table, memory, drawn]) backend.disposeData(dataId);
    return { values, width, ms: performance.now() - begun };
  };

  try {
    const pace = pacer();
    const reading = choice.pick(rows.length);
    const blocks = Math.ceil(Math.max(...readers.map(({ prefix }) => prefix)) / reading.positions);
    for (let first = 0; first < blocks; ) {
      const steps = pace.steps(blocks - first);
      pace.took((await run(reading, readers, steps, first, 1)).ms, steps);
      first += steps;
    }
    for (let first = 0; rows.length > 0; ) {
      const steps = pace.steps(maxNewTokens - first);
      const program = choice.pick(rows.length);
      const { values, width, ms } = await run(program, rows, steps, first, 0);
      pace.took(ms, steps);
      choice.took(program, rows.length, ms / steps);
      take(rows, values, steps, width, eosId);
      first += steps;
      rows = rows.filter(({ out }) => !out.terminated && out.tokens.length < maxNewTokens);
    }
  } finally {
    for (const { dataId } of made) backend.disposeData(dataId);
  }
  return results;
}

/** A slot for each prompt. Its last token is not cached: each row reads it, and draws what follows. */
function readersOf(groups: readonly Group[]): Slot[] {
  let offset = 0;
  return groups.map(({ tokens, draw }, prompt) => {
    const slot = { row: prompt, prompt, offset, prefix: tokens.length - 1, draw, next: tokens.at(-1)! };
    offset += tokens.length;
    return slot;
  });
}

/** Appends what each row drew, up to its end. */
function take(rows: readonly Row[], values: Int32Array, steps: number, width: number, eosId: number): void {
  const floats = new Float32Array(values.buffer);
  rows.forEach((row, i) => {
    const { out } = row;
    for (let step = 0; step < steps && !out.terminated; step++) {
      const at = 2 * (step * width + i);
      out.tokens.push(values[at]);
      out.logProbs.push(floats[at + 1]);
      out.terminated = values[at] === eosId;
    }
    row.next = out.tokens.at(-1)!;
  });
}

/** Chooses the steps of each dispatch by what the ones before took. */
function pacer() {
  let most = 1;
  return {
    steps: (left: number) => Math.min(most, left),
    took: (ms: number, steps: number) => {
      most = Math.max(1, Math.min(MAX_STEPS, 2 * steps, Math.floor((TARGET_MS * steps) / ms)));
    },
  };
}
