import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { loadCheckpoint, POLICY_FILES } from '../src/policy/checkpoint.ts';
import type { Config } from '../src/runs/config.ts';
import type { PolicyFiles } from '../src/runs/events.ts';
import { needsPolicy } from '../src/runs/options.ts';
import { taskSuite } from '../src/runs/tasks.ts';
import { claim } from './claim.ts';
import { UserError } from './errors.ts';
import { ROOT } from './site.ts';

const SHIPPED = path.join(ROOT, 'public', 'policy');

/** Reads and checks a policy directory; what else lies in it is left alone. */
export function readPolicy(directory: string): PolicyFiles {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new UserError(`--policy ${directory}: there is no such directory; give one that a run has written`);
  }
  const missing = POLICY_FILES.filter((name) => !existsSync(path.join(directory, name)));
  if (missing.length > 0) {
    throw new UserError(`--policy ${directory}: no policy, it lacks ${missing.join(', ')}`);
  }
  const files = Object.fromEntries(
    POLICY_FILES.map((name) => [name, new Uint8Array(readFileSync(path.join(directory, name)))]),
  );
  try {
    loadCheckpoint(files);
  } catch (error) {
    throw new UserError(`--policy ${directory}: ${(error as Error).message}`);
  }
  return files;
}

/** The policy that a run starts from: the given one, the shipped one, or none for a method that needs none. */
export function startingPolicy(
  directory: string | undefined,
  method: Config['method'] | 'evaluate',
): PolicyFiles {
  if (directory !== undefined) return readPolicy(directory);
  if (method !== 'evaluate' && !needsPolicy(method)) return {};
  if (!existsSync(SHIPPED)) {
    throw new UserError(
      'there is no shipped policy in public/policy: train one with --method sft, or give --policy DIR',
    );
  }
  return readPolicy(SHIPPED);
}

function readTasks(file: string): string {
  if (!existsSync(file) || !statSync(file).isFile())
    throw new UserError(`--tasks ${file}: there is no such file`);
  return readFileSync(file, 'utf8');
}

/**
 * Reads the user's own tasks, if there are any, and checks here already what the trainer will ask for: that
 * every line is a task, or that every family exists.
 */
export function checkedTasks(file: string | undefined, config: Config): string | undefined {
  const text = file === undefined ? undefined : readTasks(file);
  try {
    taskSuite(config, text);
  } catch (error) {
    const where = file === undefined ? `families=${config.families}` : `--tasks ${file}`;
    throw new UserError(`${where}: ${(error as Error).message}`);
  }
  return text;
}

/** A name for a run that was given none: `coderl_plus-20250131-142501`. */
export function defaultName(kind: string, now = new Date()): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${kind}-${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

/** A path as people know it: from where they are, unless it lies elsewhere. */
export function showPath(place: string): string {
  const relative = path.relative(process.cwd(), place);
  return relative.startsWith('..') ? place : relative;
}

function nearestExisting(place: string): string {
  return existsSync(place) ? place : nearestExisting(path.dirname(place));
}

/** What a run may leave that was killed before its first checkpoint; a name with a dot and a number is a half-written file. */
const UNBEGUN = /^(config\.json|tasks\.jsonl|checkpoints|\.lock|\.(config\.json|tasks\.jsonl)\.\d+)$/;

/** Whether a directory holds a run that was killed before its first checkpoint, and so before it computed anything. */
function isUnbegun(directory: string): boolean {
  if (!readdirSync(directory).every((name) => UNBEGUN.test(name))) return false;
  const checkpoints = path.join(directory, 'checkpoints');
  const steps = existsSync(checkpoints) ? readdirSync(checkpoints) : [];
  return !steps.some((step) => existsSync(path.join(checkpoints, step, 'manifest.json')));
}

/** Makes room for a run where an earlier one left nothing that was computed, unless that one is beginning just now. */
function removeUnbegun(directory: string): void {
  if (!existsSync(directory) || !isUnbegun(directory)) return;
  const release = claim(path.join(directory, '.lock'));
  if (!release) return;
  for (const name of readdirSync(directory)) rmSync(path.join(directory, name), { recursive: true });
  release();
}

/** Chooses the directory of a run and checks, before anything is computed, that it can be written. */
export function outputDirectory(given: { out?: string; name?: string }, kind: string): string {
  const { name = defaultName(kind) } = given;
  if (!/^[\w.-]+$/.test(name) || name === '.' || name === '..') {
    throw new UserError(
      `--name "${name}": a name may hold letters, digits, ".", "_" and "-" only; use --out for a path`,
    );
  }
  const directory = given.out === undefined ? path.join(ROOT, 'runs', name) : path.resolve(given.out);
  const existing = nearestExisting(directory);
  if (!statSync(existing).isDirectory()) {
    throw new UserError(
      `--out ${showPath(directory)}: "${existing}" is a file; give a directory that is new or empty`,
    );
  }
  removeUnbegun(directory);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  if (names.length > 0) {
    const isRun = names.includes('config.json') && names.includes('checkpoints');
    const goOn = isRun ? `go on with the run in it with --resume ${showPath(directory)}, or ` : '';
    throw new UserError(
      `${showPath(directory)} is not empty, and nothing is overwritten: ${goOn}give another --out or --name`,
    );
  }
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    throw new UserError(`--out ${showPath(directory)}: no permission to write in "${existing}"`);
  }
  return directory;
}
