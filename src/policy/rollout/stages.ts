import { layoutOf, type PolicyConfig } from '../config.ts';

/** Where a program finds its weights: places of the first layer's, and the distance to the next layer's. */
export interface WeightPlaces {
  at(name: string): number;
  layerStride: number;
}

export function weightPlaces(config: PolicyConfig): WeightPlaces {
  const offsets = new Map(layoutOf(config).map(({ name, offset }) => [name, offset]));
  const at = (name: string) => offsets.get(name) ?? offsets.get(`layers.0.${name}`)!;
  return { at, layerStride: (offsets.get('layers.1.qkv') ?? at('qkv')) - at('qkv') };
}

/** How the matrices lie: a pitch is the distance between the weights of two outputs, or of two inputs. */
export interface MatrixForm {
  /** Whether the weights of one output lie one after another (see `pack.ts`), or those of one input. */
  byOutput: boolean;
  /** Inner units of the MLP that go down at once. */
  block: number;
  /** The matrix of the logits and its pitch. */
  logits: number;
  logitsPitch: number;
}

/**
 * WGSL for the list of stages that a token goes through. A stage prepares an input (by a norm, by attention or by
 * SwiGLU) and multiplies it by one matrix: four and more a layer, then the logits.
 */
export function stageCode(config: PolicyConfig, form: MatrixForm): string {
  const { hidden_size: d, intermediate_size: f, vocab_size: v, num_hidden_layers: layers } = config;
  const { at, layerStride } = weightPlaces(config);
  const blocks = Math.ceil(f / form.block);
  const phases = 3 + blocks;
  const inLayer = (name: string) => `${at(name)}u + layer * ${layerStride}u`;
  const pitch = (inputs: number, outputs: number) => `${form.byOutput ? inputs : outputs}u`;
  return `
const NORMED = 0u;    // the residual stream, normed
const ATTENDED = 1u;  // what the heads gathered
const ACTIVATED = 2u; // gates and ups

struct Stage {
  kind: u32, layer: u32,
  // Inputs, and the first of them where they are a block of gates and ups; the norm's gain.
  inputs: u32, block: u32, gain: u32,
  // The matrix, its outputs, and where they go: added to the stream, or to the wide values.
  matrix: u32, pitch: u32, outputs: u32, toStream: bool,
}

fn stageCount() -> u32 { return ${layers * phases}u + select(1u, 0u, u.prefill == 1u); }

fn stageOf(number: u32) -> Stage {
  let layer = number / ${phases}u;
  let phase = number % ${phases}u;
  if (layer == ${layers}u) {
    return Stage(NORMED, layer, ${d}u, 0u, ${at('norm')}u, ${form.logits}u, ${form.logitsPitch}u, ${v}u, false);
  }
  if (phase == 0u) {
    return Stage(NORMED, layer, ${d}u, 0u, ${inLayer('attention_norm')}, ${inLayer('qkv')}, ${pitch(d, 3 * d)}, ${3 * d}u, false);
  }
  if (phase == 1u) {
    return Stage(ATTENDED, layer, ${d}u, 0u, 0u, ${inLayer('attention_out')}, ${pitch(d, d)}, ${d}u, true);
  }
  if (phase == 2u) {
    return Stage(NORMED, layer, ${d}u, 0u, ${inLayer('mlp_norm')}, ${inLayer('gate_up')}, ${pitch(d, 2 * f)}, ${2 * f}u, false);
  }
  let block = (phase - 3u) * ${form.block}u;
  let matrix = ${inLayer('down')} + block * ${form.byOutput ? 1 : d}u;
  return Stage(ACTIVATED, layer, min(${form.block}u, ${f}u - block), block, 0u, matrix, ${pitch(f, d)}, ${d}u, true);
}
`;
}
