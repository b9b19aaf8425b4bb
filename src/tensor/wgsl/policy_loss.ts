import type { Kernel } from './kernel.ts';
import { laneCode } from './lanes.ts';
import type { Op } from './register.ts';
import { variants } from './variants.ts';

/** Loss of each token times its weight, and its derivatives by log-probability and entropy, [3, rows]. */
const perToken: Kernel = {
  name: 'policyLoss',
  reads: { logProbs: 'f32', entropy: 'f32', constants: 'f32', spans: 'i32' },
  writes: { out: 'f32' },
  uniforms: {
    rows: 'u32',
    mode: 'u32',
    low: 'f32',
    high: 'f32',
    bound: 'f32',
    klType: 'u32',
    klCoef: 'f32',
    entropyCoef: 'f32',
    maxLogRatio: 'f32',
    maxKl: 'f32',
  },
  workgroup: 64,
  code: `const VANILLA = 0u;
const GSPO = 1u;
const CISPO = 2u;
fn within(x: f32, low: f32, high: f32) -> f32 { return select(0.0, 1.0, x >= low && x <= high); }
fn run(i: u32) {
  if (i >= u.rows) { return; }
  let logProb = logProbs[i];
  let negative = -constants[u.rows + i];
  let weight = constants[2u * u.rows + i];
  var logRatio = logProb - constants[i];
  if (u.mode == GSPO) {
    logRatio = 0.0;
    for (var j = spans[i]; j < spans[u.rows + i]; j++) { logRatio += logProbs[j] - constants[j]; }
    logRatio /= f32(spans[u.rows + i] - spans[i]);
  }
  let ratio = exp(clamp(logRatio, -u.maxLogRatio, u.maxLogRatio));
  let clipped = clamp(ratio, u.low, u.high);
  var loss = negative * clipped * logProb;
  var slope = negative * clipped;
  if (u.mode != CISPO) {
    let isOpen = negative * ratio >= negative * clipped;
    let pessimistic = select(negative * clipped, negative * ratio, isOpen);
    let most = select(1e30, negative * u.bound, negative > 0.0);
    loss = min(pessimistic, most);
    let moves = select(within(ratio, u.low, u.high), 1.0, isOpen) * within(logRatio, -u.maxLogRatio, u.maxLogRatio);
    slope = select(0.0, negative * moves * ratio, pessimistic <= most);
  }
  if (u.klCoef != 0.0) {
    let raw = constants[3u * u.rows + i] - logProb;
    let d = clamp(raw, -u.maxLogRatio, u.maxLogRatio);
    var kl = -d;
    var klSlope = 1.0;
    if (u.klType == 2u) {
      kl = 0.5 * d * d;
      klSlope = -d;
    } else if (u.klType == 3u) {
      let k3 = exp(d) - d - 1.0;
      kl = clamp(k3, -u.maxKl, u.maxKl);
      klSlope = (1.0 - exp(d)) * within(k3, -u.maxKl, u.maxKl);
    }
    loss += kl * u.klCoef;
    slope += klSlope * within(raw, -u.maxLogRatio, u.maxLogRatio) * u.klCoef;
  }
  out[i] = (loss - u.entropyCoef * entropy[i]) * weight;
  out[u.rows + i] = slope * weight;
  out[2u * u.rows + i] = -u.entropyCoef * weight;
}`,
};

const sum = variants((lanes: number) => ({
  name: `policyLoss sum ${lanes}`,
  reads: { values: 'f32' },
  writes: { out: 'f32' },
  uniforms: { count: 'u32' },
  workgroup: 64,
  subgroups: lanes > 1,
  code: `${laneCode(lanes)}
fn run(index: u32) {
  var own = 0.0;
  for (var i = index % LANES; i < u.count; i += LANES) { own += values[i]; }
  let all = total(own);
  if (index == 0u) { out[0] = all; }
}`,
}));

const scale: Kernel = {
  name: 'policyLossGrad',
  reads: { slopes: 'f32', dy: 'f32' },
  writes: { dlogProbs: 'f32', dentropy: 'f32' },
  uniforms: { rows: 'u32' },
  workgroup: 64,
  code: `fn run(i: u32) {
  if (i >= u.rows) { return; }
  dlogProbs[i] = slopes[u.rows + i] * dy[0];
  dentropy[i] = slopes[2u * u.rows + i] * dy[0];
}`,
};

/**
 * The contracts of PolicyLoss and PolicyLossGrad; see `policyLoss` in rl/loss.ts. `constants` [4, rows]: old
 * log-probabilities, advantages, weights, reference log-probabilities; `spans` [2, rows]: first token and end of
 * each token's completion.
 */
export const POLICY_LOSS: Op = {
  kernels: ({ lanes }) => [perToken, sum(lanes), scale],
  bodies: {
    PolicyLoss(backend, { logProbs, entropy, constants, spans }, attributes) {
      const rows = logProbs.shape[0];
      const [out, loss] = [backend.make([3, rows]), backend.make([])];
      const { mode, low, high, bound, klType, klCoef, entropyCoef, maxLogRatio, maxKl } = attributes;
      backend.dispatch(perToken, {
        reads: [logProbs, entropy, constants, spans],
        writes: [out],
        uniforms: [rows, mode, low, high, bound, klType, klCoef, entropyCoef, maxLogRatio, maxKl],
        threads: rows,
      });
      backend.dispatch(sum(backend.lanes), {
        reads: [out],
        writes: [loss],
        uniforms: [rows],
        threads: backend.lanes,
      });
      return [loss, out];
    },
    PolicyLossGrad(backend, { slopes, dy }) {
      const rows = slopes.shape[1];
      const writes = [backend.make([rows]), backend.make([rows])];
      backend.dispatch(scale, { reads: [slopes, dy], writes, uniforms: [rows], threads: rows });
      return writes;
    },
  },
};
