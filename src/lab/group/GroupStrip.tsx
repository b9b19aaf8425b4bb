import { useRef } from 'preact/hooks';
import { type GroupSummary, summarize } from '../state/groups.ts';
import type { StepRollouts } from '../state/run.ts';
import { tipOn } from '../ui/Tip.tsx';

/** All groups of the step as small squares: how full says the mean reward, a dashed edge that it teaches nothing. */
export function GroupStrip(props: {
  rollouts: StepRollouts;
  open: number;
  /** The run came with the page, which has only some of the groups. */
  isRecorded: boolean;
  onOpen: (group: number) => void;
}) {
  const { rollouts, open, isRecorded, onOpen } = props;
  const place = useRef<HTMLDivElement>(null);
  const groups = summarize(rollouts.records);
  const sources = [...new Set(groups.map(({ source }) => source))].sort(
    (a, b) => Number(b === 'code') - Number(a === 'code'),
  );
  const ordered = sources.flatMap((source) => groups.filter((group) => group.source === source));
  const move = (event: KeyboardEvent, index: number) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: ordered.length - 1 }[event.key];
    if (to === undefined || !ordered[to]) return;
    event.preventDefault();
    onOpen(ordered[to].group);
    place.current?.querySelectorAll<HTMLElement>('[role=radio]')[to]?.focus();
  };
  return (
    <div class="group-strip" ref={place} role="radiogroup" aria-label={`Groups of step ${rollouts.step}`}>
      {sources.map((source) => (
        <div key={source} class="strip-source">
          <span class="strip-name" id={`strip-${source}`}>
            {source}
          </span>
          <span class="strip-cells">
            {ordered.map((summary, index) =>
              summary.source === source ? (
                // biome-ignore lint/a11y/useSemanticElements: a radio input cannot be drawn as a filled square.
                <button
                  key={summary.group}
                  type="button"
                  role="radio"
                  aria-checked={summary.group === open}
                  aria-label={inWords(summary)}
                  tabIndex={summary.group === open ? 0 : -1}
                  class={`cell ${summary.std === 0 ? 'equal' : ''}`}
                  onClick={() => onOpen(summary.group)}
                  onKeyDown={(event) => move(event, index)}
                  {...tipOn(
                    `${inWords(summary)}. ${summary.std === 0 ? 'All earned the same: it teaches nothing.' : 'Its rewards differ, so it teaches.'}`,
                  )}
                >
                  <i style={{ height: `${Math.round(100 * Math.max(0, Math.min(1, summary.mean)))}%` }} />
                </button>
              ) : null,
            )}
          </span>
        </div>
      ))}
      <p class="note">
        Each square is a group, filled up to its mean reward. A dashed grey one teaches nothing: all its
        answers earned the same.{isRecorded && ' The recording has only some groups of each step.'}
      </p>
    </div>
  );
}

function inWords({ group, source, samples, mean, passed }: GroupSummary): string {
  const passing = source === 'code' ? `, ${passed} of ${samples} pass` : '';
  return `Group ${group}, ${source}, mean reward ${mean.toFixed(2)}${passing}`;
}
