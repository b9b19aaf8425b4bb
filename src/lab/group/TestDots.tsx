import type { RolloutRecord } from '../../runs/events.ts';
import type { Task } from '../../tasks/types.ts';
import { Tip } from '../ui/Tip.tsx';
import { showCall, showValue } from '../ui/values.ts';

/** One mark for each test, passed or not; visible tests first. Nothing for an answer, which has no tests. */
export function TestDots({ record, task }: { record: RolloutRecord; task: Task | undefined }) {
  const passed = record.detail?.passed;
  if (!Array.isArray(passed)) return null;
  const tests = task ? [...task.visibleTests, ...task.hiddenTests] : [];
  const visible = task?.visibleTests.length ?? passed.length;
  const right = passed.filter(Boolean).length;
  return (
    <div class="test-row">
      <span>
        {right} of {passed.length} tests
      </span>
      <span class="dots">
        {passed.map((isRight, i) => {
          const test = tests[i];
          const call = test
            ? ` ${showCall(task!.entry, test.input)} must give ${showValue(test.expected)}.`
            : '';
          const kind = i < visible ? 'Visible' : 'Hidden';
          return (
            <Tip
              key={i}
              class={`dot ${isRight ? 'right' : 'wrong'} ${i < visible ? '' : 'hidden-test'}`}
              help={`${kind} test ${i + 1}: ${isRight ? 'passes' : 'fails'}.${call}`}
            >
              {isRight ? '✓' : '✗'}
            </Tip>
          );
        })}
      </span>
    </div>
  );
}
