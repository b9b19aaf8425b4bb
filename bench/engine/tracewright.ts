import * as tf from '@tensorflow/tfjs-core';
import { createPolicy, disposePolicy, type Policy } from '../../src/policy/policy.ts';
import { sample } from '../../src/policy/sampler.ts';
import { createOptimizer, disposeOptimizer, type Optimizer } from '../../src/rl/optimizer.ts';
import { supervisedUpdate } from '../../src/rl/supervised.ts';
import type { DeviceInfo } from '../../src/tensor/device.ts';
import { hasFused, runFused } from '../../src/tensor/fused.ts';
import { ADAM, caseTokens, caseWeights, type ModelCase } from './cases.ts';
import type { Backend, Contender, Rollout, RolloutJob } from './contender.ts';
import { syncTfjs } from './sync.ts';

/** No decay and a clip that never binds, so that the arithmetic is plain Adam's, as everyone else's. */
const OPTIONS = { beta1: ADAM.beta1, beta2: ADAM.beta2, weight_decay: 0, grad_clip: 1e9 };

/** No token has this number: rows run to their full length. */
const NO_END = 0x7fffffff;

/** Tokens that are always affordable. */
const FEW_TOKENS = 4;

/** This engine, through the functions that its trainer calls. */
export function tracewright(startDevice: (backend: Backend) => Promise<DeviceInfo>): Contender {
  let policy: Policy | undefined;
  let optimizer: Optimizer | undefined;
  let batch: { prompt: number[]; completion: number[] }[] = [];
  const update = () => supervisedUpdate(policy!, optimizer!, batch, ADAM.lr, OPTIONS);
  /** Seconds that a position takes, by the number of rows. */
  const pace = new Map<number, number>();
  const paceOf = ({ n, prompts }: RolloutJob) => pace.get(n * prompts.length) ?? Number.POSITIVE_INFINITY;

  async function decode({ prompts, n, newTokens, temperature }: RolloutJob): Promise<Rollout> {
    const options = { n, maxNewTokens: newTokens, temperature, topP: 1, eosId: NO_END, seed: 1, stream: 1 };
    const groups = await sample(policy!, prompts, options);
    return { rows: groups.flat().map(({ tokens }) => tokens) };
  }

  async function timePosition(job: RolloutJob): Promise<number> {
    const start = performance.now();
    await decode({ ...job, newTokens: FEW_TOKENS });
    return (performance.now() - start) / 1000 / (job.prompts[0].length + FEW_TOKENS);
  }

  return {
    start: async (backend) => (await startDevice(backend)).adapter,
    async load(model: ModelCase) {
      if (policy) disposePolicy(policy);
      if (optimizer) disposeOptimizer(optimizer);
      pace.clear();
      policy = createPolicy(model.config, caseWeights(model));
      optimizer = createOptimizer(policy);
      batch = caseTokens(model).map(([first, ...rest]) => ({ prompt: [first], completion: rest }));
    },
    async firstStep() {
      const { loss, grad_norm } = await update();
      return { loss, gradientNorm: grad_norm };
    },
    step: async () => (await update()).loss,
    rollouts: {
      cache: async (job) => {
        const { prompts, n, seconds } = job;
        if (seconds === Number.POSITIVE_INFINITY) return decode(job);
        const positions = prompts[0].length + job.newTokens;
        if (seconds < paceOf(job) * positions) {
          // The sampler has no clock of its own: what a few tokens took, compiled, says how many there is time for.
          for (let i = 0; i < 2; i++) pace.set(n * prompts.length, await timePosition(job));
        }
        const affordable = Math.floor(seconds / paceOf(job)) - prompts[0].length;
        return decode({ ...job, newTokens: Math.min(job.newTokens, Math.max(FEW_TOKENS, affordable)) });
      },
    },
    async product({ m, k, n, transposeA, transposeB }) {
      const a = tf.randomNormal(transposeA ? [k, m] : [m, k]) as tf.Tensor2D;
      const b = tf.randomNormal(transposeB ? [n, k] : [k, n]) as tf.Tensor2D;
      const multiply = (): tf.Tensor =>
        hasFused('LinearMatMul')
          ? runFused('LinearMatMul', { a, b }, { transposeA, transposeB })[0]
          : tf.matMul(a, b, transposeA, transposeB);
      return { multiply: () => multiply().dispose(), dispose: () => tf.dispose([a, b]) };
    },
    sync: syncTfjs,
  };
}
