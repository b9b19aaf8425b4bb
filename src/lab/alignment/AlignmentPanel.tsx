import type { RolloutRecord, StepMetrics } from '../../runs/events.ts';
import type { AlignmentItem } from '../../semantics/item.ts';
import type { View } from '../state/view.ts';
import { Listing } from '../ui/Listing.tsx';
import { Panel } from '../ui/Panel.tsx';
import { showValue } from '../ui/values.ts';
import { Answers } from './Answers.tsx';
import { Funnel } from './Funnel.tsx';
import { funnelOf } from './funnel.ts';

/** One alignment question with the policy's answers, and the counts of the selection at its step. */
export interface AlignmentProps {
  /** The group of answers (source `alignment`), by sample; empty where the step asked nothing. */
  records: readonly RolloutRecord[];
  item: AlignmentItem | undefined;
  /** Metrics of the same step; `alignment/candidates` to `alignment/kept` are the funnel. */
  metrics: StepMetrics | undefined;
  /** Groups of the step that are alignment questions, to choose from. */
  groups: readonly number[];
  changeView: (change: Partial<View>) => void;
}

const LEAD =
  "One of the policy's own programs that failed a test, come back as a question: run it in your head, and say what each variable ends with.";

/** The question, the truth and the answers, cell by cell. */
export function AlignmentPanel({ records, item, metrics, groups, changeView }: AlignmentProps) {
  const stages = funnelOf(metrics);
  if (records.length === 0 && !stages) return null;
  const open = groups.indexOf(records[0]?.group ?? -1);
  return (
    <Panel
      id="alignment"
      title="The alignment question"
      lead={LEAD}
      aside={<Choice {...{ groups, open, changeView }} />}
    >
      {item && records.length > 0 ? (
        <>
          <p class="question">
            With the input <code>{item.inputs.map(showValue).join(', ')}</code>, what do{' '}
            <code>{item.truth.map(([name]) => name).join(', ')}</code> end with?
          </p>
          <Listing code={item.program} label="the program that failed" />
          <Answers truth={item.truth} records={records} />
        </>
      ) : (
        <p class="note">
          This step asked no question: the first step has no failed programs yet to ask about.
        </p>
      )}
      {stages && <Funnel stages={stages} />}
    </Panel>
  );
}

function Choice(props: {
  groups: readonly number[];
  open: number;
  changeView: (change: Partial<View>) => void;
}) {
  const { groups, open, changeView } = props;
  if (groups.length < 2) return null;
  const go = (to: number) => changeView({ group: groups[to], sample: undefined });
  return (
    <div class="buttons">
      <button type="button" disabled={open <= 0} onClick={() => go(open - 1)}>
        Previous question
      </button>
      <span class="note">
        {open + 1} of {groups.length}
      </span>
      <button type="button" disabled={open === groups.length - 1} onClick={() => go(open + 1)}>
        Next question
      </button>
    </div>
  );
}
