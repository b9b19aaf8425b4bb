/**
 * The process of a sweep's cell: `cli/train.ts` with the same arguments, which ends with the sweep that started it,
 * in whatever way that ended. What it has not kept by then is computed again from its last checkpoint.
 */
import type { Socket } from 'node:net';

// The sweep holds the other end of this pipe, and writes nothing to it.
process.stdin.on('end', () => process.exit(1)).resume();
// It alone is no reason to stay.
(process.stdin as Socket).unref();
await import('../train.ts');
