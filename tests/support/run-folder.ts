import { openRunFolder } from './once.ts';

/** Vitest's global set-up: the folder stands before the first worker starts, which inherits its name. */
export function setup(): void {
  openRunFolder();
}
