import type { RolloutRecord } from '../../runs/events.ts';
import type { Sandbox } from '../../sandbox/types.ts';
import { programOf } from '../../tasks/format.ts';
import type { Task } from '../../tasks/types.ts';
import type { View } from '../state/view.ts';
import { Listing } from '../ui/Listing.tsx';
import { Panel } from '../ui/Panel.tsx';
import { showValue } from '../ui/values.ts';
import { Stepper } from './Stepper.tsx';
import { TestChoice } from './TestChoice.tsx';

/** What the stepper shows: one completion of a code group, with the task that it answers. */
export interface ProgramProps {
  record: RolloutRecord;
  /** Absent for runs whose tasks were not kept; then only the program's text can be shown. */
  task: Task | undefined;
  /** Starts at the first call; programs run here, never in the page's own thread. */
  sandbox: () => Promise<Sandbox>;
  /** `test` and `trace` of the view: the test stepped through and the step of its trace. */
  view: Pick<View, 'test' | 'trace'>;
  changeView: (change: Partial<View>) => void;
}

const LEAD =
  'Run the chosen answer on one test and step through it: what each line computes, beside the reference solution.';

/** Steps through a program, the reference beside it. */
export function ProgramPanel({ record, task, sandbox, view, changeView }: ProgramProps) {
  const title = `Inside answer ${record.sample + 1}`;
  if (!task) {
    return (
      <Panel id="program" title={title}>
        <Listing code={record.prompt + record.completion} label="the program" />
        <p class="note">This run kept no tests for its tasks, so the program cannot be run here.</p>
      </Panel>
    );
  }
  const tests = [...task.visibleTests, ...task.hiddenTests];
  const passed = record.detail?.passed as number[] | undefined;
  const failing = passed?.indexOf(0) ?? -1;
  const chosen = Math.min(view.test ?? Math.max(0, failing), tests.length - 1);
  const { input, expected } = tests[chosen];
  return (
    <Panel id="program" title={title} lead={LEAD}>
      <p class="question">{task.description}</p>
      <TestChoice
        name="program-test"
        tests={tests.map((test, i) => ({
          label: test.input.map(showValue).join(', '),
          passed: passed && passed[i] === 1,
        }))}
        chosen={chosen}
        onChoose={(test) => changeView({ test, trace: 0 })}
      />
      <Stepper
        program={{ code: programOf(task, record.completion), entry: task.entry }}
        title="this answer"
        reference={task.reference === undefined ? undefined : { code: task.reference, entry: task.entry }}
        input={input}
        expected={{ value: expected }}
        sandbox={sandbox}
        at={view.trace ?? 0}
        onMove={(trace) => changeView({ test: chosen, trace })}
      />
    </Panel>
  );
}
