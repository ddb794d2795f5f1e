import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killWriters } from '../audit/killed-writers.ts';
import { count, inLanes, type Target } from './target.ts';

const kills = { quick: 20, full: 1000 };
const lanes = 4;

/** Writers of the audit that are killed in the middle: what they were told is written must be there. */
export const auditKills: Target = {
  name: 'audit-kills',
  bound: '1,000 times kill -9 during audit writes: no acknowledged record lost, no break of the chain',
  async run(size) {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-verify-'));
    try {
      let acknowledged = 0;
      let lost = 0;
      let broken = 0;
      // Each lane has an audit of its own: one process at a time may have one.
      await inLanes(lanes, lanes, async (lane) => {
        const outcome = await killWriters(join(folder, `${lane}`), kills[size] / lanes);
        acknowledged += outcome.acknowledged;
        lost += outcome.lost.length;
        broken += outcome.damage === undefined && outcome.verdict.ok ? 0 : 1;
      });
      return {
        figure: `${count(kills[size])} kills, ${count(acknowledged)} records acknowledged, ${lost} lost, ${broken} chains broken`,
        pass: lost === 0 && broken === 0 && acknowledged > kills[size],
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
