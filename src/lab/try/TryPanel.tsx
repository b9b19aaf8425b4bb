import { useEffect, useRef, useState } from 'preact/hooks';
import type { WrittenToken } from '../../policy/write.ts';
import type { WriteRequest } from '../../runs/writing.ts';
import type { Sandbox } from '../../sandbox/types.ts';
import { MARKS, programOf } from '../../tasks/format.ts';
import type { Task } from '../../tasks/types.ts';
import { Panel } from '../ui/Panel.tsx';
import { Asking, type Question } from './Asking.tsx';
import type { Asked } from './asked.ts';
import { Bench } from './Bench.tsx';
import { EXAMPLES } from './examples.ts';
import { Tokens } from './Tokens.tsx';
import { WriterClient } from './writerClient.ts';

/** What trying the policy needs. */
export interface TryProps {
  /** The policy that answers. */
  asked: Asked;
  /** Tasks to pick from: those of the open step. */
  tasks: readonly Task[];
  sandbox: () => Promise<Sandbox>;
}

const LEAD =
  'Describe a program, and watch the policy write it token by token. Then run it, change it by hand, and run it again.';
const FIRST: Question = {
  description: EXAMPLES[0].description,
  signature: EXAMPLES[0].signature,
  temperature: 0,
  seed: 0,
};
const MAX_NEW_TOKENS = 64;
const ALTERNATIVES = 5;

/** Ask the policy for a program, watch its tokens come, run it. */
export function TryPanel({ asked, tasks, sandbox }: TryProps) {
  const [question, setQuestion] = useState<Question>(FIRST);
  const [tokens, setTokens] = useState<readonly WrittenToken[]>([]);
  const [code, setCode] = useState(question.signature);
  const [isWriting, setWriting] = useState(false);
  const [problem, setProblem] = useState('');
  const write = useWriter(asked);
  // The task stays known when the step that it came from has gone.
  const [task, setTask] = useState<Task | undefined>(EXAMPLES[0]);

  function pick(next: Task | undefined): void {
    setTask(next);
    if (next) setQuestion({ ...question, description: next.description, signature: next.signature });
  }

  async function ask(): Promise<void> {
    const request: WriteRequest = {
      description: question.description,
      signature: question.signature,
      temperature: question.temperature,
      seed: question.seed,
      maxNewTokens: MAX_NEW_TOKENS,
      alternatives: ALTERNATIVES,
    };
    setWriting(true);
    setProblem('');
    setTokens([]);
    let written: readonly WrittenToken[] = [];
    let isWhole = false;
    const show = (next: readonly WrittenToken[]) => {
      written = next;
      setTokens(next);
      setCode(programOf(question, textOf(next)));
    };
    try {
      const all = await write(request, (token) => {
        // A token may still be on its way when all of them have come.
        if (!isWhole) show([...written, token]);
      });
      isWhole = true;
      show(all);
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setWriting(false);
    }
  }

  return (
    <Panel id="try" title="Try the policy" lead={LEAD}>
      <Asking
        question={question}
        task={task}
        choices={[
          { label: 'held-out tasks', tasks: EXAMPLES },
          { label: 'tasks of the open step', tasks },
        ]}
        isWriting={isWriting}
        asked={asked}
        onChange={setQuestion}
        onPick={pick}
        onAsk={ask}
      />
      {problem && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
      <Tokens tokens={tokens} signature={question.signature} />
      <Bench code={code} onEdit={setCode} task={task} signature={question.signature} sandbox={sandbox} />
    </Panel>
  );
}

function textOf(tokens: readonly WrittenToken[]): string {
  return tokens
    .filter(({ text }) => text !== MARKS.eos)
    .map(({ text }) => text)
    .join('');
}

/** The live trainer's `write`, or that of a worker of our own: started when first asked, and anew for another policy. */
function useWriter({ key, training, files }: Asked) {
  const own = useRef<{ key: string; client: WriterClient } | undefined>(undefined);
  const end = () => {
    own.current?.client.dispose();
    own.current = undefined;
  };
  useEffect(() => end, []);
  return async (request: WriteRequest, emit: (token: WrittenToken) => void) => {
    if (training) return training.write(request, emit);
    if (own.current?.key !== key) end();
    own.current ??= { key, client: new WriterClient(files()) };
    try {
      return await own.current.client.write(request, emit);
    } catch (error) {
      end();
      throw error;
    }
  };
}
