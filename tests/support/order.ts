import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { seconds } from './seconds.ts';

const secondsOf = (file: string): number => seconds[file] ?? 2;
const isOnDisplay = (file: string): boolean => file.startsWith('tests/e2e/');

/**
 * Longest first, so that no long file runs alone at the end; and of those that need the display, which is one, the next
 * only when the one before should be over: a worker that waits for it does nothing.
 */
export function order(files: readonly string[], workers: number): string[] {
  const left = files.toSorted((one, other) => secondsOf(other) - secondsOf(one));
  const freeAt = Array.from({ length: workers }, () => 0);
  let displayFreeAt = 0;
  const ordered: string[] = [];
  while (left.length > 0) {
    const now = Math.min(...freeAt);
    const at = left.findIndex((file) => !isOnDisplay(file) || displayFreeAt <= now);
    const [file = ''] = left.splice(Math.max(0, at), 1);
    const end = now + secondsOf(file);
    freeAt[freeAt.indexOf(now)] = end;
    if (isOnDisplay(file)) displayFreeAt = end;
    ordered.push(file);
  }
  return ordered;
}

/**
 * {@link order} for Vitest, which itself knows only how long the files took the last time on this machine. The quick ones,
 * which are many and short, come by themselves: a worker that files share ends where the next one is of another project.
 */
export class LongestFirst extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const { root, maxWorkers } = this.ctx.config;
    const quick = specifications.filter(({ project }) => project.name === 'quick');
    const others = specifications.filter((each) => !quick.includes(each));
    const sorted = [others, quick].flatMap((each) => {
      const byFile = new Map(each.map((one) => [relative(root, one.moduleId), one]));
      return order([...byFile.keys()], maxWorkers).flatMap((file) => byFile.get(file) ?? []);
    });
    return Promise.resolve(sorted);
  }
}
