/** What one program may use. Fuel is counted in turns of the engine's loops, about one a bytecode. */
export const LIMITS = {
  /** Fuel to load a program, and again for each call. */
  callFuel: 400_000,
  /** Fuel of each call after one that ran out: a program that does not end should not cost that for every test. */
  laterFuel: 50_000,
  /** Fuel of a traced call: recording costs more than the program itself. */
  traceFuel: 2_400_000,
  /** The most that a job may ask for instead of `callFuel`: a traced call's share must fit in 31 bits. */
  maxFuel: 300_000_000,
  /** Values and characters in one returned value. */
  maxResultNodes: 4096,
  maxResultString: 4096,
  /** Arrays nested deeper than this are opaque. */
  maxDepth: 32,
  /** Definitions kept in one trace. */
  maxSteps: 2000,
  /** Values and characters in one traced value; larger ones are opaque. */
  maxStepNodes: 256,
  maxStepString: 256,
} as const;

/** Fixed memory: 16 MB, of which the engine's image and C stack take the first 5.1. */
export const MEMORY_PAGES = 256;

/** The engine's own stack limit; above it the host's stack may end first. */
export const STACK_BYTES = 128 * 1024;

/**
 * Room for the engine's calls, in bytes as `build/rewrite.ts` guesses frames: about 600 plain recursive calls. Low
 * enough that the stacks of Chromium's worker threads, the smallest known, never ended first in the tests.
 */
export const CALL_STACK_BYTES = 300_000;
