import type { Op } from './register.ts';

/** The contracts of CutFlat and JoinFlat; see ../flat.ts. */
export const FLAT: Op = {
  kernels: () => [],
  bodies: {
    CutFlat(backend, { flat }, { sizes }) {
      let at = 0;
      return (sizes as unknown as number[]).map((size) => {
        const piece = backend.make([size]);
        backend.copy(flat, at, piece, 0, size);
        at += size;
        return piece;
      });
    },
    JoinFlat(backend, pieces) {
      const inputs = Object.values(pieces);
      const out = backend.make([inputs.reduce((sum, { shape }) => sum + shape[0], 0)]);
      let at = 0;
      for (const piece of inputs) {
        backend.copy(piece, 0, out, at, piece.shape[0]);
        at += piece.shape[0];
      }
      return [out];
    },
  },
};
