import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codeText,
  conninfoValue,
  dotnetValue,
  freetdsValue,
  mText,
  odbcIniValue,
  odbcValue,
  optionFileValue,
  pgpassField,
  plainUrlPath,
  plainUrlValue,
  powerShellText,
  serviceValue,
  shellLine,
  sqlServerUrlValue,
  urlComponent,
  xmlText,
} from '../../main/connect/escape.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith } from '../support/parts.ts';
import { libpqServices, odbcProperties, optionGroups, python, readers } from './readers.ts';

/** Names with whatever a format could take for more than text. */
const character = fc.oneof(
  fc.constantFrom(...`:\\*;#'"{}[]()=,@!%&<>|$\`^~+/?. -_abAB09\t\n`),
  fc.constantFrom(
    'é',
    '’',
    '‘',
    '漢',
    '😀',
    '\u2028',
    '\u00a0',
    '%41',
    '\\n',
    '\\s',
    '${x}',
    '#(lf)',
    '&amp;',
    '--',
    '/*',
    '\u0000',
  ),
);
const value = fc.array(character, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(''));

/** Values that the format can express, with how it writes them; what it refuses is refused in words of ours. */
function written(
  escape: (text: string) => string,
  count = 600,
  least = count / 20,
): { plain: string; escaped: string }[] {
  const result: { plain: string; escaped: string }[] = [];
  for (const plain of new Set(fc.sample(value, count))) {
    try {
      result.push({ plain, escaped: escape(plain) });
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(LatchkeyError);
      expect(thrown).toMatchObject({ code: 'request-invalid' });
      expect((thrown as LatchkeyError).message).not.toContain(plain.length > 3 ? plain : '\u0001');
    }
  }
  expect(result.length).toBeGreaterThan(least);
  return result;
}

const plains = (all: { plain: string }[]): string[] => all.map(({ plain }) => plain);

describeWith([readers.python], 'libpq reads back', () => {
  it('every value of a service file, and finds the password behind every field of a password file', () => {
    // A name has to fit both files, as in the settings.
    const users = written((text) => `${serviceValue(text)}\u0001${pgpassField(text)}`);
    const databases = users.toReversed();
    const services = users.map(({ escaped }, index) =>
      [
        `[s${index}]`,
        'host=127.0.0.1',
        'port=1',
        `user=${escaped.split('\u0001')[0]}`,
        `dbname=${databases[index]?.escaped.split('\u0001')[0]}`,
        '',
      ].join('\n'),
    );
    const passwords = users.map(
      ({ escaped }, index) =>
        `127.0.0.1:1:${databases[index]?.escaped.split('\u0001')[1]}:${escaped.split('\u0001')[1]}:lkh_${index}`,
    );
    const found = libpqServices(
      services.join('\n'),
      `${passwords.join('\n')}\n`,
      users.map((_, index) => `s${index}`),
    );
    expect(found).toEqual(
      users.map(({ plain }, index) => ({
        host: '127.0.0.1',
        port: '1',
        user: plain,
        database: databases[index]?.plain,
        password: `lkh_${index}`,
      })),
    );
  });

  it('every value of a connection string', () => {
    const all = written(conninfoValue);
    const script =
      'from psycopg2.extensions import parse_dsn\nresult = [parse_dsn("user=" + text + " port=1")["user"] for text in data]';
    expect(
      python(
        script,
        all.map(({ escaped }) => escaped),
      ),
    ).toEqual(plains(all));
  });
});

describeWith([readers.myPrintDefaults], 'the reader of option files reads back', () => {
  it('every value', () => {
    const all = written(optionFileValue);
    const text = all.map(({ escaped }, index) => `[client_s${index}]\nuser=${escaped}\n`).join('\n');
    const printed = optionGroups(
      text,
      all.map((_, index) => `client_s${index}`),
    );
    expect(printed).toEqual(all.map(({ plain }) => `--user=${plain}`));
  });
});

describeWith([readers.python, readers.odbcinst], 'unixODBC reads back', () => {
  it('every value of odbc.ini', () => {
    const all = written(odbcIniValue, 300);
    const text = all.map(({ escaped }, index) => `[s${index}]\nDatabase = ${escaped}\n`).join('\n');
    expect(
      odbcProperties(
        text,
        all.map((_, index) => `s${index}`),
        'Database',
      ),
    ).toEqual(plains(all));
  });
});

