import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sourceProgram } from '../../main/demo/command-line.ts';
import { runDemo } from '../../main/demo/run-demo.ts';
import { enterCode } from '../../main/demo/verification-page.ts';
import { describeWith, parts } from '../support/parts.ts';

const command = {
  command: [process.execPath, sourceProgram],
  desktop: undefined,
  typed: 'latchkey',
};

describeWith([parts.psql], 'the demo', () => {
  let folder: string;
  const usual = process.env['TMPDIR'];
  const usualKey = process.env['LATCHKEY_KEY_FILE'];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-demo-'));
    // The database may run as another user.
    await chmod(folder, 0o711);
    process.env['TMPDIR'] = folder;
    // Of the person's own Latchkey, which whatever the demo starts would refuse.
    process.env['LATCHKEY_KEY_FILE'] = join(folder, 'no-such.key');
  });
  afterAll(async () => {
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
    if (usualKey === undefined) delete process.env['LATCHKEY_KEY_FILE'];
    else process.env['LATCHKEY_KEY_FILE'] = usualKey;
    await rm(folder, { recursive: true, force: true });
  });

  it('plays the whole story, and leaves nothing behind', { timeout: 120_000 }, async () => {
    const lines: string[] = [];
    await runDemo({
      auto: true,
      headless: false,
      ...command,
      print: (text) => lines.push(text),
      signal: new AbortController().signal,
    });
    const transcript = lines.join('\n');
    for (const part of [
      /The broker is running without a screen \(asked for\)\./,
      /Open https:\/\/localhost:\d+\/\S+ and enter the code [A-Z0-9]{9}/,
      /Signed in; groups: .*Data Analysts/,
      /\$ latchkey token sales\n +lk_\w{5}… {2}\(as sales_readonly\)/,
      /sales_readonly *\| *5000 *\| *\d+\.\d\d/,
      /permission denied for table orders/,
      /No group of ada@fabrikam\.example gives access to "payroll"/,
      /FATAL: {2}This token has been revoked\.\n +HINT: {2}Copy a new token/,
      /\(in the browser, as dmitri@fabrikam\.example: .+\)/,
      /No group of dmitri@fabrikam\.example gives access to "sales"/,
      /sign-in-succeeded.*token-issued.*login-allowed.*token-refused.*token-revoked.*login-refused.*signed-out/,
      /The audit is whole: \d+ records/,
      /Done in \d+\.\d s\./,
    ]) {
      expect(transcript).toMatch(part);
    }
    expect(transcript, 'a whole token').not.toMatch(/lk_\w{46}/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('waits for a person with an address, a code and a line to try', { timeout: 120_000 }, async () => {
    const stop = new AbortController();
    const invited = Promise.withResolvers<string>();
    const ended = runDemo({
      auto: false,
      headless: true,
      ...command,
      print: (text) => void (text.includes('enter the code') && invited.resolve(text)),
      signal: stop.signal,
    });
    ended.catch(invited.reject);
    const text = await invited.promise;
    const [, address = '', code = ''] = /open (\S+)[^]*enter the code {2}(\S+)/.exec(text) ?? [];
    expect(text).toMatch(/psql "host=127\.0\.0\.1 port=\d+ user=ada@fabrikam\.example dbname=sales"/);
    const caFolder = (await readdir(folder)).find((name) => name.startsWith('local-tenant-')) ?? '';
    const [caFile = ''] = await readdir(join(folder, caFolder));
    const caPem = await readFile(join(folder, caFolder, caFile), 'utf8');
    const page = await enterCode(address, caPem, code, 'ada@fabrikam.example');
    expect(page.status).toBe(200);
    stop.abort();
    await ended;
    expect(await readdir(folder)).toEqual([]);
  });
});
