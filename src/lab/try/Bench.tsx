import { useEffect, useState } from 'preact/hooks';
import { canonical, parseCanonical, type Value } from '../../program/values.ts';
import { type Grading, grade } from '../../sandbox/grade.ts';
import type { Sandbox } from '../../sandbox/types.ts';
import type { Task } from '../../tasks/types.ts';
import { Stepper } from '../program/Stepper.tsx';
import { TestChoice } from '../program/TestChoice.tsx';
import { Editor } from '../ui/Editor.tsx';
import { showValue } from '../ui/values.ts';

const ENTRY = /function\s+([A-Za-z_$][\w$]*)/;
const FIRST_INPUT = '[3,-4,5]';

/** What was run: the text of the program at that time, and what its tests said. */
interface Run {
  code: string;
  grading: Grading | undefined;
  inputs: Value[][];
}

/** A program to edit, run on the task's tests or on an input of one's own, and step through. */
export function Bench(props: {
  code: string;
  onEdit: (code: string) => void;
  task: Task | undefined;
  signature: string;
  sandbox: () => Promise<Sandbox>;
}) {
  const { code, onEdit, task, signature, sandbox } = props;
  const [own, setOwn] = useState(FIRST_INPUT);
  const [run, setRun] = useState<Run | undefined>(undefined);
  const [problem, setProblem] = useState('');
  const [test, setTest] = useState(0);
  const [at, setAt] = useState(0);
  const entry = ENTRY.exec(code)?.[1] ?? ENTRY.exec(signature)?.[1] ?? 'f';
  const tests = task ? [...task.visibleTests, ...task.hiddenTests] : [];
  // Another task's tests say nothing of a program that was run before.
  useEffect(() => setRun(undefined), [task?.id]);

  async function start(): Promise<void> {
    setProblem('');
    try {
      const inputs = task ? tests.map(({ input }) => input) : [readInput(own)];
      const [result] = await (await sandbox()).run([{ code, entry, inputs }]);
      const grading =
        task &&
        grade(
          result,
          tests.map(({ expected }) => expected),
        );
      setRun({ code, grading, inputs });
      setTest(Math.max(0, grading?.passed.indexOf(false) ?? 0));
      setAt(0);
    } catch (error) {
      setRun(undefined);
      setProblem((error as Error).message);
    }
  }

  return (
    <div class="bench">
      <Editor code={code} label="the program, to edit" onChange={onEdit} />
      {!task && (
        <label>
          <span>arguments, as in JavaScript</span>
          <input type="text" value={own} onInput={(event) => setOwn(event.currentTarget.value)} />
        </label>
      )}
      <div class="buttons">
        <button type="button" class="main" onClick={start}>
          {task ? `Run on its ${tests.length} tests` : 'Run'}
        </button>
        {run?.grading && <Verdict grading={run.grading} />}
        {run && run.code !== code && <span class="note">Changed since it was run.</span>}
      </div>
      {problem && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      {run && (
        <>
          <TestChoice
            name="try-test"
            tests={run.inputs.map((input, i) => ({
              label: input.map(showValue).join(', '),
              passed: run.grading?.passed[i],
            }))}
            chosen={test}
            onChoose={(next) => {
              setTest(next);
              setAt(0);
            }}
          />
          <Stepper
            program={{ code: run.code, entry }}
            title="this program"
            reference={
              task?.reference === undefined ? undefined : { code: task.reference, entry: task.entry }
            }
            input={run.inputs[test]}
            expected={task && { value: tests[test].expected }}
            sandbox={sandbox}
            at={at}
            onMove={setAt}
          />
        </>
      )}
    </div>
  );
}

function Verdict({ grading }: { grading: Grading }) {
  const { verdict, passed } = grading;
  const count = passed.filter(Boolean).length;
  return (
    <span class={verdict === 'pass' ? 'right' : 'wrong'} role="status">
      {verdict.replaceAll('_', ' ')}: {count} of {passed.length} tests passed
    </span>
  );
}

/** The arguments of a call from their text. */
function readInput(text: string): Value[] {
  try {
    return parseCanonical(`[${text.replaceAll("'", '"')}]`) as Value[];
  } catch {
    throw new Error(
      `These are no arguments: ${text}. Write values with commas between them, such as ${canonical([[1, 2], 'ab', true]).slice(1, -1)}`,
    );
  }
}
