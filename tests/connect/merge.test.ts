import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyMerge, masked } from '../../main/connect/merge.ts';
import { mark, type Merge } from '../../main/connect/types.ts';
import { describeWith } from '../support/parts.ts';
import { handle } from './places.ts';
import { libpqServices, optionGroups, readers } from './readers.ts';

const sections = (...all: [name: string, ...lines: string[]][]): Merge => ({
  kind: 'sections',
  ignoreCase: false,
  sections: all.map(([name, ...lines]) => ({ name, lines: [`# ${mark}.`, ...lines] })),
});
const line = (key: string, password: string): Merge => ({ kind: 'pgpass', key, line: `${key}:${password}` });
const refusal = (message: string): Error =>
  expect.objectContaining({
    code: 'request-invalid',
    message: expect.stringContaining(message) as string,
  }) as Error;

describe('sections', () => {
  it('come behind what is there, and are replaced in their place', () => {
    const own = '# mine\n[a]\nx=1\n\n# about b\n[b]\ny=2\n';
    const first = applyMerge(own, sections(['sales', 'port=1'])).text;
    expect(first).toBe(`${own}\n[sales]\n# ${mark}.\nport=1\n`);
    const more = `${first}\n# later\n[c]\nz=3\n`;
    const second = applyMerge(more, sections(['sales', 'port=2', 'user=x']));
    expect(second.text).toBe(`${own}\n[sales]\n# ${mark}.\nport=2\nuser=x\n\n# later\n[c]\nz=3\n`);
    expect(second.removed).toEqual(['[sales]', `# ${mark}.`, 'port=1']);
    expect(second.added).toEqual(['[sales]', `# ${mark}.`, 'port=2', 'user=x']);
  });

  it('change nothing where they are there already', () => {
    const merge = sections(['client_sales', 'port=1'], ['mysql_sales', 'database=x']);
    const { text } = applyMerge(undefined, merge);
    expect(text).toBe(`[client_sales]\n# ${mark}.\nport=1\n\n[mysql_sales]\n# ${mark}.\ndatabase=x\n`);
    expect(applyMerge(text, merge)).toEqual({ text, removed: [], added: [] });
  });

  it('refuse a section of the same name that is not theirs', () => {
    expect(() => applyMerge('[sales]\nhost=db.example\n', sections(['sales', 'port=1']))).toThrow(
      refusal('section [sales]'),
    );
    const ignoring: Merge = {
      kind: 'sections',
      ignoreCase: true,
      sections: [{ name: 'sales', lines: [mark] }],
    };
    expect(() => applyMerge('[SALES]\nhost=db.example\n', ignoring)).toThrow(refusal('section [sales]'));
    expect(applyMerge('[SALES]\nhost=db.example\n', sections(['sales', 'port=1'])).text).toContain('[SALES]');
  });

  it('make one of two that are theirs', () => {
    const twice = `[sales]\n# ${mark}.\nport=1\n# mine\n[x]\na=1\n[sales]\n# ${mark}.\nport=2\n# mine too\n`;
    expect(applyMerge(twice, sections(['sales', 'port=3'])).text).toBe(
      `[sales]\n# ${mark}.\nport=3\n# mine\n[x]\na=1\n# mine too\n`,
    );
  });

  it('keep line ends, a byte order mark and bytes of any encoding', () => {
    const own = '\u00ef\u00bb\u00bf[a]\r\n# caf\u00e9 in latin1\r\nx=1';
    expect(applyMerge(own, sections(['s', 'user=é'])).text).toBe(
      `${own}\r\n\r\n[s]\r\n# ${mark}.\r\nuser=\u00c3\u00a9\r\n`,
    );
    expect(() => applyMerge('[\0a\0]\0', sections(['s', 'x=1']))).toThrow(refusal('not a text file'));
  });

  it('leave every other line as it was, whatever the file has', () => {
    const anyLine = fc.oneof(
      fc.constantFrom(
        '',
        '# c',
        '; c',
        '[a]',
        '[b]',
        ' [c] ',
        'x=1',
        'x = [y]',
        '!include /x',
        '[',
        'password=mine',
      ),
      fc
        .string({ maxLength: 12 })
        .map((text) => text.replaceAll(/\p{Cc}/gu, '').replaceAll(/[^ -\u00ff]/gu, '?')),
    );
    const file = fc.array(anyLine, { maxLength: 20 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(file, fc.integer({ min: 1, max: 9 }), (own, port) => {
        fc.pre(!/^\s*\[sales\]/m.test(own));
        const once = applyMerge(own, sections(['sales', `port=${port}`]));
        const again = applyMerge(once.text, sections(['sales', 'port=0', 'user=u']));
        const ours = /\[sales\]\n# .*\nport=\d\n(user=u\n)?/;
        const rest = (text: string): string => text.replace(ours, '').trimEnd();
        expect(rest(once.text)).toBe(own.trimEnd());
        expect(rest(again.text)).toBe(own.trimEnd());
        expect(once.removed).toEqual([]);
        expect(again.removed).toEqual(once.added);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the password file', () => {
  const key = '127.0.0.1:6432:sales:bruno';

  it('gets its line before the first entry, and a new password in place of the old', () => {
    const own = '# mine\n\n*:*:*:bruno:hunter2\n';
    const first = applyMerge(own, line(key, 'lkh_1'));
    expect(first.text).toBe(`# mine\n\n${key}:lkh_1\n*:*:*:bruno:hunter2\n`);
    const second = applyMerge(first.text, line(key, 'lkh_2'));
    expect(second).toEqual({
      text: `# mine\n\n${key}:lkh_2\n*:*:*:bruno:hunter2\n`,
      removed: [`${key}:lkh_1`],
      added: [`${key}:lkh_2`],
    });
    expect(applyMerge(second.text, line(key, 'lkh_2')).added).toEqual([]);
    expect(applyMerge(undefined, line(key, 'lkh_1')).text).toBe(`${key}:lkh_1\n`);
  });

  it("is refused where the entry has a password that is not Latchkey's", () => {
    expect(() => applyMerge(`${key}:hunter2\n`, line(key, 'lkh_1'))).toThrow(refusal('same host'));
    expect(() => applyMerge(`${key}:hunter2\n`, line(key, 'lkh_1'))).not.toThrow(/hunter2/);
  });
});

describe('what is shown', () => {
  it('has no password in it', () => {
    for (const text of [
      `a:1:b:c:${handle}`,
      `password="${handle}"`,
      'password = hunter2',
      'Password=hunter2',
      '  "password": "hunter2",',
      'PWD = hunter2;x',
    ]) {
      expect(masked(text)).not.toMatch(/hunter2|lkh_/);
      expect(masked(text)).toContain('<password>');
    }
    for (const text of ['user=hunter2', 'password={{password}}', '"password": "{{password}}",'])
      expect(masked(text)).toBe(text);
  });
});

describeWith([readers.python], 'libpq', () => {
  it('takes the line of Latchkey, not one with stars that was there before', () => {
    const service = applyMerge(
      '[other]\nhost=127.0.0.1\nport=1\nuser=bruno\ndbname=x\n',
      sections(['sales', 'host=127.0.0.1', 'port=1', 'dbname=sales', 'user=bruno']),
    ).text;
    const passwords = applyMerge('*:*:*:bruno:hunter2\n', line('127.0.0.1:1:sales:bruno', 'lkh_1')).text;
    const [sales, other] = libpqServices(service, passwords, ['sales', 'other']);
    expect(sales).toMatchObject({ database: 'sales', password: 'lkh_1' });
    expect(other).toMatchObject({ database: 'x', password: 'hunter2' });
  });
});

describeWith([readers.myPrintDefaults], 'the reader of option files', () => {
  it('finds what was there and what came', () => {
    const { text } = applyMerge('[client]\nuser=me # always\n', sections(['client_sales', 'user="bruno"']));
    expect(optionGroups(text, ['client', 'client_sales'])).toEqual(['--user=me', '--user=bruno']);
  });
});
