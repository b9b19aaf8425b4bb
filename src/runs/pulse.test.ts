import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { givePulse, pulseEnd } from './pulse.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

let worker: EventTarget;
let hung: boolean;
let watch: AbortController;
const post = () => worker.dispatchEvent(new Event('message'));

beforeEach(() => {
  vi.useFakeTimers();
  worker = new EventTarget();
  watch = new AbortController();
  hung = false;
  pulseEnd(worker, watch.signal).then(() => {
    hung = true;
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('five minutes without a sign of life are a worker that hangs', async () => {
  await vi.advanceTimersByTimeAsync(4 * MINUTE);
  post();
  await vi.advanceTimersByTimeAsync(4.9 * MINUTE);
  expect(hung).toBe(false);
  await vi.advanceTimersByTimeAsync(0.2 * MINUTE);
  expect(hung).toBe(true);
});

test('a machine that slept for hours wakes up to one look', async () => {
  await vi.advanceTimersByTimeAsync(MINUTE);
  vi.setSystemTime(Date.now() + 600 * MINUTE);
  await vi.advanceTimersByTimeAsync(10 * SECOND);
  expect(hung).toBe(false);
});

test('nobody watches a worker that was ended', async () => {
  watch.abort();
  await vi.advanceTimersByTimeAsync(6 * MINUTE);
  expect([hung, vi.getTimerCount()]).toEqual([false, 0]);
});

test('signs of life come from a timer while it waits, and from kernels while none gets its turn', () => {
  const posted: number[] = [];
  vi.stubGlobal('postMessage', () => posted.push(Math.round(performance.now() / SECOND)));
  const began = Math.round(performance.now() / SECOND);
  const onKernel = givePulse();
  vi.advanceTimersByTime(3 * SECOND);
  expect(posted.map((at) => at - began)).toEqual([1, 2, 3]);
  // Time goes on, but timers do not: ten kernels a second for three seconds.
  const spy = vi.spyOn(performance, 'now');
  for (let i = 1; i <= 30; i++) {
    spy.mockReturnValue((began + 3) * SECOND + i * 100);
    onKernel();
  }
  expect(posted.map((at) => at - began)).toEqual([1, 2, 3, 4, 5, 6]);
});
