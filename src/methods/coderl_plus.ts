import type { Share } from '../rl/types.ts';
import { alignmentSource } from '../semantics/source.ts';
import type { MethodParts } from './method.ts';
import { rlvr } from './rlvr.ts';

/** CodeRL+ (arXiv 2510.18471): any algorithm where a share of each batch asks for the values of failed programs. */
export function coderlPlus(parts: MethodParts): Share[] {
  const { tokenizer, sandbox, config } = parts;
  return [{ source: alignmentSource(tokenizer, sandbox, config), ratio: config.align_ratio }, ...rlvr(parts)];
}
