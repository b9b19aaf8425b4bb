import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Cell, Sweep } from './cells.ts';

/** A cell under way. */
export interface RunningCell {
  /** Says why, when it did not come to its end. */
  ended: Promise<{ error?: string }>;
  /** Ends it at once; what it has kept so far stays. */
  stop(): void;
}

/** Whether a run has a whole checkpoint to go on from. */
function hasCheckpoint(run: string): boolean {
  const checkpoints = path.join(run, 'checkpoints');
  const names = existsSync(checkpoints) ? readdirSync(checkpoints) : [];
  return names.some((name) => existsSync(path.join(checkpoints, name, 'manifest.json')));
}

/** The arguments of `npm run train` for a cell: it goes on where it was, or begins anew where nothing was kept. */
function trainArguments({ directory }: Cell, { policy, tasks }: Sweep): string[] {
  const run = path.join(directory, 'run');
  if (hasCheckpoint(run)) return ['--resume', run];
  rmSync(run, { recursive: true, force: true });
  const optional = Object.entries({ '--policy': policy, '--tasks': tasks }).flatMap(([flag, place]) =>
    place === undefined ? [] : [flag, place],
  );
  return ['--config', path.join(directory, 'config.json'), '--out', run, ...optional];
}

/** The reason that a failed process gave: its last error, as one line. */
function reasonOf(said: string, code: number | null): string {
  const lines = said.split('\n').filter((line) => line.startsWith('error: '));
  return lines.at(-1)?.slice('error: '.length) ?? `ended with exit code ${code}`;
}

/**
 * Starts a cell in a process, and so a browser, of its own.
 * @param site the built page that it runs
 * @param tell takes what it writes; everything goes to `log.txt`, too
 */
export function startCell(
  cell: Cell,
  sweep: Sweep,
  site: string,
  tell: (text: string) => void = () => {},
): RunningCell {
  const args = [path.join(import.meta.dirname, 'cell_process.ts'), ...trainArguments(cell, sweep)];
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), ...args], {
    // In a group of its own, Ctrl-C reaches the sweep alone, which then ends its cells.
    detached: true,
    stdio: 'pipe',
    env: { ...process.env, TRACEWRIGHT_SITE: site },
  });
  const log = createWriteStream(path.join(cell.directory, 'log.txt'), { flags: 'a' });
  log.write(`\n== ${new Date().toISOString()} train ${args.slice(1).join(' ')}\n`);
  let errors = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      log.write(data);
      tell(data.toString());
    });
  }
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data).slice(-20_000);
  });
  return {
    ended: new Promise((resolve) => {
      child.on('error', (error) => resolve({ error: error.message }));
      child.on('close', (code) => {
        log.end(() => resolve(code === 0 ? {} : { error: reasonOf(errors, code) }));
      });
    }),
    stop: () => child.stdin.end(),
  };
}
