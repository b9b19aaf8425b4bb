import type { Value } from '../program/values.ts';

/** How a program ended on all of its tests together, worst first. */
export const VERDICTS = [
  'syntax_error',
  'runtime_error',
  'timeout',
  'out_of_memory',
  'wrong_answer',
  'pass',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** How one call ended inside the engine; right or wrong is decided outside, by comparing `value`. */
export type RunStatus = 'ok' | 'syntax_error' | 'runtime_error' | 'timeout' | 'out_of_memory';

/** One value given to one variable, on one line (1-based) of the original source. */
export interface TraceStep {
  line: number;
  name: string;
  value: Value;
}

/** What happened during one call, in order. */
export interface Trace {
  steps: TraceStep[];
  /** Lines (1-based) whose statements ran, with how often. */
  hits: Record<number, number>;
  /** Each variable's value at its last definition point, in order of first definition. */
  lastDefinition: Record<string, Value>;
  /** Each variable's value when the call returned (null-safe snapshot of the function's own scope). */
  atEnd: Record<string, Value>;
  /** True when the step buffer was full and later steps are missing. */
  truncated: boolean;
}

/** Which parts of a program ran during one call, helpers and callbacks included, in order of the source. */
export interface Coverage {
  /** Statements run in all. */
  ticks: number;
  /** How often each statement ran; 0 where it did not. */
  statements: { line: number; column: number; hits: number }[];
  /**
   * How often each condition held and did not: tests of `if`, `?:` and loops, and the operands of `&&`, `||` and
   * `??` but the last. For `??` a condition holds when the operand is neither null nor undefined.
   */
  conditions: { line: number; column: number; whenTrue: number; whenFalse: number }[];
  /** How often the body of each loop was entered. */
  loops: { line: number; column: number; turns: number }[];
}

/** A program and the argument lists to call it with. */
export interface ProgramJob {
  code: string;
  /** Name of the function to call. */
  entry: string;
  /** One argument list a call. Each call starts from the same freshly loaded program. */
  inputs: Value[][];
  /** Indices into `inputs` of the calls to trace; none when absent. */
  trace?: number[];
  /**
   * `delta`, the default, records a variable where the source names it as changed. `full` also compares all
   * variables of the traced function after each of its statements, and so sees changes made through other names.
   */
  traceMode?: 'delta' | 'full';
  /** The function to trace when it is not `entry` itself but a function that `entry` calls. */
  traced?: string;
  /** Fuel to load and for each call, instead of `LIMITS.callFuel`: real code may work longer than a small policy's. */
  fuel?: number;
}

/** The outcome of one call. */
export interface CallResult {
  status: RunStatus;
  /** The returned value when `status` is `ok`. */
  value?: Value;
  /** One line for people: error name and message. */
  error?: string;
  /** Line (1-based) of the error, where known. */
  line?: number;
  /** Work counted in turns of the engine's loops; the same on every machine. 0 when the program did not load. */
  fuel: number;
  trace?: Trace;
  /** Given with `trace`. */
  coverage?: Coverage;
}

/** The outcome of one job; `calls[i]` belongs to `inputs[i]`. */
export interface ProgramResult {
  /** Fuel that loading took; 0 for a program that the gate refused. */
  loadFuel: number;
  /** Set when the program did not load: `calls` then all carry the same failure. */
  loadError?: { status: RunStatus; error: string; line?: number; column?: number };
  calls: CallResult[];
}

/** How to follow and to stop a run. */
export interface RunOptions {
  /** Stops the run: it rejects with the signal's reason, and jobs not yet begun are dropped. */
  signal?: AbortSignal;
  /** Called when jobs have ended, with the number of those that have. */
  onProgress?: (ended: number, total: number) => void;
}

/** Runs programs; implemented in-process (Node, workers) and by pools of workers. */
export interface Sandbox {
  run(jobs: ProgramJob[], options?: RunOptions): Promise<ProgramResult[]>;
  dispose(): void;
}
