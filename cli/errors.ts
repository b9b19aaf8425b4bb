import { ConfigError } from '../src/runs/options.ts';

/** Something that the person at the terminal can put right; the message says what and how. */
export class UserError extends Error {
  override name = 'UserError';
}

/** Exit code of a process ended by Ctrl-C. */
export const INTERRUPTED = 130;

/** Runs a command and exits with its code; an error for people is shown as one message, any other with its stack. */
export async function runCommand(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    const forPeople = error instanceof UserError || error instanceof ConfigError;
    console.error(`error: ${forPeople ? error.message : (error as Error).stack}`);
    process.exitCode = 1;
  }
}
