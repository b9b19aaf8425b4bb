import { lines, range } from '../../tensor/wgsl/variants.ts';
import type { PolicyConfig } from '../config.ts';
import { drawCode } from './draw.ts';
import { type Program, READS, UNIFORMS, WRITES } from './program.ts';
import { NOBODY, SLOT_FIELDS } from './slots.ts';
import { stageCode, weightPlaces } from './stages.ts';

/** Invocations of a workgroup: the lanes of a SIMD register, and a quad of a subgroup. */
const LANES = 4;

/** Dimensions of a head that attention handles at once: each costs time to compile. */
const DIMENSIONS = 16;

/**
 * @file The rollout program for adapters that compute on the CPU, where four invocations are the lanes of one
 * SIMD register and barriers cost more than all arithmetic. There are none: an invocation carries `quads` x 4
 * rows on its own. A token is a list of stages; each prepares an input (by a norm, by attention, by SwiGLU) and
 * multiplies it by one matrix. The input is a private array with constant indices only, which the compiler turns
 * into plain SIMD loads; it is the only one, because each private array is zeroed by code as long as the array.
 * Reading memory is dear, so weights are read once for all rows of four lanes (each lane reads a quarter, and quad
 * broadcasts spread them), and so are the keys and values of a prompt that four rows share.
 */
