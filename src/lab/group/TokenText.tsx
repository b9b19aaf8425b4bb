import { useEffect, useRef, useState } from 'preact/hooks';
import type { RolloutRecord } from '../../runs/events.ts';
import type { View } from '../state/view.ts';
import { explain } from '../ui/Tip.tsx';
import { describeToken, type Token, tintOf } from './tokens.ts';

/** A completion token by token, tinted; the token under the pointer or the cursor keys is explained. */
export function TokenText(props: {
  /** What stands before the completion. */
  signature: string;
  tokens: readonly Token[];
  record: RolloutRecord;
  colour: View['colour'];
}) {
  const { signature, tokens, record, colour } = props;
  const place = useRef<HTMLPreElement>(null);
  const [at, setAt] = useState<number | undefined>(undefined);
  const token = at === undefined ? undefined : tokens[at];
  const words = token && describeToken(token);
  useEffect(() => {
    if (at === undefined) return;
    explain(place.current?.querySelectorAll('.piece')[at], words);
    return () => explain(undefined);
  }, [at, words]);
  const move = (event: KeyboardEvent) => {
    const to = { ArrowRight: (at ?? -1) + 1, ArrowLeft: (at ?? 1) - 1, Home: 0, End: tokens.length - 1 }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(tokens.length - 1, to)));
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a program keeps its lines. */}
      <pre
        ref={place}
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the cursor keys walk through the tokens.
        tabIndex={0}
        aria-label={`Answer ${record.sample + 1}; the arrow keys walk through its tokens`}
        onKeyDown={move}
        onBlur={() => setAt(undefined)}
        onMouseLeave={() => setAt(undefined)}
      >
        <span class="signature">{signature}</span>
        {tokens.map((one, index) => (
          <TokenSpan
            key={index}
            token={one}
            colour={colour}
            isAt={index === at}
            onEnter={() => setAt(index)}
          />
        ))}
      </pre>
      <p class="visually-hidden" aria-live="polite">
        {words}
      </p>
    </>
  );
}

function TokenSpan(props: { token: Token; colour: View['colour']; isAt: boolean; onEnter: () => void }) {
  const { token, colour, isAt, onEnter } = props;
  const tint = tintOf(token, colour);
  const mark = /^<\|(.*)\|>$/.exec(token.text)?.[1];
  const background =
    tint && `color-mix(in srgb, var(--${tint.pole}) ${Math.round(8 + 42 * tint.strength)}%, transparent)`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering repeats what the cursor keys give.
    <span
      class={`piece ${isAt ? 'at' : ''} ${mark ? 'mark' : ''}`}
      style={background ? { background } : undefined}
      onMouseEnter={onEnter}
    >
      {mark === undefined ? token.text : mark === 'eos' ? 'end' : mark}
    </span>
  );
}
