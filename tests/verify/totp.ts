import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from 'otpauth';
import { codeAt, stepAt } from '../../main/second-factor/totp-code.ts';
import { alice, noon, openTotp, stepMs, type TotpHome } from '../second-factor/totp-home.ts';
import { startSubmitter } from '../second-factor/totp-submitter.ts';
import type { Target } from './target.ts';

const sizes = {
  quick: { races: 2, crashes: 4, instances: 1 },
  full: { races: 20, crashes: 100, instances: 10 },
};
const submissions = 100;

export const totp: Target = {
  name: 'totp',
  bound: 'each TOTP step accepted once: in 100-way races, over 100 crashes, in two instances',
  async run(size) {
    const { races, crashes, instances } = sizes[size];
    const folder = await mkdtemp(join(tmpdir(), 'lk-totp-'));
    try {
      const home = openTotp(folder);
      const key = await enrolled(home);
      const wrong: string[] = [];
      const check = (where: string, accepted: number): void => {
        if (accepted !== 1) wrong.push(`${where}: ${accepted} accepted`);
      };
      for (let race = 0; race < races; race += 1) {
        const code = nextCode(home, key);
        const verdicts = await Promise.all(
          Array.from({ length: submissions }, () => home.totp.verify(alice, code)),
        );
        check('race', verdicts.filter(({ kind }) => kind === 'accepted').length);
      }
      for (let round = 0; round < instances; round += 1) {
        const code = nextCode(home, key);
        const submission = { folder, time: home.time, times: submissions, codes: [code] };
        const both = [startSubmitter(submission), startSubmitter(submission)];
        const ready = await Promise.all(both);
        const counts = await Promise.all(ready.map(({ go }) => go()));
        check(
          'two instances',
          counts.reduce((sum, each) => sum + (each?.['accepted'] ?? 0), 0),
        );
      }
      for (let crash = 0; crash < crashes; crash += 1) {
        const code = nextCode(home, key);
        const { go } = await startSubmitter({ folder, time: home.time, ending: 'die', codes: [code] });
        await go();
        // It was decided before the process died; nobody may use it afterwards.
        const { kind } = await openTotp(folder, home.time).totp.verify(alice, code);
        if (kind !== 'replayed') wrong.push(`crash: then ${kind}`);
      }
      return {
        figure:
          `${races} races of ${submissions}, ${instances} of two instances, ${crashes} crashes: ` +
          (wrong.length === 0 ? 'each step accepted once' : `${wrong.length} wrong (${wrong[0]})`),
        pass: wrong.length === 0,
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function enrolled(home: TotpHome): Promise<Uint8Array> {
  const offer = await home.totp.begin(alice);
  const key = Secret.fromBase32(offer.key.replaceAll(' ', '')).bytes;
  await home.totp.confirm(alice, codeAt(key, stepAt(home.time)));
  return key;
}

function nextCode(home: TotpHome, key: Uint8Array): string {
  home.time = Math.max(home.time, noon) + 2 * stepMs;
  return codeAt(key, stepAt(home.time));
}
