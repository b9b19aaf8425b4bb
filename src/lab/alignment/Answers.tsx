import { canonical, type Value } from '../../program/values.ts';
import type { RolloutRecord } from '../../runs/events.ts';
import { formatNumber } from '../../runs/format.ts';
import type { Cell } from '../../semantics/reward.ts';
import { RETURN } from '../../tasks/format.ts';

/** The truth and every answer, cell by cell, with what each answer earned. */
export function Answers(props: {
  truth: readonly (readonly [name: string, value: Value])[];
  records: readonly RolloutRecord[];
}) {
  const { truth, records } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll" aria-label="answers, cell by cell" tabIndex={0}>
      <table class="answers">
        <thead>
          <tr>
            <th scope="col">ends with</th>
            <th scope="col">truth</th>
            {records.map(({ sample }) => (
              <th key={sample} scope="col">
                answer {sample + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {truth.map(([name, value], row) => (
            <tr key={name}>
              <th scope="row">{name === RETURN ? 'what it returns' : <code>{name}</code>}</th>
              <td>
                <code>{canonical(value)}</code>
              </td>
              {records.map((record) => (
                <AnswerCell key={record.sample} cell={cellsOf(record)[row]} />
              ))}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <Sums
            label="reward"
            explanation="0.1 for the form and 0.9 times the share of values right, or as the option align_reward says"
            records={records}
            value={({ reward }) => reward}
          />
          <Sums
            label="advantage"
            explanation="how much better than the other answers to this question"
            records={records}
            value={({ advantage }) => advantage}
          />
        </tfoot>
      </table>
    </section>
  );
}

function AnswerCell({ cell }: { cell: Cell | undefined }) {
  if (!cell || !('answered' in cell)) return <td class="wrong">no value</td>;
  return (
    <td class={cell.right ? 'right' : 'wrong'}>
      <code>{canonical(cell.answered)}</code> <span class="mark">{cell.right ? 'right' : 'wrong'}</span>
    </td>
  );
}

function Sums(props: {
  label: string;
  explanation: string;
  records: readonly RolloutRecord[];
  value: (record: RolloutRecord) => number;
}) {
  return (
    <tr>
      <th scope="row" colSpan={2} title={props.explanation}>
        {props.label}
      </th>
      {props.records.map((record) => (
        <td key={record.sample}>{formatNumber(props.value(record))}</td>
      ))}
    </tr>
  );
}

const cellsOf = ({ detail }: RolloutRecord) => (detail?.cells ?? []) as Cell[];
