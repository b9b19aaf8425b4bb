import type { PolicyFiles } from '../runs/events.ts';

/** Names of the files in `public/policy/`, filled in when the page is built. */
declare const SHIPPED_POLICY_FILES: string[];

/** Fetches the base policy that is served with the page. */
export async function fetchShippedPolicy(): Promise<PolicyFiles> {
  if (SHIPPED_POLICY_FILES.length === 0) {
    throw new Error('this build ships no base policy: train one first, with method sft');
  }
  const files = SHIPPED_POLICY_FILES.map(async (name): Promise<[string, Uint8Array]> => {
    const response = await fetch(`${import.meta.env.BASE_URL}policy/${name}`);
    if (!response.ok)
      throw new Error(`policy/${name}: the server answered ${response.status}; reload the page`);
    return [name, new Uint8Array(await response.arrayBuffer())];
  });
  return Object.fromEntries(await Promise.all(files));
}