describeWith([readers.python], 'other readers read back', () => {
  it('text and attributes of XML', () => {
    const all = written(xmlText);
    const script = `
import xml.etree.ElementTree as tree
found = tree.fromstring(data)
result = [[item.get('a'), item.text] for item in found]
`;
    const document = `<r>${all.map(({ escaped }) => `<i a="${escaped}">${escaped}</i>`).join('')}</r>`;
    expect(python(script, document)).toEqual(plains(all).map((text) => [text, text]));
  });

  it('components of a URL', () => {
    const all = written(urlComponent);
    expect(all.every(({ escaped }) => /^[\w.~%-]+$/.test(escaped))).toBe(true);
    const script =
      'from urllib.parse import unquote, unquote_plus\nresult = [[unquote(text), unquote_plus(text)] for text in data]';
    expect(
      python(
        script,
        all.map(({ escaped }) => escaped),
      ),
    ).toEqual(plains(all).map((text) => [text, text]));
  });

  it('literals of programs', () => {
    const all = written(codeText);
    const script = 'import ast\nresult = [ast.literal_eval(text) for text in data]';
    expect(
      python(
        script,
        all.map(({ escaped }) => escaped),
      ),
    ).toEqual(plains(all));
  });
});

describeWith([readers.sh], 'a shell reads back', () => {
  it('every word of a command line', () => {
    const all = written((text) => shellLine([text], 'linux'), 300);
    const script = `printf '%s\\0' ${all.map(({ escaped }) => escaped).join(' ')}`;
    const printed = execFileSync(readers.sh.path ?? 'sh', ['-c', script], { encoding: 'utf8' });
    expect(printed.split('\0').slice(0, -1)).toEqual(plains(all));
  });
});

/** Formats whose readers run on Windows only, or in drivers that are not here: read by their documented grammar. */
describe('by its grammar is read back', () => {
  /** Doubled `close` inside `open … close`; anything else up to a `;`. */
  const quoted = (text: string, open: string, close: string): string => {
    if (!text.startsWith(open)) {
      expect(text).not.toMatch(/;|^\s|\s$/);
      return text;
    }
    let result = '';
    for (let index = open.length; index < text.length; index += 1) {
      if (text[index] === close) {
        index += 1;
        if (index === text.length) return result;
        expect(text[index]).toBe(close);
      }
      result += text[index];
    }
    throw new Error(`no end in ${text}`);
  };

  it.each([
    ['an ODBC connection string', odbcValue, (text: string) => quoted(text, '{', '}')],
    ['a Microsoft JDBC URL', sqlServerUrlValue, (text: string) => quoted(text, '{', '}')],
    ['a .NET connection string', dotnetValue, (text: string) => quoted(text, '"', '"')],
    ['freetds.conf', freetdsValue, (text: string) => text],
    ['a URL that is not decoded', plainUrlValue, (text: string) => text],
    ['a path in one', plainUrlPath, (text: string) => text],
  ] as const)('every value of %s', (_, escape, read) => {
    const all = written(escape, 3000, 10);
    expect(all.map(({ escaped }) => read(escaped))).toEqual(plains(all));
  });

  it('every literal of Power Query', () => {
    const all = written(mText);
    const read = (text: string): string => {
      expect(text).toMatch(/^"(?:[^"]|"")*"$/);
      return text.slice(1, -1).replaceAll(/""|#\((.*?)\)/g, (token, inner: string | undefined) => {
        if (token === '""') return '"';
        expect(inner).toBe('#');
        return '#';
      });
    };
    expect(all.map(({ escaped }) => read(escaped))).toEqual(plains(all));
  });

  it('every literal of PowerShell', () => {
    const all = written(powerShellText);
    const read = (text: string): string => {
      expect(text).toMatch(/^'(?:[^'‘’‚‛]|(['‘’‚‛])\1)*'$/);
      return text.slice(1, -1).replaceAll(/(['‘’‚‛])\1/g, '$1');
    };
    expect(all.map(({ escaped }) => read(escaped))).toEqual(plains(all));
  });

  it('every word for fish, which reads a backslash in single quotes as well', () => {
    // Words in double quotes hold nothing that any of the shells reads.
    for (const { plain, escaped } of written((text) => shellLine([text], 'linux'), 300)) {
      if (escaped.startsWith('"')) continue;
      const pieces = [...escaped.matchAll(/'([^'\\]*)'|\\(.)|([^'\\]+)/gu)];
      expect(pieces.map(([piece]) => piece).join('')).toBe(escaped);
      expect(pieces.map(([, quoted, after, bare]) => quoted ?? after ?? bare ?? '').join('')).toBe(plain);
    }
  });

  it('every word for cmd.exe and PowerShell, which is refused what either would expand', () => {
    const all = written((text) => shellLine([text], 'win32'), 3000);
    for (const { plain, escaped } of all) {
      expect(escaped).toMatch(/^(?:[\w.@:/=\\+-]+|"[^"%!^$`\u201C-\u201E]*[^"%!^$`\u201C-\u201E\\]")$/);
      expect(escaped.replaceAll('"', '')).toBe(plain);
    }
  });
});
