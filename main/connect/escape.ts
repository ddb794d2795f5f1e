import { escapeMarkup } from '../base/escape.ts';
import { LatchkeyError } from '../contract/errors.ts';

/**
 * How each format writes a value. Each function gives text that the format's own reader turns back into the same
 * value, or throws `request-invalid` where the format has no way to say it.
 */

/** A refusal that names the format, never the value. */
export function inexpressible(format: string, what: string): LatchkeyError {
  return new LatchkeyError('request-invalid', `${format} cannot express ${what}.`, {
    remedy: 'Enter the value by hand where the tool has a dialog, or use another tool.',
  });
}

/** Whether a line-based format can hold it at all. */
function oneLine(format: string, value: string): string {
  if (/\p{Cc}/u.test(value)) throw inexpressible(format, 'a value with control characters');
  if (!value.isWellFormed()) throw inexpressible(format, 'a value that is not valid Unicode');
  return value;
}

/** For formats whose readers cut spaces off. */
function trimmed(format: string, value: string): string {
  if (value !== value.trim() || value === '')
    throw inexpressible(format, 'an empty value, or spaces around one');
  return oneLine(format, value);
}

/**
 * A field of a pgpass file (PostgreSQL docs, "The Password File"): `:` and `\` are escaped. A lone `*` would match
 * everything.
 */
export function pgpassField(value: string): string {
  if (value === '') throw inexpressible('A pgpass file', 'an empty field');
  if (value === '*') return String.raw`\*`;
  return oneLine('A pgpass file', value).replaceAll(/[:\\]/g, String.raw`\$&`);
}

/**
 * A value of pg_service.conf (PostgreSQL docs, "The Connection Service File"). There are no escapes; libpq cuts
 * white space off the end of a line and refuses long lines.
 */
export function serviceValue(value: string): string {
  if (new TextEncoder().encode(value).length > 200)
    throw inexpressible('A service file', 'a value this long');
  return trimmed('A service file', value);
}

/**
 * A value of a libpq connection string (PostgreSQL docs, "Keyword/Value Connection Strings"), as one argument: what a
 * shell would read in it is not escaped.
 */
