import type { ShownProblem } from '../../../main/contract/state.ts';
import { words } from '../words.ts';

export interface Said {
  message: string;
  remedy?: string | undefined;
  /** The sentences of the main process, where another language stands above them: they name places and names. */
  original?: string;
}

export const problems = words('problems', {
  said: ({ message, remedy }: ShownProblem): Said => ({ message, remedy }),
});
