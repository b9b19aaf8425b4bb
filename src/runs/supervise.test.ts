import { expect, test } from 'vitest';
import type { RunEvent } from './events.ts';
import { supervise, TrainerLostError } from './supervise.ts';

/** Attempts that save these steps, one after the other, and are lost; the one after them succeeds. */
async function attempts(steps: number[], end?: Error) {
  let saved: number | undefined;
  const told: RunEvent[] = [];
  let made = 0;
  const attempt = async () => {
    const step = steps[made++];
    if (step === undefined) {
      if (end) throw end;
      return;
    }
    saved = step;
    throw new TrainerLostError('the worker ended');
  };
  await supervise(
    attempt,
    () => saved,
    (event) => told.push(event),
  );
  return { made, told };
}

test('goes on after each loss, and says from where', async () => {
  const { made, told } = await attempts([1, 2, 2, 5]);
  expect(made).toBe(5);
  expect(told[2]).toEqual({
    type: 'warning',
    message: expect.stringMatching(
      /the worker ended; going on from step 2 with a new one, by itself \(loss 2 there; after 3/,
    ),
  });
});

test('gives up when it is lost again and again on the same steps', async () => {
  await expect(attempts([4, 4, 4, 4])).rejects.toThrow(/ended \(3 times in a row after step 4.*given up/);
});

test('an error of the run itself ends it', async () => {
  await expect(attempts([1], new Error('not finite'))).rejects.toThrow('not finite');
});
