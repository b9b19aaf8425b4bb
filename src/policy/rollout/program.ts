import type { Kernel } from '../../tensor/wgsl/kernel.ts';
import type { PackedForm } from './pack.ts';

/** A compiled way to carry rows through the policy, several tokens a dispatch. */
export interface Program {
  kernel: Kernel;
  /** How it wants the weights, see `pack.ts`. */
  form: PackedForm;
  /** Rows of a workgroup that draw; prompts of one that reads, and how many positions of each it reads in a step. */
  rows: number;
  prompts: number;
  positions: number;
  /** Numbers that its memory holds for a row, for so many positions. */
  floatsPerRow(positions: number): number;
}

/** What a program's kernel is given, in this order; all of it the same for all rows of a dispatch. */
export const UNIFORMS = {
  /** Tokens that each row draws, or blocks of positions that it reads of its prompt; and steps before these. */
  steps: 'u32',
  first: 'u32',
  /** 1 while prompts are read: a slot is a prompt, and its rows are positions of it. */
  prefill: 'u32',
  /** Rows of the dispatch, idle ones included. */
  width: 'u32',
  /** What the cache has room for: prompts and positions of each; after `ownBase`, rows and positions of each. */
  prompts: 'u32',
  prefixPositions: 'u32',
  ownBase: 'u32',
  rows: 'u32',
  ownPositions: 'u32',
  eos: 'u32',
  temperature: 'f32',
  topP: 'f32',
  key0: 'u32',
  key1: 'u32',
  stream: 'u32',
} as const;

export type Uniforms = Record<keyof typeof UNIFORMS, number>;

/** The buffers of a program, by the names that its code uses. */
export const READS = {
  slots: 'u32',
  prompts: 'u32',
  weights: 'vec4f',
  cosines: 'f32',
  sines: 'f32',
} as const;
export const WRITES = {
  /** Keys and values: of the prompts' positions, then of the rows' own. */
  cache: 'vec4f',
  /** What a row holds between the stages of a token. */
  memory: 'vec4f',
  /** Of each step and row: the token, and the bits of its log-probability. */
  drawn: 'u32',
} as const;
