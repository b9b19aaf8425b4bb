import type { RolloutTiming } from './bench.ts';
import { casePrompts, type ModelCase } from './cases.ts';
import type { RolloutJob } from './contender.ts';
import { median, type Plan, type RolloutRow, type TrainingRow } from './results.ts';
import type { Turns } from './turns.ts';

/** Greedy rows may part where two tokens are nearly tied. */
const MIN_EQUAL_ROWS = 0.9;

/** Completions of a prompt. */
const GROUP = 8;

/** Seconds that the two tokens of the shortest rollout may be expected to take. */
const MAX_SECONDS = 120;

/** A warm-up that takes this many times the seconds of a measurement is the one repetition that there is time for. */
const SLOW = 1.5;

type Ways = Map<string, string[]>;

/** Checks that all decode the same, then times batches, from the smallest on. */
export async function measureRollouts(
  turns: Turns,
  model: ModelCase,
  plan: Plan,
  training: readonly TrainingRow[],
  log: (line: string) => void,
): Promise<{ rollouts: RolloutRow[]; leftOut: string[] }> {
  const ways: Ways = await turns.each('decodings', ({ bench }) => bench.decodings());
  await checkGreedy(turns, ways, model, plan);
  const rollouts: RolloutRow[] = [];
  const leftOut: string[] = [];
  for (const rows of plan.rolloutRows) {
    log(`  batch ${rows}`);
    const cells = await measureBatch(turns, ways, model, plan, rows, (cell) => {
      const before = rollouts.findLast(
        (row) => row.contender === cell.contender && row.decoding === cell.decoding,
      );
      const seconds = before
        ? (2 * rows) / median(before.tokensPerSecond)
        : expectedSeconds(cell, model, training);
      if (seconds < MAX_SECONDS) return true;
      leftOut.push(
        `${cell.contender}, ${cell.decoding}, batch ${rows}: two tokens would take ${seconds.toFixed(0)} s`,
      );
      return false;
    });
    const alive = new Set(turns.running.map(({ name }) => name));
    rollouts.push(...cells.filter(({ contender }) => alive.has(contender)));
  }
  return { rollouts, leftOut };
}

/** Seconds of two tokens where every token reads all prompts again: a forward pass is a third of a step. */
function expectedSeconds(cell: RolloutRow, model: ModelCase, training: readonly TrainingRow[]): number {
  if (cell.decoding === 'cache') return 0;
  const step = median(training.find(({ contender }) => contender === cell.contender)!.seconds);
  return ((2 * step) / 3) * ((cell.rows * cell.promptLength) / (model.sequences * model.length));
}

async function checkGreedy(turns: Turns, ways: Ways, { config }: ModelCase, plan: Plan): Promise<void> {
  const job: RolloutJob = {
    prompts: casePrompts(config, GROUP, plan.promptLength),
    n: 1,
    newTokens: Math.min(3, plan.newTokens),
    temperature: 0,
    seconds: Number.POSITIVE_INFINITY,
  };
  let reference: { name: string; tokens: number[][] } | undefined;
  await turns.each('greedy rollout', async ({ name, bench }) => {
    for (const decoding of ways.get(name)!) {
      const tokens = (await bench.rollout(job, decoding, true)).tokens!;
      reference ??= { name, tokens };
      const equal = reference.tokens.filter((row, i) => row.join() === tokens[i].join()).length;
      if (equal >= MIN_EQUAL_ROWS * tokens.length) continue;
      const example = `${tokens[0]} and ${reference.tokens[0]}`;
      throw new Error(
        `${equal} of ${tokens.length} rows are as in ${reference.name}: the first is ${example}`,
      );
    }
  });
}

/** @param isWanted whether a cell should be measured at all */
async function measureBatch(
  turns: Turns,
  ways: Ways,
  { config }: ModelCase,
  plan: Plan,
  rows: number,
  isWanted: (cell: RolloutRow) => boolean,
): Promise<RolloutRow[]> {
  const { promptLength, newTokens, seconds } = plan;
  const prompts = casePrompts(config, rows / GROUP, promptLength);
  const job: RolloutJob = { prompts, n: GROUP, newTokens, temperature: 1, seconds: seconds / 2 };
  const cells = [...ways]
    .flatMap(([contender, decodings]) => decodings.map((decoding) => ({ contender, decoding })))
    .map(
      (way): RolloutRow => ({
        ...way,
        rows,
        promptLength,
        newTokens: 0,
        tokensPerSecond: [],
        dispatchesPerPosition: 0,
      }),
    )
    .filter(isWanted);
  for (const decoding of new Set(cells.map((cell) => cell.decoding))) {
    const cellOf = (name: string) =>
      cells.find((cell) => cell.contender === name && cell.decoding === decoding);
    const slow = new Set<string>();
    await turns.each('rollout', async ({ name, bench }) => {
      const cell = cellOf(name);
      if (!cell) return;
      // Stops as soon as everything has been compiled.
      const timing = await bench.rollout({ ...job, seconds: 0 }, decoding);
      if (!timing.isSteady || timing.seconds < SLOW * plan.seconds) return;
      record(cell, timing);
      slow.add(name);
    });
    await turns.repeat('rollout', plan, async ({ name, bench }) => {
      const cell = cellOf(name);
      if (!cell || slow.has(name)) return 0;
      const timing = await bench.rollout(job, decoding);
      record(cell, timing);
      return timing.seconds;
    });
  }
  return cells;
}

function record(cell: RolloutRow, { tokensPerSecond, length, dispatches }: RolloutTiming): void {
  cell.tokensPerSecond.push(tokensPerSecond);
  cell.newTokens = length;
  cell.dispatchesPerPosition = dispatches / length;
}
