import { expect, it } from 'vitest';
import { Progress } from './progress.ts';

function setUp(isTTY: boolean) {
  let now = 0;
  let text = '';
  const output = { isTTY, columns: 200, write: (more: string) => (text += more) };
  return {
    progress: new Progress(output, () => now),
    wait: (seconds: number) => (now += seconds),
    said: () => text,
    clear: () => (text = ''),
  };
}

it('tells the time left from the steps so far and the work after them', () => {
  const { progress, wait, said } = setUp(true);
  progress.startSteps(30);
  wait(20);
  progress.step(10, 40);
  expect(progress.secondsLeft()).toBe(90);
  expect(said()).toContain('10/40 1 min 30 s left');
});

it('keeps lines above the bar on a terminal', () => {
  const { progress, said, clear } = setUp(true);
  progress.startSteps(0);
  progress.step(1, 4);
  clear();
  progress.line('hello');
  const erase = '\r\u001b[2K';
  expect(said().startsWith(`${erase}hello\n${erase}[#`)).toBe(true);
  expect(said()).toContain('] 1/4');
});

it('writes plain lines elsewhere, statuses at most one in ten seconds', () => {
  const { progress, wait, said } = setUp(false);
  progress.status('loading');
  progress.status('still loading');
  wait(11);
  progress.status('evaluating');
  progress.step(1, 4);
  progress.line('done');
  progress.end();
  expect(said()).toBe('loading\nevaluating\ndone\n');
});
