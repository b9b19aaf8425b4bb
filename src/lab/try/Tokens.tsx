import { useState } from 'preact/hooks';
import type { WrittenToken } from '../../policy/write.ts';
import { MARKS } from '../../tasks/format.ts';
import { tipOn } from '../ui/Tip.tsx';

const percent = (probability: number) => `${(100 * probability).toFixed(probability < 0.0995 ? 1 : 0)}%`;

/** A token as it can be seen: line breaks and the end have signs. */
function shown(text: string): string {
  if (text === MARKS.eos) return 'end';
  return text.replaceAll('\n', '⏎').replaceAll(' ', '·');
}

/** The tokens that were written, each with its probability; one is looked at with what else could have come. */
export function Tokens({ tokens, signature }: { tokens: readonly WrittenToken[]; signature: string }) {
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  if (tokens.length === 0) {
    return <p class="note">Nothing written yet. Each token will show how likely it was.</p>;
  }
  const at = Math.min(chosen ?? leastLikely(tokens), tokens.length - 1);
  return (
    <div class="written">
      <p class="strip">
        <code class="given">{signature}</code>
        {tokens.map(({ text, probability }, i) => (
          <button
            key={i}
            type="button"
            class={i === at ? 'token chosen' : 'token'}
            aria-pressed={i === at}
            style={{ '--probability': probability }}
            onClick={() => setChosen(i)}
            {...tipOn(`${percent(probability)} likely where it stands.`)}
          >
            {shown(text)}
          </button>
        ))}
      </p>
      <Alternatives token={tokens[at]} place={at + 1} />
    </div>
  );
}

function Alternatives({ token, place }: { token: WrittenToken; place: number }) {
  return (
    <table class="alternatives">
      <caption>
        Token {place}, and what else could have stood there. Choose another token to see its own.
      </caption>
      <tbody>
        {token.alternatives.map(({ id, text, probability }) => (
          <tr key={id} class={id === token.id ? 'chosen' : undefined}>
            <th scope="row">
              <code>{shown(text)}</code>
            </th>
            <td>
              <span class="bar" aria-hidden="true">
                <i style={{ width: percent(probability) }} />
              </span>
            </td>
            <td>{percent(probability)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The place where the policy was least sure, which is the one worth a look. */
function leastLikely(tokens: readonly WrittenToken[]): number {
  return tokens.reduce(
    (least, { probability }, i) => (probability < tokens[least].probability ? i : least),
    0,
  );
}
