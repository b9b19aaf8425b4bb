/** One test to choose: its input as text, and whether the program passed it. */
export interface TestLabel {
  label: string;
  passed: boolean | undefined;
}

/** The tests of a program as a row of choices, with what came of each. */
export function TestChoice(props: {
  /** Sets the choices of several of these on one page apart. */
  name: string;
  tests: readonly TestLabel[];
  chosen: number;
  onChoose: (test: number) => void;
}) {
  const { name, tests, chosen, onChoose } = props;
  return (
    <fieldset class="tests">
      <legend>test input</legend>
      {tests.map(({ label, passed }, i) => (
        <label key={i} class={passed === undefined ? 'test' : `test ${passed ? 'right' : 'wrong'}`}>
          <input type="radio" name={name} checked={i === chosen} onChange={() => onChoose(i)} />
          <code>{label}</code>
          {passed !== undefined && (
            <>
              <span aria-hidden="true">{passed ? '✓' : '✗'}</span>
              <span class="visually-hidden">{passed ? 'passed' : 'failed'}</span>
            </>
          )}
        </label>
      ))}
    </fieldset>
  );
}
