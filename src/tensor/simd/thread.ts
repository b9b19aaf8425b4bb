/** Number of the thread that runs this instance, 0 for the one that hands out work; each has its own scratch. */
export let thread: i32 = 0;

/** Called once when an instance starts. */
export function setThread(index: i32): void {
  thread = index;
}
