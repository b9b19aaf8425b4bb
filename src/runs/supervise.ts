import type { RunEvent } from './events.ts';

/** A trainer that is lost this often without a new checkpoint in between is given up. */
const MAX_LOSSES = 3;

/** The first pause before a new trainer starts; each further one is twice as long. */
const PAUSE_MS = 250;

/**
 * The trainer ended through no fault of the run: its worker, its device, its page or its browser is gone, or its
 * worker hangs. A new one can go on from the last checkpoint.
 */
export class TrainerLostError extends Error {
  override name = 'TrainerLostError';
}

/**
 * Makes attempts at a run until one comes to its end, or fails by itself.
 * @param attempt trains from the last checkpoint that is stored, or from the start where there is none
 * @param savedStep the step of that checkpoint; undefined where there is none
 * @param tell takes a warning for each loss
 * @throws Error of the attempt; that of a lost trainer only when it was lost again and again on the same steps
 */
export async function supervise(
  attempt: () => Promise<void>,
  savedStep: () => number | undefined,
  tell: (event: RunEvent) => void,
): Promise<void> {
  let losses = 0;
  for (;;) {
    const before = savedStep();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TrainerLostError)) throw error;
      const saved = savedStep();
      losses = saved === before ? losses + 1 : 1;
      const from = saved === undefined ? 'the start' : `step ${saved}`;
      if (losses >= MAX_LOSSES) {
        throw new Error(`${error.message} (${losses} times in a row after ${from}, so the run is given up)`);
      }
      const message = `${error.message}; going on from ${from} with a new one, by itself (loss ${losses} there; after ${MAX_LOSSES} in a row the run is given up)`;
      tell({ type: 'warning', message });
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** (losses - 1)));
    }
  }
}
