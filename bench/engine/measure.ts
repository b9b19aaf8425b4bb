import { type ModelCase, modelConfig, parameterCount, stepProducts } from './cases.ts';
import type { Backend } from './contender.ts';
import { measureProducts, rooflineSeconds } from './products.ts';
import { median, type Plan, type SizeResult } from './results.ts';
import { measureRollouts } from './rollouts.ts';
import type { Participant, Stage } from './stage.ts';
import { openTorch, pythonWithTorch } from './torch.ts';
import { measureTraining } from './training.ts';
import { takeTurns } from './turns.ts';

/** Seconds that a training step may be expected to take; slower contenders are left out. */
const MAX_STEP_SECONDS = 60;

/**
 * Measures one size on one backend, every contender in a worker of its own and all in turn.
 * @param smaller sizes measured before it, from which follows who would take too long
 */
export async function measureSize(
  stage: Stage,
  backend: Backend,
  size: string,
  plan: Plan,
  smaller: readonly SizeResult[],
  log: (line: string) => void,
): Promise<{ result: SizeResult; devices: Record<string, string> }> {
  const positions = Math.max(plan.length, plan.promptLength + plan.newTokens);
  const config = modelConfig(size, positions);
  const model: ModelCase = { config, sequences: plan.sequences, length: plan.length };
  const parameters = parameterCount(config);
  const devices: Record<string, string> = {};
  const failures: Record<string, string> = {};
  const leftOut: string[] = [];
  const fail = (name: string, reason: string) => {
    failures[name] = reason;
    log(`${name} is out: ${reason}`);
  };

  const participants: Participant[] = [];
  for (const name of plan.contenders) {
    const expected = expectedStep(name, parameters, smaller);
    if (expected > MAX_STEP_SECONDS) {
      leftOut.push(`${name}: by its time at a smaller size, a step would take ${expected.toFixed(0)} s`);
      continue;
    }
    try {
      participants.push(await stage.open(name, backend));
    } catch (error) {
      fail(name, `start: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  const python = backend === 'wasm' && plan.torch ? pythonWithTorch() : undefined;
  if (python) participants.push(openTorch(python));
  const turns = takeTurns(participants, fail);
  try {
    await turns.each('start', async ({ name, bench }) => {
      devices[name] = await bench.start(backend);
      await bench.load(model);
    });
    if (turns.running.length === 0) throw new Error(`${backend}: no contender started`);
    log('first steps');
    const training = await measureTraining(turns, plan, log);
    log('products');
    const products = await measureProducts(turns, stepProducts(model), plan);
    log('rollouts');
    // Everyone has made another number of steps by now.
    await turns.each('load', ({ bench }) => bench.load(model));
    const decoded = await measureRollouts(turns, model, plan, training, log);
    const result = {
      size,
      parameters,
      tokensPerStep: model.sequences * model.length,
      paced: plan.seconds,
      training,
      rollouts: decoded.rollouts,
      products,
      rooflineSeconds: rooflineSeconds(products),
      failures,
      leftOut: [...leftOut, ...decoded.leftOut],
    };
    return { result, devices };
  } finally {
    await turns.close();
  }
}

/** Seconds of a step, in proportion to the parameters of the largest size that the contender was measured at; 0 if none. */
function expectedStep(name: string, parameters: number, smaller: readonly SizeResult[]): number {
  for (const size of smaller.toReversed()) {
    const row = size.training.find(({ contender }) => contender === name);
    if (row) return (median(row.seconds) * parameters) / size.parameters;
  }
  return 0;
}
