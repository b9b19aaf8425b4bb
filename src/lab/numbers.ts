import type { StepMetrics } from '../runs/events.ts';
import { formatNumber } from '../runs/format.ts';
import { element } from './dom.ts';

/** The metrics of the latest step, by their names. */
export class Numbers {
  readonly element = element('dl', { className: 'numbers' });
  readonly #values = new Map<string, HTMLElement>();

  show(metrics: StepMetrics): void {
    for (const [name, value] of Object.entries(metrics)) {
      let shown = this.#values.get(name);
      if (!shown) {
        shown = element('dd');
        this.#values.set(name, shown);
        this.element.append(element('div', {}, element('dt', {}, ...breakable(name)), shown));
      }
      shown.textContent = formatNumber(value);
    }
  }
}

/** A metric's name that a narrow column may break after `/` and `_` rather than anywhere. */
function breakable(name: string): (string | HTMLElement)[] {
  const parts = name.split(/(?<=[/_])/);
  return parts.flatMap((part, i) => (i === 0 ? [part] : [element('wbr'), part]));
}
