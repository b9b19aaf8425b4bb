export const KL_ESTIMATORS = ['k1', 'k2', 'k3'] as const;
export type KlEstimator = (typeof KL_ESTIMATORS)[number];

/** Log-ratios are cut here before exp, as in verl, so that nothing overflows. */
export const MAX_LOG_RATIO = 20;

/** No token's k3 estimate counts more than this, as in verl. */
export const MAX_KL = 10;

/**
 * A token's estimate of the KL divergence from p to q (Schulman, "Approximating KL divergence"), with
 * d = log q - log p: k1 = -d; k2 = d^2 / 2; k3 = exp(d) - d - 1.
 */
export function klEstimate(logP: number, logQ: number, estimator: KlEstimator): number {
  const difference = Math.max(-MAX_LOG_RATIO, Math.min(MAX_LOG_RATIO, logQ - logP));
  switch (estimator) {
    case 'k1':
      return -difference;
    case 'k2':
      return difference ** 2 / 2;
    case 'k3':
      return Math.min(MAX_KL, Math.exp(difference) - difference - 1);
  }
}
