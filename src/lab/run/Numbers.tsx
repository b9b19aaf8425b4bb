import type { StepMetrics } from '../../runs/events.ts';
import { termOf } from '../terms.ts';
import { Figure, TermTip } from '../ui/Figure.tsx';

/** Every metric of the newest step, by its name in `metrics.jsonl`. */
export function Numbers({ metrics }: { metrics: StepMetrics }) {
  return (
    <details class="numbers-part">
      <summary>All numbers of step {metrics.step}</summary>
      <dl class="numbers">
        {Object.entries(metrics).map(([name, value]) => (
          <div key={name}>
            <dt>
              <TermTip
                name={name}
                term={{ ...termOf(name), help: `${termOf(name).help} (${name} in metrics.jsonl)` }}
              />
            </dt>
            <dd>
              <Figure name={name} value={value} />
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
