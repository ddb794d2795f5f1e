import { LatchkeyError } from '../contract/errors.ts';

/** What a template may name, as `{{name}}`. docs/RELAY.md explains each one. */
export const mailVariables = [
  'code',
  'link',
  'page',
  'validUntil',
  'validMinutes',
  'askedBy',
  'host',
  'program',
  'time',
  'tenant',
  'to',
] as const;
export type MailVariable = (typeof mailVariables)[number];
export type MailValues = Record<MailVariable, string>;

/** The three parts as an administrator writes them. */
export interface MailTemplate {
  subject: string;
  text: string;
  /** Absent: the mail has no HTML part. */
  html?: string;
}

export interface FilledMail {
  subject: string;
  text: string;
  html?: string;
}

// Subjects stand on locked screens and in the logs of mail servers.
const secretVariables: readonly string[] = ['code', 'link'];

/**
 * Checks a template once, so that a fault shows when the configuration is loaded and not at the first sign-in.
 * @throws LatchkeyError `config-invalid` for an unknown variable, braces that do not close, a code in the subject, a
 *   text or HTML part without the code, or a subject of more than one line
 */
export function compileTemplate(template: MailTemplate): (values: MailValues) => FilledMail {
  const { subject, text, html } = template;
  const named = variablesOf(subject, 'subject');
  const secret = named.find((name) => secretVariables.includes(name));
  if (secret !== undefined) {
    throw wrong(`The subject of the mail template names {{${secret}}}, which would show on locked screens.`);
  }
  if (/[\r\n]/.test(subject)) throw wrong('The subject of the mail template has more than one line.');
  requireCode(text, 'text');
  if (html !== undefined) requireCode(html, 'html');
  return (values) => ({
    subject: fill(subject, values, (value) => value),
    text: fill(text, values, (value) => value),
    ...(html !== undefined && { html: fill(html, values, escapeHtml) }),
  });
}

function requireCode(source: string, part: string): void {
  if (variablesOf(source, part).includes('code')) return;
  throw wrong(`The ${part} part of the mail template does not name {{code}}.`);
}

function variablesOf(source: string, part: string): string[] {
  const names = [...source.matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)].map(([, name = '']) => name);
  const unknown = names.find((name) => !(mailVariables as readonly string[]).includes(name));
  if (unknown !== undefined) {
    const known = mailVariables.map((name) => `{{${name}}}`).join(', ');
    throw wrong(
      `The ${part} part of the mail template names {{${unknown.slice(0, 40)}}}, which is unknown.`,
      known,
    );
  }
  const rest = source.replaceAll(/\{\{[^{}]*\}\}/g, '');
  if (rest.includes('{{') || rest.includes('}}')) {
    throw wrong(`The ${part} part of the mail template has braces that do not close.`);
  }
  return names;
}

/** One pass: what a value brings along is never read as a variable. */
function fill(source: string, values: MailValues, encode: (value: string) => string): string {
  return source.replaceAll(/\{\{\s*([^{}]*?)\s*\}\}/g, (_whole, name: MailVariable) => encode(values[name]));
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

function wrong(message: string, known?: string): LatchkeyError {
  return new LatchkeyError('config-invalid', message, {
    remedy:
      known === undefined ? 'Correct the template; docs/RELAY.md describes it.' : `Use one of ${known}.`,
  });
}
