import { formatEstimate, markdownTable } from '../runs/sweep/collect.ts';
import type { Chart } from './chart.ts';
import type { Block } from './document.ts';

/** A report as Markdown; a chart becomes the table of its numbers. */
export function toMarkdown(blocks: readonly Block[]): string {
  return `${blocks.map(blockMarkdown).join('\n\n')}\n`;
}

function blockMarkdown(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${block.text}`;
    case 'text':
      return block.text;
    case 'list':
      return block.items.map((item) => `- ${item}`).join('\n');
    case 'command':
      return `\`\`\`sh\n${block.text}\n\`\`\``;
    case 'table':
      return markdownTable(block.head, block.rows);
    case 'chart':
      return chartTable(block.chart);
  }
}

function chartTable({ title, lines }: Chart): string {
  const steps = [...new Set(lines.flatMap(({ points }) => points.map(({ step }) => step)))].sort(
    (a, b) => a - b,
  );
  const rows = lines.map(({ label, points }) => [
    label,
    ...steps.map((step) => {
      const point = points.find((one) => one.step === step);
      return point ? formatEstimate(point.estimate) : '';
    }),
  ]);
  return `${title}, by step:\n\n${markdownTable(['', ...steps.map(String)], rows)}`;
}
