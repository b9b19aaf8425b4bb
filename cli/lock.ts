import path from 'node:path';
import { claim } from './claim.ts';
import { UserError } from './errors.ts';
import { showPath } from './inputs.ts';

/**
 * Keeps other processes from writing the same run, for as long as this one lives. Returns how to let it go.
 * @throws UserError when another process is at work on it
 */
export function lockRun(directory: string): () => void {
  const release = claim(path.join(directory, '.lock'));
  if (release) return release;
  throw new UserError(
    `${showPath(directory)}: another process is at work on this run; end it first, or wait for it`,
  );
}
