import { expect, test } from 'vitest';
import { threadCount } from './kernel_threads.ts';

test.each([
  ['one core', 0, 1, 1],
  ['two cores', 0, 2, 2],
  ['eight cores: one for the page', 0, 8, 7],
  ['many cores', 0, 64, 16],
  ['more than there are', 3, 2, 3],
])('threads: %s', (_, asked, cores, count) => expect(threadCount(asked, cores)).toBe(count));

test('refuses what is no number of threads', () => {
  expect(() => threadCount(-1, 4)).toThrow(/from 0 \(auto\) on, got -1/);
  expect(() => threadCount(1.5, 4)).toThrow(/got 1.5/);
});
