import { expect, test } from 'vitest';
import { type LiveRun, RunControl } from './control.ts';

const live = { step: 3 } as LiveRun;

test('while paused, every inquiry is answered in turn, also one that comes while another is answered', async () => {
  const control = new RunControl();
  control.pause();
  const next = control.next(live, async () => {});
  const first = control.ask(async ({ step }) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return step;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = control.ask(async ({ step }) => step + 1);
  expect(await Promise.all([first, second])).toEqual([3, 4]);
  control.stop();
  expect(await next).toBe(false);
});

test('what is asked when no update follows is rejected', async () => {
  const control = new RunControl();
  const waiting = control.ask(async () => 1);
  control.end();
  await expect(waiting).rejects.toThrow(/the run has ended/);
  await expect(control.ask(async () => 1)).rejects.toThrow(/the run has ended/);
});
