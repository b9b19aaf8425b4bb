import type { ChildProcess } from 'node:child_process';

/** A call to a contender in another process; answered under the same number. */
export interface Call {
  id: number;
  method: string;
  args: unknown[];
}

/** The answer to a call; number 0 says that the contender is there. */
export interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** The calls to a process that are not answered yet; they fail when it ends. */
export function pendingCalls(child: ChildProcess) {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let count = 0;
  const answerTo = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
    });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`its process ended (${signal ?? code})`));
  });
  return {
    answerTo,
    /** Sends a call under a number of its own and resolves to its value. */
    send(post: (call: Call) => void, method: string, args: unknown[]): Promise<unknown> {
      const id = ++count;
      const answer = answerTo(id);
      post({ id, method, args });
      return answer;
    },
    settle({ id, value, error }: Answer): void {
      if (error === undefined) waiting.get(id)?.resolve(value);
      else waiting.get(id)?.reject(new Error(error));
      waiting.delete(id);
    },
  };
}
