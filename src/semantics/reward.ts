import { sameValue, type Value } from '../program/values.ts';
import { parseAnswer, RETURN } from '../tasks/format.ts';
import type { AlignmentItem } from './item.ts';

export type AlignmentReward = 'paper' | 'released';

/** One asked value: what was true, what was answered, and whether they are the same. */
export interface Cell {
  name: string;
  expected: Value;
  answered?: Value;
  right: boolean;
}

/** An answer judged cell by cell. */
export interface Judgement {
  /** The answer has the asked form: every name once, in order, each with a readable value. */
  wellFormed: boolean;
  cells: Cell[];
}

/** Compares an answer with the truth. */
export function judge(item: AlignmentItem, answer: string): Judgement {
  const values = parseAnswer(answer);
  const names = values ? [...values.keys()] : [];
  const wellFormed = names.length === item.truth.length && item.truth.every(([name], i) => names[i] === name);
  const cells = item.truth.map(([name, expected]): Cell => {
    if (!values?.has(name)) return { name, expected, right: false };
    const answered = values.get(name);
    return { name, expected, answered, right: wellFormed && sameValue(answered, expected) };
  });
  return { wellFormed, cells };
}

/**
 * The alignment reward of CodeRL+ (arXiv 2510.18471). Paper: the share of variables right. Released code:
 * 0.1 for the form + 0.9 times the share of output and variables right. An answer not well formed earns 0.
 */
export function alignmentReward({ wellFormed, cells }: Judgement, kind: AlignmentReward): number {
  if (!wellFormed) return 0;
  const counted = kind === 'paper' ? cells.filter(({ name }) => name !== RETURN) : cells;
  const share = counted.filter(({ right }) => right).length / Math.max(1, counted.length);
  return kind === 'paper' ? share : 0.1 + 0.9 * share;
}
