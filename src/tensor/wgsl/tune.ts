import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { EngineBackend } from './backend.ts';
import type { Kernel } from './kernel.ts';
import { laneCode } from './lanes.ts';
import { CHUNK, type Form, matmulKernel, multiply, type Variant, variantName } from './matmul.ts';

/** What a device was found to do best. */
interface Choice {
  lanes: number;
  matmul: Record<Form, Variant>;
}

/** Choices by adapter: a device that replaces a lost one need not be measured again. */
const known = new Map<string, Choice>();

/** A measurement shorter than this says little; the work is repeated to reach it. */
const MEASURE_MS = 2;
const MOST_REPEATS = 64;

/** On a processor: docs/engine.md says why, and why it is not measured anew. */
export const SOFTWARE: Variant = { rows: 12, columns: 16, shared: false };

/** Register tiles of two sizes, and blocks in the memory of a workgroup. */
export const HARDWARE: Variant[] = [
  { rows: 8, columns: 8, shared: false },
  { rows: 4, columns: 4, shared: false },
  { rows: 4, columns: 4, shared: true },
];

/**
 * Chooses the kernels' variants by measurement, the first time that an adapter is met.
 * @param tokens rows of the measured batch; a GPU needs many to be busy
 * @returns the choice in words
 */
export async function tune(
  backend: EngineBackend,
  adapter: string,
  software: boolean,
  tokens = 8 * CHUNK,
): Promise<string> {
  const choice = known.get(adapter) ?? {
    lanes: software ? 1 : await lanesOf(backend),
    matmul: {
      nn: software ? SOFTWARE : await fastest(backend, 'nn', tokens),
      nt: software ? SOFTWARE : await fastest(backend, 'nt', tokens),
      tn: software ? SOFTWARE : await fastest(backend, 'tn', tokens),
    },
  };
  known.set(adapter, choice);
  backend.lanes = choice.lanes;
  backend.matmul = choice.matmul;
  const products = Object.entries(choice.matmul).map(([form, variant]) => `${form} ${variantName(variant)}`);
  return `matmul ${products.join(', ')}; ${choice.lanes} lane${choice.lanes > 1 ? 's' : ''} a row`;
}

/**
 * Invocations that may share a row: the adapter's smallest subgroup, when shuffles there do what `laneCode`
 * expects (the standard does not promise that neighbours in a workgroup are neighbours in a subgroup). Never
 * chosen by time, for sums depend on it.
 */
async function lanesOf(backend: EngineBackend): Promise<number> {
  const { features, adapterInfo } = backend.device;
  const lanes = Math.min(32, (adapterInfo as { subgroupMinSize?: number }).subgroupMinSize ?? 1);
  if (lanes < 2 || !features.has('subgroups' as GPUFeatureName)) return 1;
  const probe: Kernel = {
    name: `lanes ${lanes}`,
    reads: {},
    writes: { sums: 'f32' },
    uniforms: { count: 'u32' },
    workgroup: 64,
    subgroups: true,
    code: `${laneCode(lanes)}
fn run(index: u32) { sums[index] = total(f32(index)); }`,
  };
  const threads = 256;
  const sums = backend.make([threads]);
  backend.dispatch(probe, { reads: [], writes: [sums], uniforms: [threads], threads });
  const found = (await backend.read(sums.dataId)) as Float32Array;
  backend.disposeData(sums.dataId);
  const first = (i: number) => Math.floor(i / lanes) * lanes;
  return found.every((sum, i) => sum === lanes * (first(i) + (lanes - 1) / 2)) ? lanes : 1;
}

/** The fastest variant of a product whose bits are those of the first. */
async function fastest(backend: EngineBackend, form: Form, tokens: number): Promise<Variant> {
  const [m, n, k] = { nn: [tokens, 192, 64], nt: [tokens, 64, 192], tn: [64, 192, tokens] }[form];
  await backend.pipelines.compile(HARDWARE.map((variant) => matmulKernel(form, variant)));
  const a = operand(backend, form === 'tn' ? [k, m] : [m, k]);
  const b = operand(backend, form === 'nt' ? [n, k] : [k, n]);
  let expected: Float32Array | undefined;
  let best = { variant: HARDWARE[0], ms: Number.POSITIVE_INFINITY };
  for (const variant of HARDWARE) {
    const out = multiply(backend, form, variant, a, b);
    const values = (await backend.read(out.dataId)) as Float32Array;
    backend.disposeData(out.dataId);
    expected ??= values;
    // A compiler may contract a product and a sum into one rounding here and not there.
    if (!values.every((value, i) => value === expected![i])) continue;
    const ms = await measure(backend, () => {
      backend.disposeData(multiply(backend, form, variant, a, b).dataId);
    });
    if (ms < best.ms) best = { variant, ms };
  }
  for (const info of [a, b]) backend.disposeData(info.dataId);
  return best.variant;
}

/** Milliseconds of one run of `work`, the best of three. */
async function measure(backend: EngineBackend, work: () => void): Promise<number> {
  const timed = async (repeats: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) work();
    backend.flush();
    await backend.device.queue.onSubmittedWorkDone();
    return (performance.now() - start) / repeats;
  };
  const first = await timed(1);
  const repeats = Math.min(MOST_REPEATS, Math.max(1, Math.ceil(MEASURE_MS / first)));
  return Math.min(await timed(repeats), await timed(repeats), await timed(repeats));
}

/** Numbers in [-1, 1] that are the same each time. */
function operand(backend: EngineBackend, shape: number[]): TensorInfo {
  const values = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) =>
    Math.fround(((i * 7919) % 2017) / 1008 - 1),
  );
  return backend.makeTensorInfo(shape, 'float32', values);
}
