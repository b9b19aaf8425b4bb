import { findEntry } from './names.ts';
import type { ParsedProgram } from './parse.ts';
import { Recorder } from './recorder.ts';
import { StatementRewriter } from './statements.ts';

/** One place of the source that records a variable. Its number in the trace is its index here. */
export interface TracePoint {
  line: number;
  name: string;
  /**
   * `parameter`: a value at the call; `define`: a value given; `maybe`: a value that a call may have changed in
   * place; `end`: a value when the function returned.
   */
  kind: 'parameter' | 'define' | 'maybe' | 'end';
  /** True when the variable is declared by the entry function itself, not by a callback in it or outside. */
  own: boolean;
}

/** One counter of how often something happened. Its number is its index; counter 0 is not one. */
export interface Counter {
  /** A condition has two counters, `true` and then `false`. */
  kind: 'statement' | 'true' | 'false' | 'turn';
  line: number;
  column: number;
}

/** A program rewritten to record what it does; see {@link instrument}. */
export interface InstrumentedProgram {
  code: string;
  points: TracePoint[];
  counters: Counter[];
}

/** Whether to record variables where they are named as changed, or to compare all after each statement too. */
export type TraceMode = 'delta' | 'full';

/**
 * Rewrites a program so that it records every definition made in its entry function (callbacks inside it
 * included, helpers outside it not) and counts every statement, condition and loop turn anywhere.
 *
 * Text is only inserted and never a line break, so the engine's line numbers stay those of the source. Inserted
 * code reads names only where they are initialised and keeps every value, `this` and evaluation order, so the
 * program behaves as before. The names that it uses, in the engine: `__H` counters (slot 0: the statement last
 * reached), `__c(id, value)` and `__n(id, value)` count whether a value is true, or not nullish, and return it,
 * `__e()` numbers the activations of the entry function, `__d(id, frame, value)` records and returns a value,
 * `__u(id, frame, result, value)` records a value and returns the result, `__w(slot, id, frame, value)` records
 * a value that changed since the last look at it.
 */
export function instrument(
  program: ParsedProgram,
  entry: string,
  mode: TraceMode = 'delta',
): InstrumentedProgram {
  const recorder = new Recorder(program);
  const rewriter = new StatementRewriter(recorder, findEntry(program.ast, entry), mode);
  recorder.within(program.ast, () => {
    for (const statement of program.ast.body) rewriter.visit(statement);
  });
  return { code: recorder.code(), points: recorder.points, counters: recorder.counters };
}
