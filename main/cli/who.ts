import type { PeerProcess } from '../contract/state.ts';
import { plain } from './output.ts';

/**
 * Which program it is: what the system says, with what started it, and what the client calls itself where that is
 * something else.
 */
export function who(process: PeerProcess | undefined, program: string): string {
  const claimed = plain(program);
  if (process === undefined)
    return claimed === '' ? 'an unknown program' : `a program that calls itself "${claimed}"`;
  const parent = process.parent === undefined ? '' : `, started by ${plain(process.parent.program)}`;
  const name = plain(process.program);
  const own = claimed === '' || claimed === name ? '' : `, calls itself "${claimed}"`;
  return `${name} (process ${process.pid}${parent}${own})`;
}
