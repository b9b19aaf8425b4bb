/** @file A report before it is Markdown or HTML. Inline text may hold `code`, **bold** and links, as in Markdown. */
import type { Chart } from './chart.ts';

export type Block =
  | { kind: 'heading'; level: 1 | 2 | 3; text: string }
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'command'; text: string }
  | { kind: 'table'; head: string[]; rows: string[][] }
  | { kind: 'chart'; chart: Chart };

export const heading = (level: 1 | 2 | 3, text: string): Block => ({ kind: 'heading', level, text });
export const text = (words: string): Block => ({ kind: 'text', text: words });
export const table = (head: string[], rows: string[][]): Block => ({ kind: 'table', head, rows });
