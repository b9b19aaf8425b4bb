/** What became of a cell of a sweep: its `cell.json`. */
export interface CellRecord {
  name: string;
  /** Its place in the plan. */
  index: number;
  build: string;
  status: 'done' | 'failed';
  /** Wall-clock time of the last attempt. */
  seconds: number;
  /** When it ended, in ISO 8601. */
  ended: string;
  /** Why it failed. */
  error?: string;
}
