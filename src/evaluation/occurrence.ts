import type { Tokenizer } from '../policy/tokenizer.ts';
import { isParseError, parseProgram } from '../program/parse.ts';
import { descendants } from '../program/visit.ts';

/** The character (from 0) at which the last occurrence of each name in a program ends. */
export function lastOccurrences(program: string): Map<string, number> {
  const found = new Map<string, number>();
  const parsed = parseProgram(program);
  if (isParseError(parsed)) return found;
  for (const { node } of descendants(parsed.ast)) {
    if (node.type === 'Identifier') found.set(node.name, Math.max(found.get(node.name) ?? 0, node.end));
  }
  return found;
}

/** The token (from 0) that holds the character before each of some offsets of a text. */
export function tokensAt(tokenizer: Tokenizer, tokens: readonly number[], ends: readonly number[]): number[] {
  const bounds: number[] = [];
  let at = 0;
  for (const token of tokens) {
    at += tokenizer.decode([token]).length;
    bounds.push(at);
  }
  return ends.map((end) => bounds.findIndex((bound) => bound >= end));
}
