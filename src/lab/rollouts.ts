import type { RolloutRecord } from '../runs/events.ts';
import { formatNumber } from '../runs/format.ts';
import { element } from './dom.ts';

function row(record: RolloutRecord): HTMLTableRowElement {
  const verdict = record.verdict ?? (record.terminated ? '' : 'cut off');
  return element(
    'tr',
    {},
    element('td', {}, element('pre', {}, record.completion)),
    element('td', { className: `verdict-${verdict}` }, verdict.replaceAll('_', ' ')),
    element('td', {}, formatNumber(record.reward)),
    element('td', {}, formatNumber(record.advantage)),
  );
}

/** The group whose rewards differ most, because that one teaches most. */
function mostSpread(records: RolloutRecord[]): RolloutRecord[] {
  const groups = new Map<string, RolloutRecord[]>();
  for (const record of records) {
    const key = `${record.source} ${record.group}`;
    const group = groups.get(key);
    if (group) group.push(record);
    else groups.set(key, [record]);
  }
  const spread = (group: RolloutRecord[]) => {
    const rewards = group.map((record) => record.reward);
    return Math.max(...rewards) - Math.min(...rewards);
  };
  let best: RolloutRecord[] = [];
  for (const group of groups.values()) if (best.length === 0 || spread(group) > spread(best)) best = group;
  return best;
}

/** One group of the latest step: the prompt and every answer with verdict, reward and advantage. */
export class Rollouts {
  readonly element = element('div', {}, element('p', { className: 'note' }, 'Nothing sampled yet.'));

  show(records: RolloutRecord[]): void {
    const group = mostSpread(records);
    const first = group[0];
    if (!first) return;
    const heads = ['answer', 'verdict', 'reward', 'advantage'].map((name) => element('th', {}, name));
    this.element.replaceChildren(
      element('p', { className: 'note' }, `step ${first.step}, ${first.source}, ${first.prompt_id}`),
      element('pre', {}, first.prompt),
      element(
        'div',
        { className: 'scroll' },
        element(
          'table',
          {},
          element('thead', {}, element('tr', {}, ...heads)),
          element('tbody', {}, ...group.map(row)),
        ),
      ),
    );
  }
}
