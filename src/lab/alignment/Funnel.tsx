import type { Stage } from './funnel.ts';

/** The selection of questions as bars that get shorter. */
export function Funnel({ stages }: { stages: readonly Stage[] }) {
  const most = Math.max(1, stages[0].left);
  return (
    <div class="funnel">
      <h3>How this step's failed programs became the next step's questions</h3>
      <ol>
        {stages.map(({ label, left, out }) => (
          <li key={label}>
            <span class="label">{label}</span>
            <span class="bar" aria-hidden="true">
              <i style={{ width: `${(100 * left) / most}%` }} />
            </span>
            <span class="count">
              {left}
              {out > 0 && <small> ({out} out)</small>}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
