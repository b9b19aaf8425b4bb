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

/** A program and the argument lists to call it with. */
export interface ProgramJob {
  code: string;
  /** Name of the function to call. */
  entry: string;
  /** One argument list a call. Each call starts from the same freshly loaded program. */
  inputs: Value[][];
  /** Indices into `inputs` of the calls to trace; none when absent. */
  trace?: number[];
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
  trace?: Trace;
}

/** The outcome of one job; `calls[i]` belongs to `inputs[i]`. */
export interface ProgramResult {
  /** Set when the program did not load: `calls` then all carry the same failure. */
  loadError?: { status: RunStatus; error: string; line?: number; column?: number };
  calls: CallResult[];
}

/** Runs programs; implemented in-process (Node, workers) and by a pool of workers. */
export interface Sandbox {
  run(jobs: ProgramJob[]): Promise<ProgramResult[]>;
  dispose(): void;
}
