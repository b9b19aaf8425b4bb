import type { PolicyConfig } from '../config.ts';
import { drawCode } from './draw.ts';
import { transposedEmbedding } from './pack.ts';
import { type Program, READS, UNIFORMS, WRITES } from './program.ts';
import { NOBODY, SLOT_FIELDS } from './slots.ts';
import { stageCode, weightPlaces } from './stages.ts';

/** Invocations of a workgroup. */
const THREADS = 128;

/** Invocations that draw for one row; fixed, so that the order of its sums does not depend on `rows`. */
const DRAWERS = 32;

/** Workgroup memory that every device has. */
const WORKGROUP_BYTES = 16384;

/**
 * @file The rollout program for GPUs: a workgroup carries `rows` rows, whose residual streams and inputs of products
 * are in its shared memory. Invocations take columns of a product, four at a time, so that neighbours read
 * neighbouring weights, and split its depth where there are too few columns; a weight read serves all rows. A row's
 * bits do not depend on how many share its workgroup.
 */
export function workgroupProgram(config: PolicyConfig, rows: 1 | 2 | 4): Program {
  const { hidden_size: d, intermediate_size: f, num_attention_heads: heads, vocab_size: v } = config;
  const size = d / heads;
  const half = size / 2;
  const { at } = weightPlaces(config);
  const embedding = transposedEmbedding(config);
  // The MLP goes down at once where its inner width fits beside the streams and the partial sums of a product.
  const shared = (block: number) => 4 * 4 * (d + Math.max(d, block)) + 16 * 4 * THREADS;
  const block = shared(f) <= WORKGROUP_BYTES ? f : d;
  const wide = Math.max(3 * d, 2 * f, embedding.pitch);
  const each = (text: string) =>
    Array.from({ length: rows }, (_, r) => text.replaceAll('#', `${r}`)).join(' ');
  const form = { byOutput: false, block, logits: embedding.offset, logitsPitch: embedding.pitch };

  const code = `
// What a row holds in the memory, by the first number's place: queries, keys and values, or gates and ups, or logits.
const WIDE = 0u;
const SCORES = ${wide}u; // of each head

var<workgroup> residual: array<vec4f, ${(rows * d) / 4}>;
var<workgroup> input: array<f32, ${rows * Math.max(d, block)}>; // of all rows side by side
var<workgroup> partial: array<vec4f, ${rows * THREADS}>;
var<workgroup> token: array<u32, ${rows}>;
var<workgroup> live: array<u32, ${rows}>;
var<workgroup> running: u32;
// Of each row, the same in all invocations: where it stands, and its slot's fields.
var<private> position: array<u32, ${rows}>;
var<private> fields: array<u32, ${rows * SLOT_FIELDS.length}>;
${SLOT_FIELDS.map((field, i) => `fn ${field}(r: u32) -> u32 { return fields[${i * rows}u + r]; }`).join('\n')}
var<private> own: u32; // where the workgroup's memory begins, in vectors of four

fn memoryAt(i: u32, r: u32) -> u32 { return own + (r * (SCORES + ${heads}u * scorePitch()) + i) / 4u; }
fn recall(i: u32, r: u32) -> f32 { return memory[memoryAt(i, r)][i % 4u]; }
fn scorePitch() -> u32 { return (u.prefixPositions + u.ownPositions + 3u) / 4u * 4u; }
${drawCode(v, 1)}
${stageCode(config, form)}

// Where keys, and after them values, of a row's position are in the cache, in vectors of four.
fn cached(layer: u32, t: u32, r: u32) -> u32 {
  if (t < prefix(r) || u.prefill == 1u) {
    return ((layer * u.prefixPositions + t) * u.prompts + prompt(r)) * ${d / 2}u;
  }
  return u.ownBase / 4u + ((layer * u.ownPositions + t - prefix(r)) * u.rows + row(r)) * ${d / 2}u;
}

fn embed(local: u32) {
  for (var i = local; i < ${(rows * d) / 4}u; i += ${THREADS}u) {
    residual[i] = weights[(${at('embedding')}u + token[i / ${d / 4}u] * ${d}u) / 4u + i % ${d / 4}u];
  }
  workgroupBarrier();
}

// Four neighbouring inputs of one row.
fn place(k: u32, r: u32, x: vec4f) {
  for (var j = 0u; j < 4u; j++) { input[(k + j) * ${rows}u + r] = x[j]; }
}

fn normalize(gain: u32, local: u32) {
  for (var i = local; i < ${(rows * d) / 4}u; i += ${THREADS}u) {
    let r = i / ${d / 4}u;
    var sum = 0.0;
    for (var k = 0u; k < ${d / 4}u; k++) { let x = residual[r * ${d / 4}u + k]; sum += dot(x, x); }
    let scale = inverseSqrt(sum / ${d}.0 + ${config.rms_norm_eps});
    let k = i % ${d / 4}u;
    place(4u * k, r, residual[i] * scale * weights[gain / 4u + k]);
  }
}

fn activate(stage: Stage, local: u32) {
  let count = stage.inputs / 4u;
  for (var i = local; i < ${rows}u * count; i += ${THREADS}u) {
    let r = i / count;
    let k = i % count * 4u;
    let gate = memory[memoryAt(WIDE + stage.block + k, r)];
    place(k, r, gate / (1.0 + exp(-gate)) * memory[memoryAt(WIDE + ${f}u + stage.block + k, r)]);
  }
}

// Rotates queries in the memory, and keys into the cache, with the values.
fn cacheKeys(layer: u32, local: u32) {
  for (var i = local; i < ${(rows * d) / 8}u; i += ${THREADS}u) {
    let r = i / ${d / 8}u;
    let h = i % ${d / 8}u / ${half / 4}u;
    let k = i % ${half / 4}u * 4u;
    let j = position[r] * ${half}u + k;
    let c = vec4f(cosines[j], cosines[j + 1u], cosines[j + 2u], cosines[j + 3u]);
    let s = vec4f(sines[j], sines[j + 1u], sines[j + 2u], sines[j + 3u]);
    let first = memoryAt(WIDE + h * ${size}u + k, r);
    let second = first + ${half / 4}u;
    let q0 = memory[first];
    let q1 = memory[second];
    memory[first] = (q0 * c - q1 * s) * ${1 / Math.sqrt(size)};
    memory[second] = (q1 * c + q0 * s) * ${1 / Math.sqrt(size)};
    if (live[r] == 1u) {
      let k0 = memory[first + ${d / 4}u];
      let k1 = memory[second + ${d / 4}u];
      let to = cached(layer, position[r], r) + (h * ${size}u + k) / 4u;
      cache[to] = k0 * c - k1 * s;
      cache[to + ${half / 4}u] = k1 * c + k0 * s;
      cache[to + ${d / 4}u] = memory[first + ${d / 2}u];
      cache[to + ${(d + half) / 4}u] = memory[second + ${d / 2}u];
    }
  }
  storageBarrier();
}

// Scores of four positions of a head at a time, then each row's weighted values with a running softmax.
fn attend(layer: u32, local: u32) {
  var longest = 0u;
  for (var r = 0u; r < ${rows}u; r++) { longest = max(longest, position[r] + 1u); }
  let fours = (longest + 3u) / 4u;
  for (var i = local; i < ${rows * heads}u * fours; i += ${THREADS}u) {
    let r = i / (${heads}u * fours);
    let h = i / fours % ${heads}u;
    let t = i % fours * 4u;
    let query = memoryAt(WIDE + h * ${size}u, r);
    var scores = vec4f(-1e30);
    for (var j = 0u; j < 4u; j++) {
      if (t + j > position[r]) { break; }
      let key = cached(layer, t + j, r) + h * ${size / 4}u;
      var score = 0.0;
      for (var k = 0u; k < ${size / 4}u; k++) { score += dot(memory[query + k], cache[key + k]); }
      scores[j] = score;
    }
    memory[memoryAt(SCORES + h * scorePitch() + t, r)] = scores;
  }
  storageBarrier();
  for (var i = local; i < ${(rows * d) / 4}u; i += ${THREADS}u) {
    let r = i / ${d / 4}u;
    let k = i % ${d / 4}u;
    let scores = memoryAt(SCORES + k / ${size / 4}u * scorePitch(), r);
    let last = position[r];
    var top = -1e30;
    var sum = 0.0;
    var mixed = vec4f(0);
    for (var t = 0u; t <= last; t += 4u) {
      let score = memory[scores + t / 4u];
      let higher = max(top, max(max(score.x, score.y), max(score.z, score.w)));
      let decay = exp(top - higher);
      let weight = exp(score - higher);
      top = higher;
      sum = sum * decay + dot(weight, vec4f(1));
      mixed *= decay;
      for (var j = 0u; j < 4u; j++) {
        mixed += weight[j] * cache[cached(layer, min(t + j, last), r) + ${d / 4}u + k];
      }
    }
    place(4u * k, r, mixed / sum);
  }
}

// The input times a matrix: an invocation takes four columns, or a part of their depth where columns are few.
fn multiply(stage: Stage, local: u32) {
  let fours = (stage.outputs + 3u) / 4u;
  var parts = 1u;
  while (parts < 8u && 2u * parts * fours <= ${THREADS}u) { parts *= 2u; }
  for (var first = 0u; first < fours * parts; first += ${THREADS}u) {
    let item = first + local;
    let column = item % fours;
    let part = item / fours;
    ${each('var sum# = vec4f(0);')}
    if (part < parts) {
      for (var k = stage.inputs * part / parts; k < stage.inputs * (part + 1u) / parts; k++) {
        let w = weights[(stage.matrix + k * stage.pitch) / 4u + column];
        ${each(`sum# += input[k * ${rows}u + #u] * w;`)}
      }
      if (parts == 1u) {
        ${each('finish(stage, column, #u, sum#);')}
      } else {
        ${each(`partial[#u * ${THREADS}u + item] = sum#;`)}
      }
    }
  }
  workgroupBarrier();
  if (parts > 1u) {
    for (var i = local; i < ${rows}u * fours; i += ${THREADS}u) {
      let origin = i / fours * ${THREADS}u + i % fours;
      var sum = partial[origin];
      for (var part = 1u; part < parts; part++) { sum += partial[origin + part * fours]; }
      finish(stage, i % fours, i / fours, sum);
    }
  }
  workgroupBarrier();
  storageBarrier();
}

