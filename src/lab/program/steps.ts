import { canonical, type Value } from '../../program/values.ts';
import type { Trace } from '../../sandbox/types.ts';

/** One row of the variable table. */
export interface Variable {
  name: string;
  value: Value;
  /** Given by the step that the stepper stands on. */
  changed: boolean;
  /** This is the variable's last definition: the value that alignment asks for. */
  last: boolean;
}

/** A call between two steps of its trace. */
export interface Moment {
  /** Line (1-based) of the step just made; undefined before the first. */
  line: number | undefined;
  /** All variables that have a value, in the order in which they first got one. */
  variables: Variable[];
}

/** Where a call stands after `done` steps of its trace. */
export function momentAt(trace: Trace, done: number): Moment {
  const last = lastDefinitions(trace);
  const rows = new Map<string, Variable>();
  trace.steps.slice(0, done).forEach(({ name, value }, i) => {
    rows.set(name, { name, value, changed: i === done - 1, last: last.get(name) === i });
  });
  return { line: trace.steps[done - 1]?.line, variables: [...rows.values()] };
}

/** For each variable that alignment may ask for, the step that defines it last. */
function lastDefinitions(trace: Trace): Map<string, number> {
  const found = new Map<string, number>();
  trace.steps.forEach(({ name, value }, i) => {
    if (name in trace.lastDefinition && canonical(value) === canonical(trace.lastDefinition[name]))
      found.set(name, i);
  });
  return found;
}

/**
 * The first step (from 1) at which two traces give a variable another value, or at which one of them has ended;
 * undefined when they are the same. Lines may differ: what counts is what is computed.
 */
export function firstDivergence(a: Trace, b: Trace): number | undefined {
  const longest = Math.max(a.steps.length, b.steps.length);
  for (let i = 0; i < longest; i++) {
    const [one, other] = [a.steps[i], b.steps[i]];
    if (!one || !other || one.name !== other.name || canonical(one.value) !== canonical(other.value))
      return i + 1;
  }
  return undefined;
}
