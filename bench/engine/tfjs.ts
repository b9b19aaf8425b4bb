import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { layoutOf, type PolicyConfig } from '../../src/policy/config.ts';
import { ADAM, caseTokens, caseWeights, type ModelCase } from './cases.ts';
import { type Backend, type Contender, collector, type Rollout, type RolloutJob } from './contender.ts';
import { syncTfjs } from './sync.ts';

type Variables = Record<string, tf.Variable>;

/** What a layer's keys and values go through on their way to attention; a cache adds the earlier ones. */
type Remember = (layer: number, keys: tf.Tensor4D, values: tf.Tensor4D) => [tf.Tensor4D, tf.Tensor4D];

const forgetful: Remember = (_, keys, values) => [keys, values];

function variablesOf(config: PolicyConfig, weights: Float32Array): Variables {
  return Object.fromEntries(
    layoutOf(config).map(({ name, shape, offset, size }) => [
      name,
      tf.variable(tf.tensor(weights.slice(offset, offset + size), shape)),
    ]),
  );
}

function rmsNorm(x: tf.Tensor2D, gain: tf.Tensor, epsilon: number): tf.Tensor2D {
  const meanSquare = tf.mean(tf.square(x), -1, true);
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), gain);
}

/** cos and sin of the angles at positions from `start` on, [length, half]. */
function rotary(config: PolicyConfig, start: number, length: number): [tf.Tensor2D, tf.Tensor2D] {
  const half = config.hidden_size / config.num_attention_heads / 2;
  const angles = Array.from({ length: length * half }, (_, i) => {
    return (start + Math.floor(i / half)) * config.rope_theta ** (-(i % half) / half);
  });
  return [
    tf.tensor2d(angles.map(Math.cos), [length, half]),
    tf.tensor2d(angles.map(Math.sin), [length, half]),
  ];
}

function rotate(x: tf.Tensor4D, [cos, sin]: [tf.Tensor2D, tf.Tensor2D]): tf.Tensor4D {
  const [a, b] = tf.split(x, 2, -1);
  const first = tf.sub(tf.mul(a, cos), tf.mul(b, sin));
  return tf.concat([first, tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1) as tf.Tensor4D;
}

/** Hidden states [rows * length, width] of token numbers [rows, length] at positions from `start` on. */
function hiddenStates(
  weights: Variables,
  config: PolicyConfig,
  tokens: tf.Tensor2D,
  start = 0,
  remember = forgetful,
): tf.Tensor2D {
  const { hidden_size: d, num_attention_heads: heads, vocab_size, rms_norm_eps: epsilon } = config;
  const [rows, length] = tokens.shape;
  const headSize = d / heads;
  const angles = rotary(config, start, length);
  const above = tf.range(0, length);
  const hidden = tf.greater(tf.expandDims(above, 0), tf.expandDims(above, 1));
  const mask = tf.mul(tf.cast(hidden, 'float32'), -1e9);
  // tf.gather has no gradient on wasm, so the embedding is the usual one-hot product.
  const choice = tf.cast(tf.oneHot(tf.reshape(tokens, [-1]), vocab_size), 'float32');
  let x: tf.Tensor2D = tf.matMul(choice as tf.Tensor2D, weights.embedding as tf.Tensor as tf.Tensor2D);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const matrix = (name: string) => weights[`layers.${i}.${name}`] as tf.Tensor as tf.Tensor2D;
    const qkv = tf.matMul(rmsNorm(x, matrix('attention_norm'), epsilon), matrix('qkv'));
    const [q, k, v] = tf
      .split(qkv, 3, 1)
      .map((part) =>
        tf.transpose(tf.reshape(part, [rows, length, heads, headSize]), [0, 2, 1, 3]),
      ) as tf.Tensor4D[];
    const [keys, values] = remember(i, rotate(k, angles), v);
    const scores = tf.mul(tf.matMul(rotate(q, angles), keys, false, true), 1 / Math.sqrt(headSize));
    const mixed = tf.matMul(tf.softmax(length > 1 ? tf.add(scores, mask) : scores), values);
    const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows * length, d]) as tf.Tensor2D;
    x = tf.add(x, tf.matMul(joined, matrix('attention_out'))) as tf.Tensor2D;
    const [gate, up] = tf.split(tf.matMul(rmsNorm(x, matrix('mlp_norm'), epsilon), matrix('gate_up')), 2, 1);
    const inner = tf.mul(tf.mul(gate, tf.sigmoid(gate)), up) as tf.Tensor2D;
    x = tf.add(x, tf.matMul(inner, matrix('down'))) as tf.Tensor2D;
  }
  return rmsNorm(x, weights.norm, epsilon);
}

/** The states [rows, width] of each row's last position. */
function lastOf(states: tf.Tensor2D, [rows, length]: [number, number]): tf.Tensor2D {
  const grid = tf.reshape(states, [rows, length, states.shape[1]]) as tf.Tensor3D;
  return tf.reshape(tf.slice(grid, [0, length - 1, 0], [-1, 1, -1]), [rows, states.shape[1]]);
}

function logitsOf(weights: Variables, hidden: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(hidden, weights.embedding as tf.Tensor as tf.Tensor2D, false, true);
}

