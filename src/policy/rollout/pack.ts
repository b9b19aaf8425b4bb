import type { Kernel } from '../../tensor/wgsl/kernel.ts';
import { layoutOf, type PolicyConfig } from '../config.ts';

/**
 * Place, rows and columns of each weight, for {@link PACK}. Vectors and the embedding, whose rows already are the
 * weights of one logit, count as one column.
 */
export function packTable(config: PolicyConfig): Int32Array {
  return Int32Array.from(
    layoutOf(config).flatMap(({ name, offset, size, shape: [rows, columns] }) =>
      name === 'embedding' || columns === undefined ? [offset, size, 1] : [offset, rows, columns],
    ),
  );
}

/** Transposes each matrix of the flat parameters, so that the weights of one output lie one after another. */
export const PACK: Kernel = {
  name: 'RolloutPack',
  reads: { matrices: 'u32', parameters: 'f32' },
  writes: { packed: 'f32' },
  /** Invocations for each matrix. */
  uniforms: { share: 'u32' },
  workgroup: 64,
  code: `
fn run(index: u32) {
  let matrix = index / u.share * 3u;
  if (matrix >= arrayLength(&matrices)) { return; }
  let offset = matrices[matrix];
  let rows = matrices[matrix + 1u];
  let columns = matrices[matrix + 2u];
  for (var i = index % u.share; i < rows * columns; i += u.share) {
    packed[offset + i] = parameters[offset + i % rows * columns + i / rows];
  }
}`,
};
