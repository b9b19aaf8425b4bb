import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { ISOLATION_HEADERS } from './isolation.ts';
import { ROOT } from './site.ts';

it('sends the same headers from static hosts that read public/_headers', () => {
  const [pattern, ...lines] = readFileSync(path.join(ROOT, 'public/_headers'), 'utf8').trimEnd().split('\n');
  expect(pattern).toBe('/*');
  expect(Object.fromEntries(lines.map((line) => line.trim().split(': ')))).toEqual(ISOLATION_HEADERS);
});