/** Token numbers of the next position, [rows, 1]: Gumbel-argmax, for tf.multinomial is broken on WebGPU. */
function draw(logits: tf.Tensor2D, temperature: number): tf.Tensor2D {
  const uniform = () => tf.randomUniform(logits.shape, 1e-7, 1);
  const noisy =
    temperature > 0 ? tf.sub(tf.div(logits, temperature), tf.log(tf.neg(tf.log(uniform())))) : logits;
  return tf.expandDims(tf.argMax(noisy, 1), 1) as tf.Tensor2D;
}

function repeatRows<T extends tf.Tensor>(x: T, n: number): T {
  const rows = Int32Array.from({ length: x.shape[0] * n }, (_, i) => Math.floor(i / n));
  return tf.gather(x, tf.tensor1d(rows, 'int32')) as T;
}

const intTokens = (tokens: number[][]) => tf.tensor2d(tokens, undefined, 'int32');

/** The usual way: the tape of tf.variableGrads, tf.train.adam, padded batches, a function call an op. */
export function plainTfjs(startBackend: (backend: Backend) => Promise<string>): Contender {
  let model: ModelCase;
  let weights: Variables = {};
  let optimizer: tf.Optimizer | undefined;
  let inputs: tf.Tensor2D;
  let targets: tf.Tensor1D;

  const loss = () => {
    const logits = logitsOf(weights, hiddenStates(weights, model.config, inputs));
    const choice = tf.cast(tf.oneHot(targets, model.config.vocab_size), 'float32');
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), choice), 1))) as tf.Scalar;
  };

  async function withoutCache(job: RolloutJob): Promise<Rollout> {
    const collected = collector(job);
    let tokens = tf.tidy(() => repeatRows(intTokens(job.prompts), job.n));
    while (!collected.isDone()) {
      const next = tf.tidy(() => {
        const hidden = lastOf(hiddenStates(weights, model.config, tokens), tokens.shape);
        return draw(logitsOf(weights, hidden), job.temperature);
      });
      collected.add(await next.data());
      const grown = tf.concat([tokens, next], 1) as tf.Tensor2D;
      tf.dispose([tokens, next]);
      tokens = grown;
    }
    tokens.dispose();
    return collected.result();
  }

  async function withCache(job: RolloutJob): Promise<Rollout> {
    const collected = collector(job);
    const { config } = model;
    const cache: [tf.Tensor4D, tf.Tensor4D][] = [];
    const replace = (layer: number, keys: tf.Tensor4D, values: tf.Tensor4D): [tf.Tensor4D, tf.Tensor4D] => {
      if (cache[layer]) tf.dispose(cache[layer]);
      cache[layer] = [tf.keep(keys), tf.keep(values)];
      return cache[layer];
    };
    const grow: Remember = (layer, keys, values) => {
      const [oldKeys, oldValues] = cache[layer];
      return replace(layer, tf.concat([oldKeys, keys], 2), tf.concat([oldValues, values], 2));
    };
    // Each prompt is read once; then its row is repeated.
    let next = tf.tidy(() => {
      const prompts = intTokens(job.prompts);
      const states = hiddenStates(weights, config, prompts, 0, (layer, keys, values) => {
        replace(layer, repeatRows(keys, job.n), repeatRows(values, job.n));
        return [keys, values];
      });
      const logits = logitsOf(weights, lastOf(states, prompts.shape));
      return draw(repeatRows(logits, job.n), job.temperature);
    });
    collected.add(await next.data());
    for (let position = job.prompts[0].length; !collected.isDone(); position++) {
      const drawn = tf.tidy(() => {
        const hidden = hiddenStates(weights, config, next, position, grow);
        return draw(logitsOf(weights, hidden), job.temperature);
      });
      next.dispose();
      next = drawn;
      collected.add(await next.data());
    }
    tf.dispose([next, cache]);
    return collected.result();
  }

  return {
    start: startBackend,
    async load(next) {
      tf.dispose([weights, inputs, targets]);
      optimizer?.dispose();
      model = next;
      weights = variablesOf(next.config, caseWeights(next));
      optimizer = tf.train.adam(ADAM.lr, ADAM.beta1, ADAM.beta2, ADAM.epsilon);
      const tokens = caseTokens(next);
      inputs = intTokens(tokens.map((row) => row.slice(0, -1)));
      targets = tf.tensor1d(
        tokens.flatMap((row) => row.slice(1)),
        'int32',
      );
    },
    async firstStep() {
      const { value, grads } = tf.variableGrads(loss, Object.values(weights));
      const squares = tf.tidy(() => tf.stack(Object.values(grads).map((g) => tf.sum(tf.square(g)))));
      const gradientNorm = Math.sqrt(Array.from(await squares.data()).reduce((a, b) => a + b, 0));
      optimizer!.applyGradients(grads);
      const result = { loss: (await value.data())[0], gradientNorm };
      tf.dispose([value, grads, squares]);
      return result;
    },
    async step() {
      const value = optimizer!.minimize(loss, true, Object.values(weights))!;
      const result = (await value.data())[0];
      value.dispose();
      return result;
    },
    rollouts: { cache: withCache, 'no cache': withoutCache },
    async product({ m, k, n, transposeA, transposeB }) {
      const a = tf.randomNormal(transposeA ? [k, m] : [m, k]) as tf.Tensor2D;
      const b = tf.randomNormal(transposeB ? [n, k] : [k, n]) as tf.Tensor2D;
      return {
        multiply: () => tf.matMul(a, b, transposeA, transposeB).dispose(),
        dispose: () => tf.dispose([a, b]),
      };
    },
    sync: syncTfjs,
  };
}
