import {
  blockUntilReady,
  defaultDevice,
  getWebGPUDevice,
  init,
  type Array as JaxArray,
  jit,
  nn,
  numpy as np,
  random,
  tree,
  valueAndGrad,
} from '@jax-js/jax';
import { layoutOf, type PolicyConfig } from '../../src/policy/config.ts';
import { ADAM, caseTokens, caseWeights, type ModelCase } from './cases.ts';
import { type Backend, type Contender, collector, type Rollout, type RolloutJob } from './contender.ts';

// In jax-js a function owns its arguments and `ref` lends one more use of an array.

type Layer = {
  attention_norm: JaxArray;
  qkv: JaxArray;
  attention_out: JaxArray;
  mlp_norm: JaxArray;
  gate_up: JaxArray;
  down: JaxArray;
};
type Weights = { embedding: JaxArray; layers: Layer[]; norm: JaxArray };

/** Keys and values of each layer, [rows, positions, heads, headSize]. */
type Cache = [keys: JaxArray, values: JaxArray][];

/** What training carries from step to step; `count` is the number of updates. */
type TrainState = { weights: Weights; first: Weights; second: Weights; count: JaxArray };

/** Mixes positions: rotated queries, keys and values, each [rows, length, heads, headSize]. */
type Mixer = (layer: number, q: JaxArray, k: JaxArray, v: JaxArray) => JaxArray;

const causal: Mixer = (_, q, k, v) => nn.dotProductAttention(q, k, v, { isCausal: true });

function weightTree(config: PolicyConfig, flat: Float32Array): Weights {
  const named = Object.fromEntries(
    layoutOf(config).map(({ name, shape, offset, size }) => [
      name,
      np.array(flat.slice(offset, offset + size)).reshape(shape),
    ]),
  );
  const layer = (i: number): Layer => ({
    attention_norm: named[`layers.${i}.attention_norm`],
    qkv: named[`layers.${i}.qkv`],
    attention_out: named[`layers.${i}.attention_out`],
    mlp_norm: named[`layers.${i}.mlp_norm`],
    gate_up: named[`layers.${i}.gate_up`],
    down: named[`layers.${i}.down`],
  });
  return {
    embedding: named.embedding,
    norm: named.norm,
    layers: Array.from({ length: config.num_hidden_layers }, (_, i) => layer(i)),
  };
}

function rmsNorm(x: JaxArray, gain: JaxArray, epsilon: number): JaxArray {
  const meanSquare = np.square(x.ref).mean(-1, { keepdims: true });
  return x.mul(np.reciprocal(np.sqrt(meanSquare.add(epsilon)))).mul(gain);
}

/** cos and sin of all positions' angles, [positions, 1, half]. */
function rotary(config: PolicyConfig, positions: number): [JaxArray, JaxArray] {
  const half = config.hidden_size / config.num_attention_heads / 2;
  const angles = Array.from(
    { length: positions * half },
    (_, i) => Math.floor(i / half) * config.rope_theta ** (-(i % half) / half),
  );
  const table = (f: (angle: number) => number) =>
    np.array(Float32Array.from(angles, f)).reshape([positions, 1, half]);
  return [table(Math.cos), table(Math.sin)];
}

function rotate(x: JaxArray, cos: JaxArray, sin: JaxArray): JaxArray {
  const [a, b] = np.split(x, 2, -1);
  const first = a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref));
  return np.concatenate([first, b.mul(cos).add(a.mul(sin))], -1);
}

/** Hidden states [rows * length, width] of token numbers, flat; cos and sin are those of their positions. */
function hiddenStates(
  weights: Weights,
  config: PolicyConfig,
  tokens: JaxArray,
  rows: number,
  [cos, sin]: [JaxArray, JaxArray],
  mix: Mixer,
): JaxArray {
  const { hidden_size: d, num_attention_heads: heads, rms_norm_eps: epsilon } = config;
  const length = tokens.size / rows;
  let x = weights.embedding.slice(tokens);
  weights.layers.forEach((layer, i) => {
    const qkv = np.matmul(rmsNorm(x.ref, layer.attention_norm, epsilon), layer.qkv);
    const [q, k, v] = np.split(qkv, 3, -1).map((part) => part.reshape([rows, length, heads, d / heads]));
    const mixed = mix(i, rotate(q, cos.ref, sin.ref), rotate(k, cos.ref, sin.ref), v);
    x = x.add(np.matmul(mixed.reshape([rows * length, d]), layer.attention_out));
    const both = np.matmul(rmsNorm(x.ref, layer.mlp_norm, epsilon), layer.gate_up);
    const [gate, up] = np.split(both, 2, -1);
    x = x.add(np.matmul(nn.silu(gate).mul(up), layer.down));
  });
  tree.dispose([cos, sin]);
  return rmsNorm(x, weights.norm, epsilon);
}

