import type { StepTiming } from './bench.ts';
import type { Plan, TrainingRow } from './results.ts';
import type { Turns } from './turns.ts';

/** Relative differences beyond which two contenders do not compute the same thing. */
const TOLERANCE = { loss: 1e-4, gradientNorm: 2e-3, lossAfterOneStep: 2e-3 };

/** Throws where a figure is not the first contender's. */
function agree(
  what: keyof typeof TOLERANCE,
  value: number,
  reference: { name: string; value: number },
): void {
  const difference = Math.abs(value - reference.value) / Math.abs(reference.value);
  if (difference <= TOLERANCE[what]) return;
  throw new Error(`${what} is ${value}, but ${reference.value} in ${reference.name}: not the same model`);
}

/** Checks that all compute the same, then times steps. */
export async function measureTraining(
  turns: Turns,
  plan: Plan,
  log: (line: string) => void,
): Promise<TrainingRow[]> {
  let reference: { name: string; loss: number; gradientNorm: number; after: number } | undefined;
  const firsts = await turns.each('first step', async ({ name, bench }) => {
    const first = await bench.firstStep();
    const second = await bench.steps(1);
    reference ??= { name, loss: first.loss, gradientNorm: first.gradientNorm, after: second.loss };
    agree('loss', first.loss, { name: reference.name, value: reference.loss });
    agree('gradientNorm', first.gradientNorm, { name: reference.name, value: reference.gradientNorm });
    agree('lossAfterOneStep', second.loss, { name: reference.name, value: reference.after });
    log(
      `  ${name}: ${first.seconds.toFixed(1)} s, then ${(second.seconds * 1000).toFixed(0)} ms; loss ${first.loss.toFixed(5)}`,
    );
    return { ...first, second };
  });
  const timings = new Map<string, StepTiming[]>(turns.running.map(({ name }) => [name, []]));
  await turns.repeat('training step', plan, async ({ name, bench }) => {
    const { second } = firsts.get(name)!;
    if (second.seconds > plan.seconds) {
      // The second step, compiled and warm, is the one repetition that there is time for.
      timings.get(name)!.push(second);
      return second.seconds;
    }
    // Short steps are timed several at once, so that waiting for the device counts once.
    const count = Math.max(1, Math.min(50, Math.round(plan.seconds / 20 / second.seconds)));
    const timing = await bench.steps(count);
    timings.get(name)!.push(timing);
    return timing.seconds * count;
  });
  const memory = await turns.each('memory', ({ bench }) => bench.memory());
  return turns.running.map(({ name }) => {
    const first = firsts.get(name)!;
    const all = timings.get(name)!;
    const last = all.at(-1)!;
    const { gpuBytes, wasmBytes } = memory.get(name)!;
    return {
      contender: name,
      seconds: all.map(({ seconds }) => seconds),
      firstStepSeconds: first.seconds,
      loss: first.loss,
      gradientNorm: first.gradientNorm,
      lossAfterOneStep: first.second.loss,
      dispatches: last.dispatches,
      createdGpuBytes: last.createdGpuBytes,
      gpuBytes,
      wasmBytes,
    };
  });
}
