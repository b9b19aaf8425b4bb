import { uniform } from '../tensor/random.ts';
import { createDecoder } from './decoder.ts';
import type { Policy } from './policy.ts';
import type { Group, Sampled, SampleOptions, Sampler } from './sampler.ts';

/**
 * All rows move through the positions in lock-step: a prompt is read once, by one row, and becomes `n` rows when
 * it has been read; finished rows are dropped.
 */
export function lockStep(policy: Policy): Sampler {
  return {
    sample: (groups, options) => sampleLockStep(policy, groups, options),
    dispose() {},
  };
}

/** A row that is being decoded; `sample` is -1 while it reads its prompt for the whole group. */
interface Row {
  group: number;
  sample: number;
}

async function sampleLockStep(
  policy: Policy,
  prompts: readonly Group[],
  options: SampleOptions,
): Promise<Sampled[][]> {
  const { n, maxNewTokens, eosId, seed, stream } = options;
  const lengths = prompts.map(({ tokens }) => tokens.length);
  const groups: Sampled[][] = prompts.map(() =>
    Array.from({ length: n }, () => ({ tokens: [], logProbs: [], terminated: false })),
  );
  const decoder = createDecoder(policy, { ...options, lengths });
  let rows: Row[] = prompts.map((_, group) => ({ group, sample: -1 }));
  try {
    for (let position = 0; rows.length > 0; position++) {
      const tokens = Int32Array.from(rows, ({ group, sample }) =>
        sample < 0 ? prompts[group].tokens[position] : groups[group][sample].tokens.at(-1)!,
      );
      const drawing = rows.map((row) => rowsAfter(row, position, lengths, n));
      const draws = Int32Array.from(drawing, (after) => after.length);
      const uniforms = Float32Array.from(drawing.flat(), ({ group, sample }) =>
        uniform(seed, stream, prompts[group].draw + sample, position),
      );
      const drawn = await decoder.step(tokens, draws, uniforms);
      const next: Row[] = [];
      const from: number[] = [];
      let draw = 0;
      rows.forEach((row, index) => {
        if (drawing[index].length === 0) {
          next.push(row);
          from.push(index);
        }
        for (const after of drawing[index]) {
          const out = groups[after.group][after.sample];
          out.tokens.push(drawn.ids[draw]);
          out.logProbs.push(drawn.logProbs[draw]);
          out.terminated = drawn.ids[draw] === eosId;
          draw++;
          if (out.terminated || out.tokens.length === maxNewTokens) continue;
          next.push(after);
          from.push(index);
        }
      });
      rows = next;
      decoder.advance(Int32Array.from(from));
    }
  } finally {
    decoder.dispose();
  }
  return groups;
}

/** The rows that draw a token after this one has read its own: none while it reads its prompt, then the whole group. */
function rowsAfter(row: Row, position: number, lengths: readonly number[], n: number): Row[] {
  if (row.sample >= 0) return [row];
  if (position < lengths[row.group] - 1) return [];
  return Array.from({ length: n }, (_, sample) => ({ group: row.group, sample }));
}