function lossOf({ config, sequences, length }: ModelCase) {
  return (weights: Weights, tokens: JaxArray, targets: JaxArray): JaxArray => {
    const embedding = weights.embedding.ref;
    const hidden = hiddenStates(weights, config, tokens, sequences, rotary(config, length), causal);
    const logProbs = nn.logSoftmax(np.matmul(hidden, embedding.transpose()), -1);
    const chosen = logProbs.mul(nn.oneHot(targets, config.vocab_size)).sum();
    return chosen.mul(-1 / (sequences * length));
  };
}

/** One jitted step: loss, gradient and Adam (as optax.adam computes it) in one function. */
function trainStep(model: ModelCase) {
  const differentiate = valueAndGrad(lossOf(model));
  const { lr, beta1, beta2, epsilon } = ADAM;
  return jit((state: TrainState, tokens: JaxArray, targets: JaxArray): [JaxArray, TrainState] => {
    const [loss, gradient] = differentiate(tree.ref(state.weights), tokens, targets) as [JaxArray, Weights];
    const count = state.count.add(1);
    const correction = (beta: number) => np.subtract(1, np.exp(count.ref.mul(Math.log(beta))));
    const [correction1, correction2] = [correction(beta1), correction(beta2)];
    const first = tree.map(
      (m: JaxArray, g: JaxArray) => m.mul(beta1).add(g.mul(1 - beta1)),
      state.first,
      tree.ref(gradient),
    ) as Weights;
    const second = tree.map(
      (v: JaxArray, g: JaxArray) => v.mul(beta2).add(np.square(g).mul(1 - beta2)),
      state.second,
      gradient,
    ) as Weights;
    const weights = tree.map(
      (w: JaxArray, m: JaxArray, v: JaxArray) => {
        const deviation = np.sqrt(v.div(correction2.ref)).add(epsilon);
        return w.sub(m.div(correction1.ref).div(deviation).mul(lr));
      },
      state.weights,
      tree.ref(first),
      tree.ref(second),
    ) as Weights;
    tree.dispose([correction1, correction2]);
    return [loss, { weights, first, second, count }];
  });
}

function gradientNormOf(model: ModelCase) {
  const differentiate = valueAndGrad(lossOf(model));
  return jit((weights: Weights, tokens: JaxArray, targets: JaxArray): JaxArray => {
    const [loss, gradient] = differentiate(weights, tokens, targets) as [JaxArray, Weights];
    loss.dispose();
    const squares = tree.leaves(gradient as never).map((g) => np.square(g as JaxArray).sum());
    return np.sqrt(squares.reduce((a, b) => a.add(b)));
  });
}

function draw(logits: JaxArray, key: JaxArray, temperature: number): JaxArray {
  if (temperature > 0) return random.categorical(key, logits.div(temperature));
  key.dispose();
  return np.argmax(logits, -1);
}

/** Reads all prompts, then repeats their rows: first tokens [rows], and a cache with room for all positions. */
function prefill(config: PolicyConfig, { n, newTokens, temperature, prompts }: RolloutJob) {
  const [count, length] = [prompts.length, prompts[0].length];
  return jit((weights: Weights, tokens: JaxArray, key: JaxArray): [JaxArray, Cache] => {
    const embedding = weights.embedding.ref;
    const cache: Cache = [];
    const keep = (x: JaxArray): JaxArray => {
      const [, , heads, size] = x.shape;
      return np.concatenate([np.repeat(x, n, 0), np.zeros([count * n, newTokens, heads, size])], 1);
    };
    const hidden = hiddenStates(weights, config, tokens, count, rotary(config, length), (layer, q, k, v) => {
      cache[layer] = [keep(k.ref), keep(v.ref)];
      return causal(layer, q, k, v);
    });
    const last = hidden.reshape([count, length, config.hidden_size]).slice([], -1);
    const logits = np.repeat(np.matmul(last, embedding.transpose()), n, 0);
    return [draw(logits, key, temperature), cache];
  });
}

