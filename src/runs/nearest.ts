/**
 * Edits that turn one word into the other: insertions, deletions, replacements and swaps of neighbours.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, last[j]! + 1, row[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/**
 * The candidate that a mistyped word most likely meant. A dotted name may be meant by its last part alone
 * (`temperature` for `rollout.temperature`), at a small cost, so that whole matches go first.
 */
export function nearest(word: string, candidates: readonly string[]): string {
  const wanted = word.toLowerCase();
  const cost = (candidate: string): number => {
    const whole = editDistance(wanted, candidate);
    const lastPart = candidate.split('.').at(-1)!;
    const part = lastPart === candidate ? whole : editDistance(wanted, lastPart) + 0.5;
    const inside = wanted.length >= 3 && candidate.includes(wanted) ? 1 : Number.POSITIVE_INFINITY;
    return Math.min(whole, part, inside);
  };
  let best = candidates[0]!;
  let bestCost = cost(best);
  for (const candidate of candidates.slice(1)) {
    const candidateCost = cost(candidate);
    if (candidateCost < bestCost) [best, bestCost] = [candidate, candidateCost];
  }
  return best;
}
