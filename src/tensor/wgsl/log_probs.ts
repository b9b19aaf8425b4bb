import { laneCode } from './lanes.ts';
import type { Op } from './register.ts';
import { variants } from './variants.ts';

/** For each row: the target's log-probability, the entropy (nats) and log sum exp, [3, rows]. */
const forward = variants((lanes: number) => ({
  name: `logProbs ${lanes}`,
  reads: { logits: 'f32', targets: 'i32' },
  writes: { out: 'f32' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  subgroups: lanes > 1,
  code: `${laneCode(lanes)}
fn run(index: u32) {
  let row = min(index / LANES, u.rows - 1u);
  let lane = index % LANES;
  let start = row * u.width;
  var own = -3.4e38;
  for (var c = lane; c < u.width; c += LANES) { own = max(own, logits[start + c]); }
  let top = largest(own);
  var sum = 0.0;
  var products = 0.0;
  for (var c = lane; c < u.width; c += LANES) {
    let z = logits[start + c] - top;
    let e = exp(z);
    sum += e;
    products += e * z;
  }
  let all = total(sum);
  let logSum = log(all);
  let mean = total(products) / all;
  if (lane == 0u) {
    out[row] = logits[start + u32(targets[row])] - top - logSum;
    out[u.rows + row] = logSum - mean;
    out[2u * u.rows + row] = logSum + top;
  }
}`,
}));

/** dlogits = dlogp (onehot - p) - dentropy p (log p + entropy); probabilities are made again, not kept. */
const backward = variants((lanes: number) => ({
  name: `logProbsGrad ${lanes}`,
  reads: { logits: 'f32', targets: 'i32', out: 'f32', dout: 'f32' },
  writes: { dlogits: 'f32' },
  uniforms: { rows: 'u32', width: 'u32' },
  workgroup: 64,
  code: `const LANES = ${lanes}u;
fn run(index: u32) {
  let row = index / LANES;
  if (row >= u.rows) { return; }
  let entropy = out[u.rows + row];
  let logSum = out[2u * u.rows + row];
  let dlogp = dout[row];
  let dentropy = dout[u.rows + row];
  let goal = u32(targets[row]);
  for (var c = index % LANES; c < u.width; c += LANES) {
    let z = logits[row * u.width + c] - logSum;
    let d = -exp(z) * (dlogp + dentropy * (entropy + z));
    dlogits[row * u.width + c] = d + select(0.0, dlogp, c == goal);
  }
}`,
}));

/** The contracts of LogProbs and LogProbsGrad; see ../log_probs.ts. */
export const LOG_PROBS: Op = {
  kernels: ({ lanes }) => [forward(lanes), backward(lanes)],
  bodies: {
    LogProbs(backend, { logits, targets }) {
      const [rows, n] = logits.shape;
      const out = backend.make([3, rows]);
      backend.dispatch(forward(backend.lanes), {
        reads: [logits, targets],
        writes: [out],
        uniforms: [rows, n],
        threads: rows * backend.lanes,
      });
      return [out];
    },
    LogProbsGrad(backend, { logits, targets, out, dout }) {
      const [rows, n] = logits.shape;
      const dlogits = backend.make([rows, n]);
      backend.dispatch(backward(backend.lanes), {
        reads: [logits, targets, out, dout],
        writes: [dlogits],
        uniforms: [rows, n],
        threads: rows * backend.lanes,
      });
      return [dlogits];
    },
  },
};
