import type { ShownProblem } from '../../main/contract/state.ts';
import { problems, type Said } from '../texts/en/problems.ts';

/** One that the window has found itself, and says in its own language. */
export interface OwnProblem extends ShownProblem {
  own: true;
  /** What the main process has said of it, where that is in another language. */
  original?: string;
}

/** In the language of the window, whoever has met it. */
export const saidOf = (problem: ShownProblem | OwnProblem): Said =>
  'own' in problem ? problem : problems.said(problem);