fn finish(stage: Stage, column: u32, r: u32, sum: vec4f) {
  if (stage.toStream) {
    residual[r * ${d / 4}u + column] += sum;
  } else {
    memory[memoryAt(WIDE + 4u * column, r)] = sum;
  }
}

fn transform(local: u32) {
  for (var number = 0u; number < stageCount(); number++) {
    let stage = stageOf(number);
    if (stage.kind == NORMED) {
      normalize(stage.gain, local);
    } else if (stage.kind == ATTENDED) {
      cacheKeys(stage.layer, local);
      attend(stage.layer, local);
    } else {
      activate(stage, local);
    }
    workgroupBarrier();
    multiply(stage, local);
  }
}

// The drawn token, and its log-probability at temperature 1.
fn choose(group: u32, step: u32, local: u32) {
  let r = min(local / ${DRAWERS}u, ${rows - 1}u);
  let share = ${Math.ceil(v / DRAWERS)}u;
  let begin = local % ${DRAWERS}u * share;
  let end = min(begin + share, ${v}u);
  let mine = r * ${DRAWERS}u;
  var top = -1e30;
  for (var id = begin; id < end; id++) { top = max(top, recall(WIDE + id, r)); }
  if (local < ${rows * DRAWERS}u) { partial[local].x = top; }
  workgroupBarrier();
  for (var i = 0u; i < ${DRAWERS}u; i++) { top = max(top, partial[mine + i].x); }
  workgroupBarrier();
  var sums = vec4f(0);
  for (var id = begin; id < end; id++) {
    let logit = recall(WIDE + id, r);
    sums += vec4f(exp(logit - top), likelihood(logit, top), 0, 0);
  }
  if (local < ${rows * DRAWERS}u) { partial[local] = sums; }
  workgroupBarrier();
  if (local < ${rows * DRAWERS}u && local % ${DRAWERS}u == 0u) {
    sums = vec4f(0);
    for (var i = 0u; i < ${DRAWERS}u; i++) { sums += partial[mine + i]; }
    let key = vec2u(u.key0, u.key1);
    let chance = uniforms(key, vec4u(u.stream), vec4u(draw(r)), vec4u(position[r]), vec4u(0)).x;
    let one = pick(chance, sums.y, top, r);
    token[r] = one.id;
    if (one.id == u.eos) { live[r] = 0u; }
    let at = 2u * (step * u.width + group * ${rows}u + r);
    drawn[at] = one.id;
    drawn[at + 1u] = bitcast<u32>(one.logit - top - log(sums.x));
  }
  workgroupBarrier();
}

