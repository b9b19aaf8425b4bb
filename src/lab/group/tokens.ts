import type { GroupDetail } from '../../runs/events.ts';
import type { View } from '../state/view.ts';
import { signed } from './arithmetic.ts';

/** One token of a completion, with what is known of it. */
export interface Token {
  /** As it is written; marks such as the end token by their names. */
  text: string;
  /** Log-probability under the policy that sampled it (nats). */
  logProb: number;
  advantage: number;
  /** Change of its log-probability through the update (nats), where it was asked for. */
  change?: number;
}

/** The tokens of one completion; undefined where they were not kept. */
export function tokensOf(
  detail: GroupDetail | undefined,
  sample: number,
  vocabulary: readonly string[],
  after: readonly (readonly number[])[] | undefined,
): Token[] | undefined {
  const ids = detail?.tokens[sample];
  const logProbs = detail?.logProbs[sample];
  if (!ids || !logProbs || vocabulary.length === 0) return undefined;
  return ids.map((id, i): Token => {
    const updated = after?.[sample]?.[i];
    return {
      text: vocabulary[id] ?? '�',
      logProb: logProbs[i],
      advantage: detail.advantages[sample]?.[i] ?? 0,
      ...(updated !== undefined && { change: updated - logProbs[i] }),
    };
  });
}

/** A tint: which of two poles, and how strong from 0 to 1. */
export interface Tint {
  pole: 'up' | 'down' | 'rare';
  strength: number;
}

/** Values at which the tint is at its strongest. */
export const FULL = { advantage: 2, log_prob: 3, change: 0.5 } as const;

/** How a token is tinted; undefined for none. */
export function tintOf(token: Token, colour: View['colour']): Tint | undefined {
  if (colour === 'none') return undefined;
  if (colour === 'log_prob') return tint('rare', 'rare', -token.logProb, FULL.log_prob);
  if (colour === 'change')
    return token.change === undefined ? undefined : tint('up', 'down', token.change, FULL.change);
  return tint('up', 'down', token.advantage, FULL.advantage);
}

function tint(above: Tint['pole'], below: Tint['pole'], value: number, full: number): Tint | undefined {
  const strength = Math.min(1, Math.abs(value) / full);
  return strength < 0.02 ? undefined : { pole: value > 0 ? above : below, strength };
}

/** What is known of a token, in words. */
export function describeToken({ text, logProb, advantage, change }: Token): string {
  const parts = [
    `${JSON.stringify(text)}: probability ${percent(Math.exp(logProb))}, log-probability ${logProb.toFixed(2)} nats; advantage ${signed(advantage)}`,
  ];
  if (change !== undefined) {
    parts.push(
      `after the update ${percent(Math.exp(logProb + change))} (${change >= 0 ? '+' : '−'}${Math.abs(change).toFixed(3)} nats)`,
    );
  }
  return parts.join('; ');
}

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
