import { LatchkeyError, toProblem, type Problem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import type { ChainBreak } from './chain.ts';

/** What the audit says of itself, and whoever wants to hear of a change. */
export function createAuditState() {
  const listeners = new Set<() => void>();
  const readers = new Set<() => void>();
  const problems: { write?: Problem | undefined; anchor?: Problem | undefined } = {};
  let damage: Problem | undefined;

  function tell(): void {
    // Later, so that a listener that throws cannot pass for a disk that fails.
    for (const listener of listeners) queueMicrotask(listener);
  }

  return {
    state(path: string): AppState['audit'] {
      const problem = problems.write ?? problems.anchor;
      return problem === undefined ? { kind: 'writing', path } : { kind: 'failed', path, problem };
    },
    damage: (): Problem | undefined => damage,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onWritten(listener: () => void): () => void {
      readers.add(listener);
      return () => readers.delete(listener);
    },
    /** Records have come on the disk. */
    written(): void {
      for (const reader of readers) queueMicrotask(reader);
    },
    /** Why the anchor cannot be written now; undefined where it can. */
    get anchorProblem(): Problem | undefined {
      return problems.anchor;
    },
    /** How the last write of this kind went. */
    note(kind: keyof typeof problems, error: LatchkeyError | undefined): void {
      const before = problems[kind];
      problems[kind] = error && toProblem(error);
      if (before?.message !== error?.message) tell();
    },
    noteDamage({ file, line, detail }: ChainBreak): void {
      damage = toProblem(
        new LatchkeyError(
          'audit-broken',
          `The audit was damaged or changed at ${file}, line ${line}: ${detail}`,
          { remedy: 'Find out who could write to this folder; "latchkey audit verify" lists every place.' },
        ),
      );
      tell();
    },
  };
}
