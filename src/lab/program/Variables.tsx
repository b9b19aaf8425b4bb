import { canonical, type Value } from '../../program/values.ts';
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
              <code>{canonical(value)}</code>
              {last && (
                <span
                  class="target"
                  title="The variable's last definition in this call: the value that an alignment question would ask for"
                >
                  {' '}
                  last definition
                </span>
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
  return <code>{canonical(value)}</code>;
}
