import assert from 'node:assert/strict';
import { canonical, type Value } from '../src/program/values.ts';
import hostile from '../src/sandbox/hostile-programs.json' with { type: 'json' };
import { createNodeSandbox } from '../src/sandbox/node.ts';
import own from '../src/sandbox/own-hostile-programs.json' with { type: 'json' };
import type { ProgramJob, ProgramResult, Sandbox } from '../src/sandbox/types.ts';
import { TYPICAL } from './programs.ts';

/** When to stop, whichever comes first. */
export interface SoakOptions {
  programs: number;
  minutes: number;
}

/** What a soak saw; it throws at the first wrong or missing result. */
export interface SoakReport {
  programs: number;
  hostile: number;
  seconds: number;
  /** Resident memory of the process, workers included, in MB: after each tenth of the time or programs. */
  resident: number[];
}

const CHUNK = 256;

/**
 * Runs programs through a pool, every other one hostile, and checks each result: hostile programs against what
 * they gave alone in an engine of this thread, to the unit of fuel; good ones against what V8 makes of them.
 */
export async function soak(pool: Sandbox, { programs, minutes }: SoakOptions): Promise<SoakReport> {
  const attacks = [...hostile.programs, ...own.programs].map(
    ({ code }, i): ProgramJob => ({
      code,
      entry: 'solve',
      inputs: hostile.task.tests as Value[][],
      ...(i % 4 === 0 && { trace: [0] }),
    }),
  );
  const alone = await (await createNodeSandbox()).run(attacks);
  const truths = TYPICAL.map(({ code, entry, inputs }) => {
    const f = new Function(`"use strict";${code}\nreturn ${entry}`)();
    return structuredClone(inputs).map((input) => canonical(f(...input)));
  });
  const check = (serial: number, { calls }: ProgramResult) => {
    const said = calls.map(({ status, value }) => (status === 'ok' ? canonical(value) : status));
    const kind = serial % (TYPICAL.length + 1);
    assert.deepEqual(said, truths[kind] ?? [String(serial)], `program ${serial}`);
  };

  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 60_000;
  const resident: number[] = [];
  let ran = 0;
  while (ran < programs && elapsed() < minutes) {
    const size = Math.min(CHUNK, programs - ran);
    const jobs = Array.from({ length: size }, (_, i) => {
      const serial = ran + i;
      return serial % 2 === 0 ? attacks[(serial / 2) % attacks.length] : goodJob(serial);
    });
    const results = await pool.run(jobs);
    assert.equal(results.length, size, 'no job is lost');
    for (const [i, result] of results.entries()) {
      const serial = ran + i;
      if (serial % 2 === 1) check(serial, result);
      else assert.deepEqual(result, alone[(serial / 2) % attacks.length], jobs[i].code.slice(0, 200));
    }
    ran += size;
    const done = Math.max(ran / programs, elapsed() / minutes);
    if (done * 10 >= resident.length + 1) resident.push(Math.round(process.memoryUsage().rss / 2 ** 20));
  }
  return {
    programs: ran,
    hostile: Math.ceil(ran / 2),
    seconds: (performance.now() - start) / 1000,
    resident,
  };
}

/** A program that passes, in a text not seen before; some return their own number, so that none can be mixed up. */
function goodJob(serial: number): ProgramJob {
  const known = TYPICAL[serial % (TYPICAL.length + 1)];
  if (!known) return { code: `function f() { return ${serial} }`, entry: 'f', inputs: [[]] };
  return { ...known, code: `${known.code}\n//${serial}`, ...(serial % 8 === 1 && { trace: [0] }) };
}
