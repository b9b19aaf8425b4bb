import type { Value } from '../../program/values.ts';
import { Tip } from '../ui/Tip.tsx';
import { showValue } from '../ui/values.ts';
import type { Variable } from './steps.ts';

/** The variables of a call at one moment; what just changed is marked, and so is each last definition. */
export function Variables({ variables, label }: { variables: readonly Variable[]; label: string }) {
  if (variables.length === 0) return <p class="note">No variable has a value yet.</p>;
  return (
    <table class="variables" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">variable</th>
          <th scope="col">value</th>
        </tr>
      </thead>
      <tbody>
        {variables.map(({ name, value, changed, last }) => (
          <tr key={name} class={changed ? 'changed' : undefined}>
            <th scope="row">
              {name}
              {changed && <span class="mark"> changed</span>}
            </th>
            <td>
              <code>{showValue(value)}</code>
              {last && (
                <Tip
                  class="target"
                  help="The variable is given no other value after this one: an alignment question would ask for it."
                >
                  last definition
                </Tip>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A value as the program would write it. */
export function ValueText({ value }: { value: Value }) {
  return <code>{showValue(value)}</code>;
}
