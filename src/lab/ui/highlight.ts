import { tokenizer } from 'acorn';

/** A piece of a line, with the kind that its colour follows from. */
export interface Piece {
  text: string;
  kind: 'keyword' | 'number' | 'string' | 'comment' | 'plain';
}

/** JavaScript cut into lines of coloured pieces. Text that is no JavaScript from some point on is plain from there. */
export function highlight(code: string): Piece[][] {
  const spans: { start: number; end: number; kind: Piece['kind'] }[] = [];
  try {
    const options = {
      ecmaVersion: 'latest',
      onComment: (_block: boolean, _text: string, start: number, end: number) => {
        spans.push({ start, end, kind: 'comment' });
      },
    } as const;
    for (const { type, start, end } of tokenizer(code, options)) {
      // The tokenizer takes `let` for a name, as old JavaScript did.
      const isLet = type.label === 'name' && code.slice(start, end) === 'let';
      const kind = isLet ? 'keyword' : kindOf(type.label, type.keyword);
      spans.push({ start, end, kind });
    }
  } catch {
    // A program that does not parse is shown all the same; its verdict says why.
  }
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end, kind } of spans.sort((a, b) => a.start - b.start)) {
    if (start > at) pieces.push({ text: code.slice(at, start), kind: 'plain' });
    if (end > start) pieces.push({ text: code.slice(start, end), kind });
    at = Math.max(at, end);
  }
  if (at < code.length) pieces.push({ text: code.slice(at), kind: 'plain' });
  return intoLines(pieces);
}

function kindOf(label: string, keyword: string | undefined): Piece['kind'] {
  if (keyword) return 'keyword';
  if (label === 'num') return 'number';
  if (label === 'string' || label === 'template' || label === 'regexp') return 'string';
  return 'plain';
}

function intoLines(pieces: readonly Piece[]): Piece[][] {
  const lines: Piece[][] = [[]];
  for (const { text, kind } of pieces) {
    text.split('\n').forEach((part, i) => {
      if (i > 0) lines.push([]);
      if (part !== '') lines.at(-1)!.push({ text: part, kind });
    });
  }
  return lines;
}
