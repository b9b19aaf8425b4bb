import { highlight } from './highlight.ts';

/** A program with line numbers; one line may be the current one, one may carry an error. */
export function Listing(props: {
  code: string;
  /** What the program is, for those who do not see the page. */
  label: string;
  /** 1-based. */
  current?: number;
  /** The current line computes another value than the program beside it. */
  isParted?: boolean;
  errorLine?: number;
  /** How often each line ran. */
  hits?: Readonly<Record<number, number>>;
}) {
  const { code, label, current, isParted, errorLine, hits } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="listing" aria-label={label} tabIndex={0}>
      <ol>
        {highlight(code).map((pieces, i) => {
          const line = i + 1;
          const here = isParted ? 'current parted' : 'current';
          const state = line === errorLine ? 'wrong' : line === current ? here : undefined;
          return (
            <li key={i} class={state} aria-current={line === current ? 'step' : undefined}>
              <span class="gutter">{line}</span>
              <code>
                {pieces.map(({ text, kind }, j) => (
                  <span key={j} class={kind}>
                    {text}
                  </span>
                ))}
              </code>
              {hits && (
                <span class="hits">
                  {hits[line] && (
                    <>
                      ×{hits[line]}
                      <span class="visually-hidden">, it ran so often</span>
                    </>
                  )}
                </span>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
