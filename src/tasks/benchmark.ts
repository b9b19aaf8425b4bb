/** The benchmark whose format a record is in, told by the field that the others lack; undefined for our own. */
export function benchmarkOf(record: unknown): 'HumanEval-X' | 'MBXP' | undefined {
  if (record === null || typeof record !== 'object') return undefined;
  if ('declaration' in record) return 'HumanEval-X';
  return 'entry_point' in record ? 'MBXP' : undefined;
}
