import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './site.ts';

/** Folders from the ground up: each may import from those above it in this list, and from itself. */
const FLOORS = [
  'src/program',
  'src/sandbox',
  // Before the tasks, which draw from its counter-based random numbers.
  'src/tensor',
  'src/tasks',
  'src/policy',
  'src/rl',
  'src/semantics',
  'src/methods',
  'src/evaluation',
  'src/runs',
  'src/reproduce',
  'src/lab',
  'workers',
  'cli',
];

/** Contracts that lower floors may name: types alone, which vanish when built. */
const TYPES_ONLY = /^\s*(?:import|export)\s+type\b/;

/** Starting a worker by its file: its entry is no module of whoever starts it, but a program of its own. */
const WORKER_START = /^new URL\(|\?worker(&|['"])/;

const IMPORT =
  /(?:^\s*(?:import|export)\b[^'"]*?from\s*|^\s*import\s*|\bimport\(\s*|new URL\(\s*)['"](\.[^'"]+)['"]/gm;

/** Relative imports of a module's text: the statement and the place that it names. */
function importsOf(text: string): { statement: string; target: string }[] {
  return [...text.matchAll(IMPORT)].map((match) => ({ statement: match[0], target: match[1]! }));
}

function sources(directory: string): string[] {
  return readdirSync(path.join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const place = `${directory}/${entry.name}`;
    if (entry.isDirectory()) return sources(place);
    return /\.(tsx?|mjs)$/.test(entry.name) && !entry.name.endsWith('.test.ts') ? [place] : [];
  });
}

function floorOf(file: string): number {
  return FLOORS.findIndex((floor) => file.startsWith(`${floor}/`));
}

it('finds imports of every form', () => {
  const text = [
    "import { a } from './a.ts';",
    "import type { B } from '../b.ts';",
    "import {\n  c,\n} from './c.ts';",
    "import './d.css';",
    "export * from './e.ts';",
    "const f = await import('./f.ts');",
    "new Worker(new URL('../../workers/g.ts', import.meta.url));",
    "import h from 'package';",
  ].join('\n');
  const targets = importsOf(text).map(({ target }) => target);
  expect(targets).toEqual([
    './a.ts',
    '../b.ts',
    './c.ts',
    './d.css',
    './e.ts',
    './f.ts',
    '../../workers/g.ts',
  ]);
});

it('every folder imports only from its own floor and those above it in the list', () => {
  const wrong: string[] = [];
  for (const file of FLOORS.flatMap(sources)) {
    for (const { statement, target } of importsOf(readFileSync(path.join(ROOT, file), 'utf8'))) {
      const imported = path.posix.join(path.posix.dirname(file), target.replace(/\?.*$/, ''));
      const upward = floorOf(imported) > floorOf(file);
      const free = TYPES_ONLY.test(statement) || WORKER_START.test(statement.trim());
      if (upward && !free) wrong.push(`${file} -> ${imported}`);
    }
  }
  expect(wrong).toEqual([]);
});
