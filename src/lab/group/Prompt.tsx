import type { GroupDetail, RolloutRecord } from '../../runs/events.ts';
import { Tip } from '../ui/Tip.tsx';
import { showCall, showValue } from '../ui/values.ts';

/** What the policy was asked, in a form for people, with the very text that it read behind it. */
export function Prompt({ record, detail }: { record: RolloutRecord; detail: GroupDetail | undefined }) {
  const task = detail?.task;
  return (
    <div class="prompt">
      {task && (
        <>
          <p class="task">
            <span class="quote">{task.description}</span>
          </p>
          <p class="examples">
            {task.visibleTests.map(({ input, expected }) => (
              <code key={showCall('', input)}>
                {showCall(task.entry, input)} → {showValue(expected)}
              </code>
            ))}
            <Tip help="Hidden tests judge the program, but the policy never sees their values.">
              + {task.hiddenTests.length} hidden tests
            </Tip>
          </p>
        </>
      )}
      {detail?.item && (
        <p class="task">
          <span class="quote">
            What do {detail.item.truth.map(([name]) => name).join(', ')} end with, when this failed program
            runs on {detail.item.inputs.map(showValue).join(', ')}?
          </span>
        </p>
      )}
      <details open={!task && !detail?.item}>
        <summary>What the policy reads</summary>
        <pre>{record.prompt}</pre>
      </details>
    </div>
  );
}
