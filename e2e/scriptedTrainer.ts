/**
 * A trainer that computes nothing and is done at once: tests of the page and the terminal build with it in
 * place of `workers/trainer.ts`. What it should do is said by the tasks text (`fail`, `crash`, `slow`, ...), or by the
 * seed where a page asks: 13 fails, 14 crashes.
 */
import * as Comlink from 'comlink';
import type { WrittenToken } from '../src/policy/write.ts';
import type { Config } from '../src/runs/config.ts';
import type {
  Estimate,
  Evaluation,
  GroupDetail,
  RolloutRecord,
  RunEvent,
  TrainerApi,
} from '../src/runs/events.ts';
import { holdLifeline } from '../src/runs/lifeline.ts';
import { givePulse } from '../src/runs/pulse.ts';

const DEVICE: RunEvent = {
  type: 'device',
  device: { backend: 'wasm', adapter: 'scripted engine', software: false },
};

function proportion(value: number): Estimate {
  return { value, low: value - 0.02, high: value + 0.02, count: 1000 };
}

function evaluation(step: number): Evaluation {
  return {
    step,
    measures: {
      'pass@1': proportion(0.25 + 0.01 * step),
      code_reasoning: proportion(0.35),
      trace_exact: proportion(0.2),
    },
    verdicts: { pass: 0.25, wrong_answer: 0.75 },
    seconds: 0.1,
  };
}

function rollouts(config: Config, step: number): RolloutRecord[] {
  return Array.from({ length: config['rollout.n'] }, (_, sample) => ({
    step,
    source: 'code',
    group: 0,
    sample,
    prompt_id: `task-${step}`,
    prompt: 'Double every number.\nfunction f(a) {\n',
    completion: `  return a.map((x) => x * ${sample});\n}`,
    tokens: 12,
    terminated: true,
    verdict: sample === 2 ? 'pass' : 'wrong_answer',
    reward: sample === 2 ? 1 : 0,
    parts: { tests: sample === 2 ? 1 : 0 },
    advantage: sample === 2 ? 1.5 : -0.2,
    detail: { passed: sample === 2 ? [1, 1] : [0, 1] },
  }));
}

const VOCABULARY = ['<|eos|>', '  return', ' a', '.map(', 'x => x * 2', ');\n', '}'];

/** Tokens of a group of four, of which the third passes. */
function details(config: Config): GroupDetail[] {
  const samples = Array.from({ length: config['rollout.n'] }, (_, sample) => sample);
  const tokens = [1, 2, 3, 4, 5, 6, 0];
  const test = { input: [[1, 2]], expected: [2, 4] };
  return [
    {
      group: 0,
      promptTokens: [1],
      tokens: samples.map(() => tokens),
      logProbs: samples.map(() => tokens.map((_, i) => -0.25 * i)),
      advantages: samples.map((sample) => tokens.map(() => (sample === 2 ? 1.5 : -0.2))),
      task: {
        id: 'task',
        family: 'pipelines',
        split: 'rl',
        description: 'Double every number.',
        signature: 'function f(a) {\n',
        entry: 'f',
        reference: 'function f(a) {\n  return a.map(x => x * 2);\n}',
        visibleTests: [test],
        hiddenTests: [test],
        composition: 'double',
      },
    },
  ];
}

let stopped = false;
let paused = false;
let stepsAllowed = 0;

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const lifeline = holdLifeline(self.name);
givePulse();

const api: TrainerApi = {
  alive: () => lifeline,
  async train({ config, policy, tasks }, emit) {
    const send = emit as (event: RunEvent) => Promise<void>;
    await send(DEVICE);
    await send({ type: 'status', message: 'loading the policy' });
    await send({ type: 'vocabulary', texts: VOCABULARY });
    if (tasks?.includes('fail') || config.seed === 13) throw new Error('the script says fail');
    await send({ type: 'evaluation', name: 'before', evaluation: evaluation(0) });
    let step = 0;
    while (step < config.steps && !stopped) {
      if (paused && stepsAllowed === 0) {
        await sleep(20);
        continue;
      }
      if (stepsAllowed > 0) stepsAllowed--;
      step++;
      await sleep(tasks?.includes('slow') ? 300 : 20);
      if ((tasks?.includes('crash') || config.seed === 14) && step === 2)
        setTimeout(() => {
          throw new Error('the script says crash');
        });
      await send({ type: 'rollouts', records: rollouts(config, step) });
      await send({ type: 'groups', step, details: details(config) });
      await send({
        type: 'step',
        totalSteps: config.steps,
        metrics: {
          step,
          reward: 0.3 + 0.001 * step,
          reward_std: 0.1,
          loss: 0.01,
          'rewards/alignment/mean': 0.4,
          step_time: 0.02,
          tokens_per_second: 1234.5,
          programs_per_second: 321,
        },
      });
      if (config.eval_every > 0 && step % config.eval_every === 0) {
        await send({ type: 'evaluation', name: 'during', evaluation: evaluation(step) });
      }
    }
    await send({ type: 'evaluation', name: 'after', evaluation: evaluation(step) });
    const card = new TextEncoder().encode('A policy of the script.');
    await send({ type: 'policy', files: { ...policy, 'README.md': card } });
    await send({ type: 'done', steps: step, stopped });
  },
  async continueRun(name) {
    throw new Error(`the script keeps no run "${name}"`);
  },
  async evaluate({ tasks }, emit) {
    const send = emit as (event: RunEvent) => Promise<void>;
    await send(DEVICE);
    if (tasks?.includes('slow')) await sleep(60_000);
    return evaluation(0);
  },
  pause() {
    paused = true;
  },
  resume() {
    paused = false;
  },
  stepOnce() {
    paused = true;
    stepsAllowed++;
  },
  stop() {
    stopped = true;
  },
  async write(_request, emit) {
    const token = (id: number, text: string) => {
      const candidate = { id, text, probability: 0.5 };
      return { ...candidate, alternatives: [candidate, { id: id + 1, text: '?', probability: 0.25 }] };
    };
    const tokens = [token(7, '  return a;\n'), token(8, '}'), token(9, '<|eos|>')];
    for (const one of tokens) await (emit as (token: WrittenToken) => Promise<void>)(one);
    return tokens;
  },
  async logProbs(_prompt, completions) {
    return { step: 1, logProbs: completions.map((tokens) => tokens.map(() => -0.5)) };
  },
};

Comlink.expose(api);
