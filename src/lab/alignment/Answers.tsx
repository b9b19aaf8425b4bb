import type { Value } from '../../program/values.ts';
import type { RolloutRecord } from '../../runs/events.ts';
import type { Cell } from '../../semantics/reward.ts';
import { RETURN } from '../../tasks/format.ts';
import { signed } from '../group/arithmetic.ts';
import { Tip } from '../ui/Tip.tsx';
import { showValue } from '../ui/values.ts';

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
                <code>{showValue(value)}</code>
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
            explanation="0.1 for an answer that can be read and 0.9 times the share of values right, or as the option align_reward says."
            records={records}
            text={({ reward }) => reward.toFixed(2)}
          />
          <Sums
            label="advantage"
            explanation="How much better than the other answers to this question. Above 0 an answer becomes more likely, below 0 less."
            records={records}
            text={({ advantage }) => signed(advantage)}
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
      <code>{showValue(cell.answered)}</code> <span class="mark">{cell.right ? 'right' : 'wrong'}</span>
    </td>
  );
}

function Sums(props: {
  label: string;
  explanation: string;
  records: readonly RolloutRecord[];
  text: (record: RolloutRecord) => string;
}) {
  return (
    <tr>
      <th scope="row" colSpan={2}>
        <Tip help={props.explanation}>{props.label}</Tip>
      </th>
      {props.records.map((record) => (
        <td key={record.sample}>{props.text(record)}</td>
      ))}
    </tr>
  );
}

const cellsOf = ({ detail }: RolloutRecord) => (detail?.cells ?? []) as Cell[];
