import type { Plan } from './results.ts';
import type { Participant } from './stage.ts';

/** Seconds after which a contender that does not answer is taken for stuck. */
const PATIENCE = 400;

/** Rejects when the promise takes longer than that. */
async function within<T>(seconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${seconds} seconds`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The contenders of a measurement, who do everything in turn. */
export interface Turns {
  readonly running: readonly Participant[];
  /** Does something with each; one that fails is out. */
  each<T>(what: string, work: (participant: Participant) => Promise<T>): Promise<Map<string, T>>;
  /** Repeats in turn until every contender has enough repetitions or has spent its seconds. */
  repeat(what: string, plan: Plan, work: (participant: Participant) => Promise<number>): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param participants started contenders
 * @param fail hears of each contender that is out, and why
 */
export function takeTurns(participants: Participant[], fail: (name: string, reason: string) => void): Turns {
  let running = participants;

  const turns: Turns = {
    get running() {
      return running;
    },
    async each(what, work) {
      const results = new Map();
      for (const participant of running) {
        try {
          results.set(participant.name, await within(PATIENCE, work(participant)));
        } catch (error) {
          running = running.filter((other) => other !== participant);
          fail(participant.name, `${what}: ${(error as Error).message.split('\n')[0]}`);
          await participant.close();
        }
      }
      return results;
    },
    async repeat(what, plan, work) {
      const spent = new Map<string, number>();
      for (let round = 0; round < plan.repetitions; round++) {
        let busy = false;
        await turns.each(what, async (participant) => {
          const before = spent.get(participant.name) ?? 0;
          // Another repetition would take about as long as those before it.
          if (round > 0 && before + before / round > plan.seconds) return;
          spent.set(participant.name, before + (await work(participant)));
          busy = true;
        });
        if (!busy) return;
      }
    },
    async close() {
      for (const { close } of running) await close();
    },
  };
  return turns;
}
