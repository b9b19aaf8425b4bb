import type { AlignmentItem } from './item.ts';

/**
 * A control that the paper lacks: the same questions with other items' values as their truth, so that whatever is
 * learned is not execution. Values move on by one among the items with as many; an item that is alone with its number
 * is left out, for it would keep its own.
 */
export function shuffleTruths(items: readonly AlignmentItem[]): AlignmentItem[] {
  const bySize = new Map<number, AlignmentItem[]>();
  for (const item of items) {
    const same = bySize.get(item.truth.length);
    if (same) same.push(item);
    else bySize.set(item.truth.length, [item]);
  }
  return [...bySize.values()]
    .filter((same) => same.length > 1)
    .flatMap((same) =>
      same.map((item, i) => {
        const donor = same[(i + 1) % same.length];
        return { ...item, truth: item.truth.map(([name], k) => [name, donor.truth[k][1]]) };
      }),
    );
}