/** One token more: shapes stay fixed, so that one compiled function serves every position. */
function decode(config: PolicyConfig, { n, newTokens, temperature, prompts }: RolloutJob) {
  const positions = prompts[0].length + newTokens;
  const rows = prompts.length * n;
  return jit(
    (
      weights: Weights,
      cache: Cache,
      tokens: JaxArray,
      position: JaxArray,
      key: JaxArray,
    ): [JaxArray, Cache] => {
      const embedding = weights.embedding.ref;
      const [cos, sin] = rotary(config, positions).map((table) => table.slice(position.ref));
      const here = np.arange(positions).astype(np.int32).equal(position.ref).reshape([1, positions, 1, 1]);
      const lengths = np.broadcastTo(position.add(1), [rows]);
      const next: Cache = [];
      const hidden = hiddenStates(weights, config, tokens, rows, [cos, sin], (layer, q, k, v) => {
        const [keys, values] = cache[layer];
        next[layer] = [np.where(here.ref, k, keys), np.where(here.ref, v, values)];
        const [allKeys, allValues] = tree.ref(next[layer]);
        return nn.dotProductAttention(q, allKeys, allValues, { keyValueSeqLengths: lengths.ref });
      });
      tree.dispose([here, lengths]);
      const logits = np.matmul(hidden, embedding.transpose());
      return [draw(logits, key, temperature), next];
    },
  );
}

/** jax-js with `jit`, `valueAndGrad` and Adam in the step; kernels are its own. */
export function jaxJs(device: Backend, describe: () => Promise<string>): Contender {
  let model: ModelCase;
  let state: TrainState | undefined;
  let batch: [JaxArray, JaxArray] | undefined;
  let step: ReturnType<typeof trainStep> | undefined;
  /** Not yet waited for; arrays are lazy, so a product freed before that would never be computed. */
  let products: JaxArray[] = [];
  /** Compiled decoders by the shape of their job. */
  let decoders = new Map<string, { read: ReturnType<typeof prefill>; next: ReturnType<typeof decode> }>();

  const update = async (): Promise<number> => {
    const [loss, after] = step!(state!, batch![0].ref, batch![1].ref);
    state = after;
    return (await loss.data())[0];
  };

  async function withCache(job: RolloutJob): Promise<Rollout> {
    const collected = collector(job);
    const { n, newTokens, temperature, prompts } = job;
    const shape = [n, newTokens, temperature, prompts.length].join();
    const decoder = decoders.get(shape) ?? {
      read: prefill(model.config, job),
      next: decode(model.config, job),
    };
    decoders.set(shape, decoder);
    const weights = state!.weights;
    const promptTokens = np.array(Int32Array.from(prompts.flat()));
    let [tokens, cache] = decoder.read(tree.ref(weights), promptTokens, random.key(1));
    collected.add(await tokens.ref.data());
    for (let position = prompts[0].length; !collected.isDone(); position++) {
      const at = np.array(Int32Array.from([position]));
      [tokens, cache] = decoder.next(tree.ref(weights), cache, tokens, at, random.key(1 + position));
      collected.add(await tokens.ref.data());
    }
    tree.dispose([tokens, cache]);
    return collected.result();
  }

  return {
    async start() {
      const available = await init(device);
      if (!available.includes(device)) throw new Error(`jax-js: its ${device} backend did not start`);
      defaultDevice(device);
      return describe();
    },
    async load(next) {
      tree.dispose(state);
      tree.dispose(batch);
      step?.dispose();
      for (const { read, next } of decoders.values()) {
        read.dispose();
        next.dispose();
      }
      decoders = new Map();
      model = next;
      const weights = weightTree(next.config, caseWeights(next));
      const zeros = (): Weights => tree.map((w: JaxArray) => np.zeros(w.shape), tree.ref(weights)) as Weights;
      state = { weights, first: zeros(), second: zeros(), count: np.array(0) };
      const tokens = caseTokens(next);
      const flat = (from: number, to?: number) =>
        np.array(Int32Array.from(tokens.flatMap((row) => row.slice(from, to))));
      batch = [flat(0, -1), flat(1)];
      step = trainStep(next);
    },
    async firstStep() {
      const measure = gradientNormOf(model);
      const norm = measure(tree.ref(state!.weights), batch![0].ref, batch![1].ref);
      const gradientNorm = (await norm.data())[0];
      measure.dispose();
      return { loss: await update(), gradientNorm };
    },
    step: update,
    rollouts: { cache: withCache },
    async product({ m, k, n, transposeA, transposeB }) {
      const normal = (shape: number[]) => random.normal(random.key(3), shape);
      const a = normal(transposeA ? [k, m] : [m, k]);
      const b = normal(transposeB ? [n, k] : [k, n]);
      const multiply = jit((x: JaxArray, y: JaxArray) =>
        np.matmul(transposeA ? x.transpose() : x, transposeB ? y.transpose() : y),
      );
      return {
        multiply: () => void products.push(multiply(a.ref, b.ref)),
        dispose() {
          tree.dispose([a, b]);
          multiply.dispose();
        },
      };
    },
    async sync() {
      await blockUntilReady([...products, ...(state ? [state] : [])] as JaxArray[]);
      tree.dispose(products);
      products = [];
      if (device === 'webgpu') await getWebGPUDevice().queue.onSubmittedWorkDone();
    },
  };
}
