import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const project = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(project, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

interface Job {
  'runs-on': string;
  strategy?: { matrix: { include: { os: string; name: string }[] } };
  permissions?: Record<string, string>;
  steps: { name?: string; if?: string; uses?: string; run?: string; env?: Record<string, string> }[];
}
const { permissions, jobs } = parse(read('.github/workflows/release.yml')) as {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
};
const steps = Object.values(jobs).flatMap((job) => job.steps);
const lines = steps.flatMap(({ run = '' }) => run.split('\n'));

it('runs scripts and files that the project has', () => {
  const called = lines.flatMap((line) => [...line.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name));
  expect(new Set(called)).toEqual(new Set(['package', 'smoke', 'demo', 'sign-release']));
  for (const name of called) expect(Object.keys(scripts)).toContain(name);
  for (const [, file = ''] of lines.join('\n').matchAll(/\bnode ([\w/.-]+\.ts)/g))
    expect(existsSync(join(project, file)), file).toBe(true);
  // Where electron-builder and the list of what is inside are put, and the installed application.
  expect(read('electron-builder.yml')).toContain('  output: release\n');
  expect(read('assets/package/prepare.ts')).toContain('share/doc/latchkey/latchkey.cdx.json');
});

it('builds, signs and tries the packages of three systems', () => {
  const { matrix } = jobs['package']?.strategy ?? { matrix: { include: [] } };
  expect(matrix.include.map(({ name }) => name)).toEqual(['linux', 'windows', 'macos']);
  expect(lines).toContain('npm run package -- -c.forceCodeSigning=true');
  for (const { name } of matrix.include) {
    const tries = steps.filter(
      (step) => step.if === `matrix.name == '${name}'` && /npm run smoke/.test(step.run ?? ''),
    );
    expect(tries, name).toHaveLength(1);
  }
});

it('takes actions at one version each, and gives its jobs no right that they do not need', () => {
  const actions = steps.flatMap(({ uses }) => uses ?? []);
  for (const action of actions) expect(action).toMatch(/^actions\/[\w-]+@v\d+\.\d+\.\d+$/);
  expect(actions.map((action) => action.split(/[/@]/)[1])).toEqual(
    expect.arrayContaining(['attest-build-provenance', 'attest-sbom']),
  );
  expect(permissions).toEqual({ contents: 'read' });
  expect(jobs['package']?.permissions).toBeUndefined();
  expect(jobs['release']?.permissions).toEqual({
    contents: 'write',
    'id-token': 'write',
    attestations: 'write',
  });
});

it('writes no secret into a command, where the log and the list of processes would have it', () => {
  for (const line of lines) expect(line).not.toContain('${{');
});
