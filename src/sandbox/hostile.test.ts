import { beforeAll, describe, expect, it } from 'vitest';
import type { Value } from '../program/values.ts';
import { grade } from './grade.ts';
import hostile from './hostile-programs.json' with { type: 'json' };
import { createNodeSandbox } from './node.ts';
import own from './own-hostile-programs.json' with { type: 'json' };
import type { ProgramJob, Sandbox, Verdict } from './types.ts';

/** The file's words for how a program may end, in this project's verdicts. */
const VERDICTS_OF: Record<string, Verdict[]> = {
  pass: ['pass'],
  // A result that is no data, or too large to leave, is wrong.
  fail: ['wrong_answer'],
  error: ['runtime_error'],
  stack: ['runtime_error'],
  syntax: ['syntax_error'],
  forbidden: ['syntax_error'],
  fuel: ['timeout'],
  hard: ['timeout', 'out_of_memory'],
  oom: ['out_of_memory'],
};

const inputs = hostile.task.tests as Value[][];
const expected = hostile.task.expected as Value[];
const good = hostile.programs.find(({ name }) => name === 'control-correct')!;
const job = (code: string): ProgramJob => ({ code, entry: 'solve', inputs, trace: [0] });

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await createNodeSandbox();
});

/** Both files, with the verdicts that each program may end with. */
const programs = [
  ...hostile.programs.map(({ name, code, never_pass, allowed_status }) => {
    return { name, code, never_pass, allowed: allowed_status.flatMap((word) => VERDICTS_OF[word]) };
  }),
  ...own.programs.map(({ verdicts, ...program }) => ({ ...program, allowed: verdicts as Verdict[] })),
];

/** The most that one program may take, its trace included. */
const MAX_MS = 100;

describe('hostile programs', () => {
  it.each(programs.map((program) => [program.name, program] as const))('%s', async (_, program) => {
    let best = Number.POSITIVE_INFINITY;
    // Time on a core, and the best of a few: other processes may hold the cores for longer than that.
    for (let i = 0; i < 5 && best > MAX_MS; i++) {
      const start = process.cpuUsage();
      await sandbox.run([job(program.code)]);
      const { user, system } = process.cpuUsage(start);
      best = Math.min(best, (user + system) / 1000);
    }
    expect(best).toBeLessThan(MAX_MS);
    const [result, after] = await sandbox.run([job(program.code), job(good.code)]);
    const { verdict } = grade(result, expected);
    expect(program.allowed).toContain(verdict);
    if (program.never_pass) expect(verdict).not.toBe('pass');
    expect(grade(after, expected).verdict).toBe('pass');
    expect(after.calls[0].trace?.lastDefinition).toEqual({ s: 6, x: 4 });
  });
});
