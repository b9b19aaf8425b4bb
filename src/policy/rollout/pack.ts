import type { Kernel } from '../../tensor/wgsl/kernel.ts';
import { layoutOf, type PolicyConfig, parameterCount } from '../config.ts';

/**
 * A copy of the weights for a program: each matrix transposed, so that the weights of one output lie one after
 * another; or as they are, with the embedding transposed behind them.
 */
export type PackedForm = 'byOutput' | 'byInput';

/** One matrix to copy transposed: its place, rows, columns; the copy's place and the distance between its rows. */
type Move = [from: number, rows: number, columns: number, to: number, pitch: number];

/** The transposed embedding of the form `byInput`: its place, and the distance between its rows. */
export function transposedEmbedding(config: PolicyConfig): { offset: number; pitch: number } {
  return { offset: parameterCount(config), pitch: Math.ceil(config.vocab_size / 4) * 4 };
}

function moves(config: PolicyConfig, form: PackedForm): Move[] {
  if (form === 'byInput') {
    const { vocab_size, hidden_size } = config;
    const { offset, pitch } = transposedEmbedding(config);
    return [
      [0, parameterCount(config), 1, 0, parameterCount(config)],
      [0, vocab_size, hidden_size, offset, pitch],
    ];
  }
  // The embedding's rows already are the weights of one logit each.
  return layoutOf(config).map(({ name, offset, size, shape: [rows, columns] }) =>
    name === 'embedding' || columns === undefined
      ? [offset, size, 1, offset, size]
      : [offset, rows, columns, offset, rows],
  );
}

/** The copies to make, as words for {@link PACK}, and the size of the whole. */
export function packing(config: PolicyConfig, form: PackedForm): { table: Int32Array; floats: number } {
  const table = Int32Array.from(moves(config, form).flat());
  // Programs read whole rows of the width, also where the MLP's last block is narrower.
  const floats = parameterCount(config) + config.hidden_size;
  const { offset, pitch } = transposedEmbedding(config);
  return { table, floats: form === 'byInput' ? offset + pitch * config.hidden_size : floats };
}

/** Words of one copy. */
export const MOVE_WORDS = 5;

/** Makes a packed copy of the flat parameters. */
export const PACK: Kernel = {
  name: 'RolloutPack',
  reads: { moves: 'u32', parameters: 'f32' },
  writes: { packed: 'f32' },
  /** Invocations for each copy. */
  uniforms: { share: 'u32' },
  workgroup: 64,
  code: `
fn run(index: u32) {
  let first = index / u.share * ${MOVE_WORDS}u;
  if (first >= arrayLength(&moves)) { return; }
  let rows = moves[first + 1u];
  let columns = moves[first + 2u];
  for (var i = index % u.share; i < rows * columns; i += u.share) {
    let row = i % rows;
    let column = i / rows;
    packed[moves[first + 3u] + column * moves[first + 4u] + row] = parameters[moves[first] + row * columns + column];
  }
}`,
};
