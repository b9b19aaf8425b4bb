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
  const entries = parseAnswer(answer) ?? [];
  const wellFormed =
    entries.length === item.truth.length && item.truth.every(([name], i) => entries[i][0] === name);
  const cells = item.truth.map(([name, expected], i): Cell => {
    const entry = wellFormed ? entries[i] : entries.find(([other]) => other === name);
    if (!entry) return { name, expected, right: false };
    return { name, expected, answered: entry[1], right: wellFormed && sameValue(entry[1], expected) };
  });
  return { wellFormed, cells };
}

/**
 * The alignment reward of CodeRL+ (arXiv 2510.18471). Paper: the share of variables right. Released code:
 * 0.1 for the form + 0.9 times the share of output and variables right. An answer not well formed earns 0.
 */
export function alignmentReward({ wellFormed, cells }: Judgement, kind: AlignmentReward): number {
  if (!wellFormed) return 0;
  const variables = cells.filter(({ name }) => name !== RETURN);
  // A question for the output alone has nothing else to count.
  const counted = kind === 'paper' && variables.length > 0 ? variables : cells;
  const share = counted.filter(({ right }) => right).length / Math.max(1, counted.length);
  return kind === 'paper' ? share : 0.1 + 0.9 * share;
}
