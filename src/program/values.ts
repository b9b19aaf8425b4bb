/** A value that can cross the sandbox boundary: what programs take, return and are traced with. */
export type Value = number | string | boolean | null | undefined | Value[];
