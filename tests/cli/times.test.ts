import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const told = (iso: string, LANG: string): string =>
  execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { clock } from ${JSON.stringify(new URL('../../main/cli/output.ts', import.meta.url).href)}; console.log(clock(${JSON.stringify(iso)}));`,
    ],
    { env: { ...process.env, LANG, LC_ALL: LANG, TZ: 'UTC' }, encoding: 'utf8' },
  ).trim();

it.each(['C', 'C.UTF-8', 'en_US.UTF-8', 'en_GB.UTF-8'])(
  'another day is told with its month in letters, in whatever language a server has: %s',
  (language) => {
    expect(told('2031-02-12T10:00:00Z', language)).toMatch(/Feb/);
    expect(told(new Date().toISOString(), language)).toMatch(/^\d{1,2}:\d\d/);
  },
);

it('as the language of the person has it', () => {
  expect(told('2031-02-12T10:00:00Z', 'de_DE.UTF-8')).toContain('12.02.2031');
});
