import { sameValue, type Value } from '../program/values.ts';
import type { CallResult, ProgramResult, RunStatus, Verdict } from './types.ts';

/** What a program's tests say of it. */
export interface Grading {
  verdict: Verdict;
  /** Whether each test passed. */
  passed: boolean[];
  /** Line (1-based) of the first error, where known. */
  line?: number;
  /** The first error, in one line. */
  error?: string;
}

/** The part of a {@link ProgramResult} that decides. */
type Ended = Pick<ProgramResult, 'loadError'> & {
  calls: Pick<CallResult, 'status' | 'value' | 'error' | 'line'>[];
};

const FAILURES: Exclude<RunStatus, 'ok'>[] = ['syntax_error', 'runtime_error', 'timeout', 'out_of_memory'];

/**
 * Compares what a program returned with what it should have: `expected[i]` belongs to call `i`. Expected values
 * stay on this side of the sandbox. The verdict is the worst outcome over all tests, in the order of `VERDICTS`.
 */
export function grade(result: Ended, expected: readonly Value[]): Grading {
  const { calls, loadError } = result;
  if (calls.length !== expected.length) {
    throw new Error(`grade: ${calls.length} calls for ${expected.length} expected values`);
  }
  const passed = calls.map((call, i) => call.status === 'ok' && sameValue(call.value, expected[i]));
  const failure =
    FAILURES.find((status) => calls.some((call) => call.status === status)) ?? loadError?.status;
  if (!failure || failure === 'ok')
    return { verdict: passed.every(Boolean) ? 'pass' : 'wrong_answer', passed };
  const first = loadError ?? calls.find((call) => call.status !== 'ok');
  return {
    verdict: failure,
    passed,
    ...(first?.line !== undefined && { line: first.line }),
    ...(first?.error !== undefined && { error: first.error }),
  };
}