// Fields of the rows, or of the one prompt that all rows read positions of.
fn begin(group: u32, local: u32) {
  own = group * ${rows}u * (SCORES + ${heads}u * scorePitch()) / 4u;
  for (var r = 0u; r < ${rows}u; r++) {
    let slot = select(group * ${rows}u + r, group, u.prefill == 1u);
    for (var field = 0u; field < ${SLOT_FIELDS.length}u; field++) {
      fields[field * ${rows}u + r] = slots[slot * ${SLOT_FIELDS.length}u + field];
    }
    let idle = row(r) == ${NOBODY >>> 0}u;
    fields[r] = select(row(r), 0u, idle);
    if (local == r) {
      token[r] = next(r);
      live[r] = select(1u, 0u, idle);
    }
  }
}

// Positions of this step; while prompts are read, also the tokens there. Whether any row goes on.
fn advance(step: u32, local: u32) -> bool {
  for (var r = 0u; r < ${rows}u; r++) {
    position[r] = prefix(r) + step;
    if (u.prefill == 1u) {
      let wanted = step * ${rows}u + r;
      let beyond = wanted >= prefix(r);
      position[r] = select(wanted, 0u, beyond);
      if (local == r) {
        live[r] = select(1u, 0u, beyond);
        token[r] = prompts[offset(r) + position[r]];
      }
    }
  }
  workgroupBarrier();
  if (local == 0u) {
    running = 0u;
    for (var r = 0u; r < ${rows}u; r++) { running |= live[r]; }
  }
  return workgroupUniformLoad(&running) == 1u;
}

fn run(group: u32, local: u32) {
  begin(group, local);
  for (var s = 0u; s < u.steps; s++) {
    if (!advance(u.first + s, local)) { break; }
    embed(local);
    transform(local);
    if (u.prefill == 0u) { choose(group, s, local); }
  }
}`;
  return {
    kernel: {
      name: `RolloutWorkgroup ${rows} ${JSON.stringify(config)}`,
      reads: READS,
      writes: WRITES,
      uniforms: UNIFORMS,
      workgroup: THREADS,
      cooperative: true,
      code,
    },
    form: 'byInput',
    rows,
    prompts: 1,
    positions: rows,
    floatsPerRow: (positions) => wide + heads * Math.ceil(positions / 4) * 4,
  };
}
