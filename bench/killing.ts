import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ROOT } from '../cli/site.ts';
import { type FixedRun, fixedRun } from '../src/runs/fixed.ts';
import { NodeDirectory } from '../src/runs/storage/node.ts';
import { readFiles } from '../src/runs/storage/runs.ts';
import { random } from '../src/tensor/random.ts';

/** A training that is killed, and how often. */
export interface KillOptions {
  /** Options of `train`, without `--out`. */
  args: string[];
  kills: number;
  /** Chooses the moments. */
  seed: number;
  /** Where the two runs go; a directory that exists. */
  place: string;
}

/** What became of it; `differences` is empty when the killed run ended as the one that was left alone. */
export interface KillReport {
  /** Seconds of training at which each life ended, and the step that the run could go on from then. */
  deaths: { seconds: number; savedStep: number | undefined }[];
  differences: (keyof FixedRun)[];
  /** Seconds that the undisturbed run trained. */
  seconds: number;
}

/** The line that `train` prints when its trainer has begun. */
const BEGUN = 'device:';

interface Life {
  child: ChildProcess;
  /** Resolves when training begins. */
  begun: Promise<void>;
  ended: Promise<{ code: number | null; output: string }>;
}

/** Starts the command as its npm script does, as the leader of a group that can be killed whole. */
function live(args: string[]): Life {
  const child = spawn(process.execPath, [path.join(ROOT, 'cli', 'tracewright.mjs'), 'train', ...args], {
    env: { ...process.env, npm_lifecycle_event: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
      if (output.includes(BEGUN)) begin();
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => {
      begin();
      resolve({ code, output });
    });
  });
  return { child, begun, ended };
}

async function trainToTheEnd(args: string[]): Promise<number> {
  const life = live(args);
  await life.begun;
  const start = performance.now();
  const { code, output } = await life.ended;
  if (code !== 0) throw new Error(`train ${args.join(' ')}: ended with ${code}\n${output}`);
  return (performance.now() - start) / 1000;
}

/** The step of the latest whole checkpoint; undefined where there is none. */
function savedStep(run: string): number | undefined {
  const checkpoints = path.join(run, 'checkpoints');
  if (!existsSync(checkpoints)) return undefined;
  const whole = readdirSync(checkpoints).filter((name) =>
    existsSync(path.join(checkpoints, name, 'manifest.json')),
  );
  return whole.length === 0
    ? undefined
    : Math.max(...whole.map((name) => Number(name.slice('step-'.length))));
}

/**
 * Trains once undisturbed; then again, where the command is killed with SIGKILL at random moments and each time told
 * to go on; and compares the two.
 */
export async function trainKilled({ args, kills, seed, place }: KillOptions): Promise<KillReport> {
  const [whole, killed] = [path.join(place, 'whole'), path.join(place, 'killed')];
  const seconds = await trainToTheEnd([...args, '--out', whole]);
  const moments = random(seed, 0x911);
  const deaths: KillReport['deaths'] = [];
  const next = () => (savedStep(killed) === undefined ? [...args, '--out', killed] : ['--resume', killed]);
  const steps = (await read(whole)).metrics.length;
  for (let kill = 0; kill < kills; kill++) {
    const life = live(next());
    await life.begun;
    const start = performance.now();
    // Such lives leave, on average, something to do for those that follow, and for the last one, which is not killed.
    const from = savedStep(killed) ?? 0;
    const moment = from + (moments.uniform() * 2 * (steps - from)) / (kills - kill + 1);
    await reached(killed, Math.min(moment, steps - 1 + moments.uniform()), life.ended);
    if (life.child.exitCode === null) process.kill(-life.child.pid!, 'SIGKILL');
    const { code, output } = await life.ended;
    if (code !== null) throw new Error(`life ${kill + 1} ended by itself, with ${code}:\n${output}`);
    deaths.push({ seconds: (performance.now() - start) / 1000, savedStep: savedStep(killed) });
  }
  await trainToTheEnd(next());
  const [expected, found] = await Promise.all([whole, killed].map(read));
  const names = Object.keys(expected!) as (keyof FixedRun)[];
  const differences = names.filter((name) => !isDeepStrictEqual(expected![name], found![name]));
  return { deaths, differences, seconds };
}

/** Resolves when a run has made so many steps and, by how long the one before took, about that part of the next. */
async function reached(run: string, moment: number, ended: Promise<unknown>): Promise<void> {
  const lines = () => {
    const file = path.join(run, 'metrics.jsonl');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  };
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!isOver && lines().length < Math.floor(moment)) await sleep(20);
  const last = lines().at(-1);
  const { step_time } = JSON.parse(last ?? '{"step_time":1}') as { step_time: number };
  await Promise.race([ended, sleep((moment % 1) * step_time * 1000)]);
}

async function read(run: string): Promise<FixedRun> {
  return fixedRun(await readFiles(new NodeDirectory(run), ['checkpoints']));
}