export function lanesProgram(config: PolicyConfig, quads: number, broadcasts: boolean): Program {
  const { hidden_size: d, intermediate_size: f, num_attention_heads: heads, vocab_size: v } = config;
  const size = d / heads;
  const half = size / 2;
  const { at } = weightPlaces(config);
  const groups = range(quads);
  const wide = Math.max(3 * d, 2 * f, v);

  /** Sixteen weights from `base` on, in vectors of four, for all rows. */
  const sixteen = (k: number) =>
    broadcasts
      ? `let v${k} = weights[base + ${k}u + lane];\n${lines(4, (i) => `let w${k + i} = quadBroadcast(v${k}, ${i}u);`)}`
      : lines(4, (i) => `let w${k + i} = weights[base + ${k + i}u];`);
  const four = (value: (c: string) => string) => ['x', 'y', 'z', 'w'].map(value).join(', ');
  const each = (statement: (c: string) => string) => ['x', 'y', 'z', 'w'].map(statement).join(' ');

  const code = `
// What a row holds in the memory, by the first number's place:
const STREAM = 0u;      // the residual stream
const MIXED = ${d}u;    // what its heads gathered
const WIDE = ${2 * d}u; // queries, keys and values; or gates and ups; or logits
const SCORES = ${2 * d + wide}u; // of one head
${drawCode(v, 4)}
${stageCode(config, { byOutput: true, block: d, logits: at('embedding'), logitsPitch: d })}

var<private> input: array<mat4x4f, ${(d / 4) * quads}>;
var<private> lane: u32;
var<private> own: u32; // where its memory begins
var<private> quad: array<u32, ${quads}>; // which four rows
// Of each row: whether it goes on, where it stands, what it reads; and its slot's fields.
var<private> live: array<vec4<bool>, ${quads}>;
var<private> position: array<vec4u, ${quads}>;
var<private> token: array<vec4u, ${quads}>;
var<private> fields: array<vec4u, ${SLOT_FIELDS.length * quads}>;
${SLOT_FIELDS.map((field, i) => `fn ${field}(g: u32) -> vec4u { return fields[${i * quads}u + g]; }`).join('\n')}

fn recall(i: u32, g: u32) -> vec4f { return memory[own + i * ${LANES * quads}u + g * ${LANES}u]; }
fn remember(i: u32, g: u32, x: vec4f) { memory[own + i * ${LANES * quads}u + g * ${LANES}u] = x; }

// Four numbers of four rows, each row's in a column; and back.
fn recallRows(i: u32, g: u32) -> mat4x4f {
  return transpose(mat4x4f(recall(i, g), recall(i + 1u, g), recall(i + 2u, g), recall(i + 3u, g)));
}
fn rememberRows(i: u32, g: u32, rows: mat4x4f) {
  let x = transpose(rows);
  for (var j = 0u; j < 4u; j++) { remember(i + j, g, x[j]); }
}

fn embed(g: u32) {
  for (var k = 0u; k < ${d}u; k += 4u) {
    let i = (${at('embedding')}u + token[g] * ${d}u + k) / 4u;
    rememberRows(STREAM + k, g, mat4x4f(${four((c) => `weights[i.${c}]`)}));
  }
}

// The input of a stage; zero beyond the end of a block.
fn prepare(stage: Stage, g: u32) {
  var scale = vec4f(1);
  if (stage.kind == NORMED) {
    var sum = vec4f(0);
    for (var k = 0u; k < ${d}u; k++) { let x = recall(STREAM + k, g); sum += x * x; }
    scale = inverseSqrt(sum / ${d}.0 + ${config.rms_norm_eps});
  }
  var source = STREAM;
  if (stage.kind == ATTENDED) { source = MIXED; }
  if (stage.kind == ACTIVATED) { source = WIDE + stage.block; }
  for (var k = 0u; k < ${d}u; k++) {
    var x = vec4f(0);
    if (k < stage.inputs) { x = recall(source + k, g); }
    if (stage.kind == NORMED) { x *= scale * weights[(stage.gain + k) / 4u][k % 4u]; }
    if (stage.kind == ACTIVATED && k < stage.inputs) { x = x / (1.0 + exp(-x)) * recall(source + ${f}u + k, g); }
    input[k / 4u * ${quads}u + g][k % 4u] = x;
  }
}

// Where keys, and after them values, of a position are in the cache, in vectors of four.
fn inPrompt(layer: u32, t: vec4u, prompt: vec4u) -> vec4u {
  return ((layer * u.prefixPositions + t) * u.prompts + prompt) * ${d / 2}u;
}
fn inRow(layer: u32, step: vec4u, row: vec4u) -> vec4u {
  return u.ownBase / 4u + ((layer * u.ownPositions + step) * u.rows + row) * ${d / 2}u;
}

// Rotates queries and keys in the memory, and stores keys and values in the cache.
fn cacheKeys(layer: u32, g: u32, step: u32) {
  for (var pair = 0u; pair < ${d}u; pair++) { // of both queries and keys, which are neighbours
    let j = position[g] * ${half}u + pair % ${half}u;
    let first = WIDE + pair / ${half}u * ${size}u + pair % ${half}u;
    let c = vec4f(${four((c) => `cosines[j.${c}]`)});
    let s = vec4f(${four((c) => `sines[j.${c}]`)});
    let x = recall(first, g);
    let y = recall(first + ${half}u, g);
    remember(first, g, x * c - y * s);
    remember(first + ${half}u, g, y * c + x * s);
  }
  var at = inRow(layer, vec4u(step), row(g));
  if (u.prefill == 1u) { at = inPrompt(layer, position[g], prompt(g)); }
  for (var i = 0u; i < ${2 * d}u; i += 4u) {
    let x = recallRows(WIDE + ${d}u + i, g);
    ${each((c) => `if (live[g].${c}) { cache[at.${c} + i / 4u] = x[${'xyzw'.indexOf(c)}]; }`)}
  }
}

// One head of four rows: scores, their softmax, and the weighted values, ${DIMENSIONS} dimensions at a time.
fn attend(layer: u32, h: u32, g: u32, step: u32) {
  let before = prefix(g);
  let rows = row(g);
  let texts = prompt(g);
  var length = before + step + 1u;
  if (u.prefill == 1u) { length = position[g] + 1u; }
  let longest = max(max(length.x, length.y), max(length.z, length.w));
  // Positions that one read serves for all four rows.
  var joint = 0u;
  if (all(texts == texts.xxxx)) { joint = select(before.x, longest, u.prefill == 1u); }
  for (var first = 0u; first < ${size}u; first += ${DIMENSIONS}u) {
    let place = (h * ${size}u + first) / 4u;
    ${lines(DIMENSIONS / 4, (i) => `let q${i} = recallRows(WIDE + h * ${size}u + first + ${4 * i}u, g);`)}
    for (var t = 0u; t < joint; t++) {
      var score = vec4f(0);
      if (first > 0u) { score = recall(SCORES + t, g); }
      {
        let at = inPrompt(layer, vec4u(t), texts).x + place;
        ${lines(DIMENSIONS / 4, (i) => `score += cache[at + ${i}u] * q${i};`)}
      }
      remember(SCORES + t, g, score);
    }
    for (var t = joint; t < longest; t++) {
      var score = vec4f(0);
      if (first > 0u) { score = recall(SCORES + t, g); }
      {
        let at = select(inRow(layer, t - before, rows), inPrompt(layer, vec4u(t), texts), vec4u(t) < before) + place;
        ${lines(DIMENSIONS / 4, (i) => `score += vec4f(${four((c) => `dot(cache[at.${c} + ${i}u], q${i}[${'xyzw'.indexOf(c)}])`)});`)}
      }
      remember(SCORES + t, g, score);
    }
  }
  var top = vec4f(-1e30);
  for (var t = 0u; t < longest; t++) {
    top = max(top, select(vec4f(-1e30), recall(SCORES + t, g), vec4u(t) < length));
  }
  var sum = vec4f(0);
  for (var t = 0u; t < longest; t++) {
    let weight = select(vec4f(0), exp((recall(SCORES + t, g) - top) * ${1 / Math.sqrt(size)}), vec4u(t) < length);
    sum += weight;
    remember(SCORES + t, g, weight);
  }
  for (var first = 0u; first < ${size}u; first += ${DIMENSIONS}u) {
    let place = (${d}u + h * ${size}u + first) / 4u;
    ${lines(DIMENSIONS / 4, (i) => `var o${i} = mat4x4f();`)}
    for (var t = 0u; t < joint; t++) {
      let weight = recall(SCORES + t, g);
      let at = inPrompt(layer, vec4u(t), texts).x + place;
      ${lines(DIMENSIONS / 4, (i) => `{ let x = cache[at + ${i}u]; o${i} += mat4x4f(${four((c) => `x * weight.${c}`)}); }`)}
    }
    for (var t = joint; t < longest; t++) {
      let weight = recall(SCORES + t, g);
      let at = select(inRow(layer, t - before, rows), inPrompt(layer, vec4u(t), texts), vec4u(t) < before) + place;
      ${lines(DIMENSIONS / 4, (i) => `o${i} += mat4x4f(${four((c) => `cache[at.${c} + ${i}u] * weight.${c}`)});`)}
    }
    ${lines(DIMENSIONS / 4, (i) => `rememberRows(MIXED + h * ${size}u + first + ${4 * i}u, g, o${i});`)}
  }
  for (var i = 0u; i < ${size}u; i++) { remember(MIXED + h * ${size}u + i, g, recall(MIXED + h * ${size}u + i, g) / sum); }
}

fn transform(step: u32) {
  for (var number = 0u; number < stageCount(); number++) {
    let stage = stageOf(number);
    for (var g = 0u; g < ${quads}u; g++) {
      if (stage.kind == ATTENDED) {
        cacheKeys(stage.layer, g, step);
        for (var h = 0u; h < ${heads}u; h++) { attend(stage.layer, h, g, step); }
      }
      prepare(stage, g);
    }
    multiply(stage);
  }
}

// The input times a matrix; a product for the residual stream is added to it.
fn multiply(stage: Stage) {
  let to = select(WIDE, STREAM, stage.toStream);
  for (var j = 0u; j < stage.outputs; j++) {
    let base = (stage.matrix + j * stage.pitch) / 4u;
    ${groups.map((g) => `var sum${g} = vec4f(0);`).join(' ')}
    if (stage.toStream) { ${groups.map((g) => `sum${g} = recall(STREAM + j, ${g}u);`).join(' ')} }
    ${range(d / 16)
      .map((k) => {
        const products = range(4).flatMap((i) =>
          groups.map((g) => `sum${g} += input[${(4 * k + i) * quads + g}] * w${4 * k + i};`),
        );
        return [sixteen(4 * k), ...products].join('\n');
      })
      .join('\n')}
    ${groups.map((g) => `remember(to + j, ${g}u, sum${g});`).join(' ')}
  }
}

// The drawn token, and its log-probability at temperature 1.
fn choose(g: u32, step: u32) {
  var top = vec4f(-1e30);
  for (var id = 0u; id < ${v}u; id++) { top = max(top, recall(WIDE + id, g)); }
  var sum = vec4f(0);
  for (var id = 0u; id < ${v}u; id++) { sum += exp(recall(WIDE + id, g) - top); }
  let chance = uniforms(vec2u(u.key0, u.key1), vec4u(u.stream), draw(g), position[g], vec4u(0));
  let one = pick(chance, massAbove(vec4f(0), top, g), top, g);
  token[g] = one.id;
  live[g] = live[g] & (one.id != vec4u(u.eos));
  let logProb = one.logit - top - log(sum);
  let at = quad[g] * 4u + step * u.width;
  for (var c = 0u; c < 4u; c++) {
    drawn[2u * (at + c)] = one.id[c];
    drawn[2u * (at + c) + 1u] = bitcast<u32>(logProb[c]);
  }
}

fn begin(g: u32, group: u32) {
  quad[g] = (group * ${quads}u + g) * 4u + lane;
  // Four neighbouring rows, or four positions of one prompt.
  var place = 4u * quad[g] + vec4u(0u, 1u, 2u, 3u);
  if (u.prefill == 1u) { place = vec4u(group * 4u + lane); }
  for (var field = 0u; field < ${SLOT_FIELDS.length}u; field++) {
    fields[field * ${quads}u + g] = vec4u(${four((c) => `slots[place.${c} * ${SLOT_FIELDS.length}u + field]`)});
  }
  token[g] = next(g);
  live[g] = row(g) != vec4u(${NOBODY >>> 0}u);
  fields[g] = select(vec4u(0), row(g), live[g]);
}

// Positions of this step; while prompts are read, also the tokens there.
fn advance(g: u32, step: u32) {
  position[g] = prefix(g) + step;
  if (u.prefill == 1u) {
    position[g] = vec4u(step * ${4 * quads}u + g * 4u) + vec4u(0u, 1u, 2u, 3u);
    live[g] = position[g] < prefix(g);
    position[g] = select(vec4u(0), position[g], live[g]);
    let i = offset(g) + position[g];
    token[g] = vec4u(${four((c) => `prompts[i.${c}]`)});
  }
}

fn run(group: u32, local: u32) {
  lane = local;
  own = group * (SCORES + u.prefixPositions + u.ownPositions) * ${LANES * quads}u + lane;
  for (var g = 0u; g < ${quads}u; g++) { begin(g, group); }
  for (var s = 0u; s < u.steps; s++) {
    var running = false;
    for (var g = 0u; g < ${quads}u; g++) {
      advance(g, u.first + s);
      running = running || any(live[g]);
    }
    if (!${broadcasts ? 'subgroupAny(running)' : 'running'}) { break; }
    for (var g = 0u; g < ${quads}u; g++) { embed(g); }
    transform(u.first + s);
    if (u.prefill == 0u) {
      for (var g = 0u; g < ${quads}u; g++) { choose(g, s); }
    }
  }
}`;
  return {
    kernel: {
      name: `RolloutLanes ${quads} ${broadcasts} ${JSON.stringify(config)}`,
      reads: READS,
      writes: WRITES,
      uniforms: UNIFORMS,
      workgroup: LANES,
      cooperative: true,
      subgroups: broadcasts,
      code,
    },
    form: 'byOutput',
    rows: LANES * 4 * quads,
    prompts: LANES,
    positions: 4 * quads,
    floatsPerRow: (positions) => 2 * d + wide + positions,
  };
}
