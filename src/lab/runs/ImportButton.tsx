import type { Lab } from '../state/lab.ts';
import { notify } from '../state/store.ts';

/** Takes one or more files of exported runs. */
export function ImportButton({ lab }: { lab: Lab }) {
  const take = async (input: HTMLInputElement) => {
    for (const file of input.files ?? []) {
      try {
        await lab.library.importRun(file);
      } catch (error) {
        const text = `"${file.name}" could not be imported: ${(error as Error).message}`;
        notify(lab.store, { kind: `import ${file.name}`, level: 'error', text });
      }
    }
    input.value = '';
  };
  return (
    <label class="button import">
      Import a run
      <input
        type="file"
        class="visually-hidden"
        accept=".zip,application/zip"
        multiple
        onChange={(event) => take(event.currentTarget)}
      />
    </label>
  );
}