export function conninfoValue(value: string): string {
  oneLine('A connection string', value);
  if (/^[\w.@:/-]+$/.test(value)) return value;
  return `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}

/**
 * A value of a MySQL or MariaDB option file (MySQL docs, "Using Option Files"; mysys/my_default): in double quotes, in
 * which `#` begins no comment.
 */
export function optionFileValue(value: string): string {
  return `"${oneLine('An option file', value).replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** A value of odbc.ini. unixODBC and iODBC read up to the end of the line, and cut spaces. */
export function odbcIniValue(value: string): string {
  if (/^[;#"'{]/.test(value))
    throw inexpressible('odbc.ini', 'a value that begins with quotes, braces or a comment');
  if (value.includes(';')) throw inexpressible('odbc.ini', 'a value with a semicolon');
  return trimmed('odbc.ini', value);
}

/** A value of freetds.conf, whose reader cuts spaces; `;` and `#` begin comments there. */
export function freetdsValue(value: string): string {
  if (/[;#]/.test(value)) throw inexpressible('freetds.conf', 'a value with ";" or "#"');
  return trimmed('freetds.conf', value);
}

/**
 * A value of an ODBC connection string (ODBC reference, "SQLDriverConnect", "Driver Manager guidelines"): braces only
 * where it cannot do without, `}` doubled inside.
 * @param braces how the driver reads them, as measured: psqlODBC takes a value as it stands, up to the next `;`;
 *   FreeTDS ends it at the first `}`
 */
export function odbcValue(value: string, braces: 'none' | 'simple' | 'doubled' = 'doubled'): string {
  oneLine('An ODBC connection string', value);
  if (value !== '' && value === value.trim() && !value.startsWith('{') && !value.includes(';')) return value;
  if (braces === 'none' || (braces === 'simple' && value.includes('}')))
    throw inexpressible('An ODBC connection string of this driver', 'a value with these characters');
  return `{${value.replaceAll('}', '}}')}}`;
}

/**
 * A login name for FreeTDS and what is built on it, which take what stands before a backslash for a Windows domain and
 * log in by NTLM.
 */
export function freetdsUser(value: string): string {
  if (value.includes('\\')) throw inexpressible('FreeTDS', 'a user with a backslash');
  return oneLine('FreeTDS', value);
}

/** A component of a URL (RFC 3986 section 2.1), stricter than `encodeURIComponent`. */
export function urlComponent(value: string): string {
  return encodeURIComponent(oneLine('A URL', value)).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The query of a URL without its question mark. */
export function urlParameters(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${urlComponent(value)}`)
    .join('&');
}

/** Host and port of a URL: IPv6 addresses stand in brackets (RFC 3986 section 3.2.2). */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * A property of a Microsoft JDBC URL ("Building the connection URL", "Escaping values"): braces, `}` doubled (driver
 * 8.4 and later).
 */
export function sqlServerUrlValue(value: string): string {
  oneLine('A JDBC URL', value);
  return /^[\w.@,-]+$/.test(value) ? value : `{${value.replaceAll('}', '}}')}}`;
}

/** A part of a JDBC URL of a driver that decodes nothing (jTDS, MariaDB Connector/J): only what needs no escape. */
export function plainUrlValue(value: string): string {
  if (!/^[\w.@-]+$/.test(value)) throw inexpressible('A JDBC URL of this driver', 'this name');
  return value;
}

/** The same for the path of a file. */
export function plainUrlPath(value: string): string {
  if (!/^[\p{L}\p{M}\p{N}_.@~:/\\ (),-]+$/u.test(value))
    throw inexpressible('A JDBC URL of this driver', 'this path');
  return value;
}

/** Text and attribute values of XML 1.0, which has no form for most control characters (section 2.2). */
export function xmlText(value: string): string {
  oneLine('XML', value);
  if (/[\uFFFE\uFFFF]/.test(value)) throw inexpressible('XML', 'this character');
  return escapeMarkup(value);
}

/**
 * A value of a .NET connection string ("Connection String Syntax", `DbConnectionStringBuilder`): in quotes, which are
 * doubled inside.
 */
export function dotnetValue(value: string): string {
  oneLine('A connection string', value);
  if (/^[\w.@/\\:,-]+$/.test(value)) return value;
  return `"${value.replaceAll('"', '""')}"`;
}

/** A text literal of Power Query M (language specification, section 2.6.3.4 "Text literals"). */
export function mText(value: string): string {
  return `"${oneLine('Power Query', value).replaceAll('#(', '#(#)(').replaceAll('"', '""')}"`;
}

/** A string literal that Python, JavaScript, R and C# read alike. */
export function codeText(value: string): string {
  return JSON.stringify(oneLine('A program', value));
}

/** A literal of PowerShell ("about_Quoting_Rules"); typographic quotes end one as well. */
export function powerShellText(value: string): string {
  return `'${oneLine('PowerShell', value).replaceAll(/['\u2018-\u201B]/g, '$&$&')}'`;
}

/**
 * A command line for a person's shell, or for a tool that hands it to one: `sh`, bash, zsh or fish on Linux and macOS,
 * cmd.exe or PowerShell on Windows, where what either of the two reads in double quotes cannot be quoted safely.
 */
export function shellLine(words: readonly string[], system: string): string {
  return words.map((word) => (system === 'win32' ? cmdWord(word) : shWord(word))).join(' ');
}

function shWord(word: string): string {
  oneLine('A shell', word);
  if (/^[\w.@:/=,+-]+$/.test(word)) return word;
  // Easier to read where it holds none that a shell reads in double quotes; "!" is one to an interactive bash.
  if (word.includes("'") && !/["$`\\!]/.test(word)) return `"${word}"`;
  // A backslash stands outside the quotes, too: fish reads it in single ones (fishshell.com/docs, "Quotes").
  return `'${word.replaceAll(/['\\]/g, String.raw`'\$&'`)}'`;
}

function cmdWord(word: string): string {
  oneLine('cmd.exe', word);
  // PowerShell: variables, its escape, and typographic quotes, which end a text as well ("about_Quoting_Rules").
  if (/["%!^$`\u201C-\u201E]/.test(word) || word.endsWith('\\'))
    throw inexpressible('cmd.exe', 'this word of a command');
  return /^[\w.@:/=\\+-]+$/.test(word) ? word : `"${word}"`;
}
