/** Policy losses, by verl's names; see `policyLoss`. */
export const LOSS_MODES = ['vanilla', 'gspo', 'cispo'] as const;
export type LossMode = (typeof LOSS_MODES)[number];

/** How token losses become one loss, by verl's names; see `sequenceWeights`. */
export const LOSS_AGG_MODES = [
  'token-mean',
  'seq-mean-token-mean',
  'seq-mean-token-sum',
  'seq-mean-token-sum-norm',
] as const;
export type LossAggMode = (typeof LOSS_AGG_MODES)[number];
