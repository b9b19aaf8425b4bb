import type { StepTiming } from './bench.ts';
import {
  casePrompts,
  flops,
  type ModelCase,
  modelConfig,
  type Product,
  parameterCount,
  stepProducts,
} from './cases.ts';
import type { Backend, RolloutJob } from './contender.ts';
import type { Participant, Stage } from './stage.ts';
import { openTorch, pythonWithTorch } from './torch.ts';

/** How much to measure. */
export interface Plan {
  contenders: string[];
  /** Whether to measure PyTorch too, where it is installed; on the CPU, and so beside wasm. */
  torch: boolean;
  sizes: string[];
  /** Of a training step. */
  sequences: number;
  length: number;
  /** Rows decoded together; each prompt has 8 completions, as in a group. */
  rolloutRows: number[];
  promptLength: number;
  newTokens: number;
  /** Seconds that repetitions of one measurement may take for each contender; one is always made. */
  seconds: number;
  repetitions: number;
}

/** Repeated figures of one contender: all of them, in order. */
export interface TrainingRow {
  contender: string;
  /** Seconds of a step, one for each repetition. */
  seconds: number[];
  firstStepSeconds: number;
  loss: number;
  gradientNorm: number;
  lossAfterOneStep: number;
  dispatches: number;
  createdGpuBytes: number;
  /** Held after the repetitions. */
  gpuBytes: number;
  wasmBytes: number;
}

export interface RolloutRow {
  contender: string;
  decoding: string;
  rows: number;
  /** Of the prompts, and new tokens made; fewer than planned where time ran out. */
  promptLength: number;
  newTokens: number;
  tokensPerSecond: number[];
  /** For each position of the whole batch. */
  dispatchesPerPosition: number;
}

export interface ProductRow {
  product: Product;
  /** By contender, in 1e9 multiplications and additions a second. */
  gflops: Record<string, number>;
}

/** Everything about one size on one backend. */
export interface SizeResult {
  size: string;
  parameters: number;
  tokensPerStep: number;
  /** Seconds that repetitions of a measurement were given. */
  paced: number;
  training: TrainingRow[];
  rollouts: RolloutRow[];
  products: ProductRow[];
  /** Seconds that a step's linear layers take with the best product of any contender (but PyTorch), shape by shape. */
  rooflineSeconds: number;
  /** Contenders that failed or disagreed, with the reason. */
  failures: Record<string, string>;
}

/** Relative differences beyond which two contenders do not compute the same thing. */
const TOLERANCE = { loss: 1e-4, gradientNorm: 2e-3, lossAfterOneStep: 2e-3 };

/** Greedy rows may part where two tokens are nearly tied. */
const MIN_EQUAL_ROWS = 0.9;

/** Completions of a prompt. */
const GROUP = 8;

/** Seconds after which a contender that does not answer is taken for stuck. */
const PATIENCE = 400;

