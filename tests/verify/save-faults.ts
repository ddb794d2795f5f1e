import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { savesUnderFaults } from '../store/save-faults.ts';
import { count, type Target } from './target.ts';

const faults = { quick: ['signal=SIGKILL'], full: ['error=EIO', 'error=ENOSPC', 'signal=SIGKILL'] };

/** strace puts the fault at one system call after the other; real files, a process of its own for each. */
export const saveFaults: Target = {
  name: 'save-faults',
  bound:
    'a kill, EIO or ENOSPC at every system call of a save: the old or the new file, never a false success',
  async run(size) {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-verify-'));
    try {
      const { counts, outcomes, wrong } = await savesUnderFaults(folder, faults[size]);
      const places = Object.values(counts).reduce((sum, each) => sum + each, 0);
      return {
        figure:
          `${count(places)} system calls, ${count(outcomes.old + outcomes.new)} faults: ${outcomes.old} times the old file, ` +
          `${outcomes.new} times the new one, ${outcomes.refused} refusals, ${wrong.length} wrong${wrong.length > 0 ? ` (${wrong[0]})` : ''}`,
        pass: wrong.length === 0 && outcomes.killed > 0,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