/** Rejects when the promise takes longer than that. */
async function within<T>(seconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${seconds} seconds`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Measures one size on one backend, every contender in a worker of its own and all in turn. */
export async function measureSize(
  stage: Stage,
  backend: Backend,
  size: string,
  plan: Plan,
  log: (line: string) => void,
): Promise<{ result: SizeResult; devices: Record<string, string> }> {
  const positions = Math.max(plan.length, plan.promptLength + plan.newTokens);
  const model: ModelCase = {
    config: modelConfig(size, positions),
    sequences: plan.sequences,
    length: plan.length,
  };
  const devices: Record<string, string> = {};
  const failures: Record<string, string> = {};
  let running: Participant[] = [];

  /** Does something with each contender in turn; one that fails is out. */
  async function each<T>(
    what: string,
    work: (participant: Participant) => Promise<T>,
  ): Promise<Map<string, T>> {
    const results = new Map<string, T>();
    for (const participant of running) {
      try {
        results.set(participant.name, await within(PATIENCE, work(participant)));
      } catch (error) {
        failures[participant.name] = `${what}: ${(error as Error).message.split('\n')[0]}`;
        log(`${participant.name} is out: ${failures[participant.name]}`);
        await participant.close();
      }
    }
    running = running.filter(({ name }) => !(name in failures));
    return results;
  }

  for (const name of plan.contenders) {
    try {
      running.push(await stage.open(name, backend));
    } catch (error) {
      failures[name] = `start: ${(error as Error).message.split('\n')[0]}`;
      log(`${name} is out: ${failures[name]}`);
    }
  }
  const python = backend === 'wasm' && plan.torch ? pythonWithTorch() : undefined;
  if (python) running.push(openTorch(python));
  try {
    await each('start', async ({ name, bench }) => {
      devices[name] = await bench.start(backend);
      await bench.load(model);
    });
    if (running.length === 0) throw new Error(`${backend}: no contender started`);
    log('first steps');
    const training = await measureTraining(each, () => running, plan, log);
    log('products');
    const products = await measureProducts(each, stepProducts(model), plan);
    log('rollouts');
    // Everyone has made another number of steps by now.
    await each('load', ({ bench }) => bench.load(model));
    const rollouts = await measureRollouts(each, () => running, model, plan, log);
    const rooflineSeconds = products.reduce((sum, { product, gflops }) => {
      const rates = Object.entries(gflops).map(([name, rate]) => (name === 'pytorch' ? 0 : rate));
      return sum + (product.times * flops(product)) / (1e9 * Math.max(...rates));
    }, 0);
    const result = {
      size,
      parameters: parameterCount(model.config),
      tokensPerStep: model.sequences * model.length,
      paced: plan.seconds,
      training,
      rollouts,
      products,
      rooflineSeconds,
      failures,
    };
    return { result, devices };
  } finally {
    for (const { close } of running) await close();
  }
}

type Each = <T>(what: string, work: (participant: Participant) => Promise<T>) => Promise<Map<string, T>>;

/** Throws where a figure is not the first contender's. */
function agree(
  what: keyof typeof TOLERANCE,
  value: number,
  reference: { name: string; value: number },
): void {
  const difference = Math.abs(value - reference.value) / Math.abs(reference.value);
  if (difference <= TOLERANCE[what]) return;
  throw new Error(`${what} is ${value}, but ${reference.value} in ${reference.name}: not the same model`);
}

/** Repeats in turn until every contender has enough repetitions or has spent its seconds. */
async function repeat(
  each: Each,
  what: string,
  plan: Plan,
  work: (participant: Participant) => Promise<number>,
): Promise<void> {
  const spent = new Map<string, number>();
  for (let round = 0; round < plan.repetitions; round++) {
    let busy = false;
    await each(what, async (participant) => {
      const before = spent.get(participant.name) ?? 0;
      // Another repetition would take about as long as those before it.
      if (round > 0 && before + before / round > plan.seconds) return;
      spent.set(participant.name, before + (await work(participant)));
      busy = true;
    });
    if (!busy) return;
  }
}

async function measureTraining(
  each: Each,
  running: () => Participant[],
  plan: Plan,
  log: (line: string) => void,
): Promise<TrainingRow[]> {
  let reference: { name: string; loss: number; gradientNorm: number; after: number } | undefined;
  const firsts = await each('first step', async ({ name, bench }) => {
    const first = await bench.firstStep();
    const second = await bench.steps(1);
    reference ??= { name, loss: first.loss, gradientNorm: first.gradientNorm, after: second.loss };
    agree('loss', first.loss, { name: reference.name, value: reference.loss });
    agree('gradientNorm', first.gradientNorm, { name: reference.name, value: reference.gradientNorm });
    agree('lossAfterOneStep', second.loss, { name: reference.name, value: reference.after });
    log(
      `  ${name}: ${first.seconds.toFixed(1)} s, then ${(second.seconds * 1000).toFixed(0)} ms; loss ${first.loss.toFixed(5)}`,
    );
    return { ...first, second };
  });
  const timings = new Map<string, StepTiming[]>(running().map(({ name }) => [name, []]));
  await repeat(each, 'training step', plan, async ({ name, bench }) => {
    const { second } = firsts.get(name)!;
    if (second.seconds > plan.seconds) {
      // The second step, compiled and warm, is the one repetition that there is time for.
      timings.get(name)!.push(second);
      return second.seconds;
    }
    // Short steps are timed several at once, so that waiting for the device counts once.
    const count = Math.max(1, Math.min(50, Math.round(plan.seconds / 20 / second.seconds)));
    const timing = await bench.steps(count);
    timings.get(name)!.push(timing);
    return timing.seconds * count;
  });
  const memory = await each('memory', ({ bench }) => bench.memory());
  return running().map(({ name }) => {
    const first = firsts.get(name)!;
    const all = timings.get(name)!;
    const last = all.at(-1)!;
    const { gpuBytes, wasmBytes } = memory.get(name)!;
    return {
      contender: name,
      seconds: all.map(({ seconds }) => seconds),
      firstStepSeconds: first.seconds,
      loss: first.loss,
      gradientNorm: first.gradientNorm,
      lossAfterOneStep: first.second.loss,
      dispatches: last.dispatches,
      createdGpuBytes: last.createdGpuBytes,
      gpuBytes,
      wasmBytes,
    };
  });
}

async function measureProducts(each: Each, products: Product[], plan: Plan): Promise<ProductRow[]> {
  const rows: ProductRow[] = [];
  for (const product of products) {
    const seconds = await each('product', ({ bench }) => bench.product(product, plan.seconds / 120));
    const gflops = Object.fromEntries([...seconds].map(([name, s]) => [name, flops(product) / s / 1e9]));
    rows.push({ product, gflops });
  }
  return rows;
}

async function measureRollouts(
  each: Each,
  running: () => Participant[],
  { config }: ModelCase,
  plan: Plan,
  log: (line: string) => void,
): Promise<RolloutRow[]> {
  const { promptLength, newTokens, seconds } = plan;
  const ways = await each('decodings', ({ bench }) => bench.decodings());
  let reference: { name: string; tokens: number[][] } | undefined;
  const greedy: RolloutJob = {
    prompts: casePrompts(config, GROUP, promptLength),
    n: 1,
    newTokens: Math.min(3, newTokens),
    temperature: 0,
    seconds: Number.POSITIVE_INFINITY,
  };
  await each('greedy rollout', async ({ name, bench }) => {
    for (const decoding of ways.get(name)!) {
      const { tokens } = await bench.rollout(greedy, decoding, true);
      reference ??= { name, tokens: tokens! };
      const equal = reference.tokens.filter((row, i) => row.join() === tokens![i].join()).length;
      if (equal < MIN_EQUAL_ROWS * reference.tokens.length)
        throw new Error(
          `${equal} of ${reference.tokens.length} greedy rows are as in ${reference.name}: ${tokens![0]} / ${reference.tokens[0]}`,
        );
    }
  });

  const results: RolloutRow[] = [];
  for (const rows of plan.rolloutRows) {
    log(`  batch ${rows}`);
    const prompts = casePrompts(config, rows / GROUP, promptLength);
    const job: RolloutJob = { prompts, n: GROUP, newTokens, temperature: 1, seconds: seconds / 2 };
    const cells = new Map<string, RolloutRow>();
    await each('rollout', async ({ name, bench }) => {
      for (const decoding of ways.get(name)!) {
        // Stops at once, when everything has been compiled.
        await bench.rollout({ ...job, seconds: 0 }, decoding);
        cells.set(`${name} ${decoding}`, {
          contender: name,
          decoding,
          rows,
          promptLength,
          newTokens: 0,
          tokensPerSecond: [],
          dispatchesPerPosition: 0,
        });
      }
    });
    for (const decoding of new Set([...ways.values()].flat())) {
      await repeat(each, 'rollout', plan, async ({ name, bench }) => {
        const cell = cells.get(`${name} ${decoding}`);
        if (!cell) return 0;
        const timing = await bench.rollout(job, decoding);
        cell.tokensPerSecond.push(timing.tokensPerSecond);
        cell.newTokens = timing.length;
        cell.dispatchesPerPosition = timing.dispatches / timing.length;
        return timing.seconds;
      });
    }
    const alive = new Set(running().map(({ name }) => name));
    results.push(...[...cells.values()].filter(({ contender }) => alive.has(contender)));
  }
  return results;
}
