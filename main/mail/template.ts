import { escapeMarkup } from '../base/escape.ts';
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
  html?: string | undefined;
}

// Subjects stand on locked screens and in the logs of mail servers.
const secretVariables: readonly string[] = ['code', 'link'];

/**
 * Checks a template once, so that a fault shows when the configuration is loaded and not at the first sign-in.
 * @throws LatchkeyError `config-invalid` for an unknown variable, braces that do not close, a code in the subject, a
 *   text or HTML part without the code, or a subject of more than one line
 */
export function compileTemplate(template: MailTemplate): (values: MailValues) => MailTemplate {
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
    html: html && fill(html, values, escapeMarkup),
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

function wrong(message: string, known?: string): LatchkeyError {
  return new LatchkeyError('config-invalid', message, {
    remedy:
      known === undefined ? 'Correct the template; docs/RELAY.md describes it.' : `Use one of ${known}.`,
  });
}

const text = `{{askedBy}} on {{host}} asked for this code to sign in to {{tenant}}.

    Code:         {{code}}
    Enter it at:  {{page}}
    Valid until:  {{validUntil}} ({{validMinutes}} minutes)

This page shows the code, copies it and goes on to Microsoft:
{{link}}

    Asked by:     {{askedBy}}
    Computer:     {{host}}
    Program:      {{program}}
    Asked at:     {{time}}
    Sign-in to:   {{tenant}}
    Account:      {{to}}

If you did not ask for this, ignore it and tell your administrator. Do not
enter the code: whoever started this would be signed in as you.

Nobody will ever call or write to you to have this code entered.
`;

// Mail programs drop style sheets, so every style stands at its element. Text has no colour of its own: those that
// honour the colour scheme choose dark or light themselves.
const cell = 'style="padding:4px 16px 4px 0;vertical-align:top;white-space:nowrap"';
const value = 'style="padding:4px 0;vertical-align:top;word-break:break-word"';
const row = (label: string, variable: string): string =>
  `<tr><td ${cell}>${label}</td><td ${value}>{{${variable}}}</td></tr>`;

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>Sign-in code</title>
</head>
<body style="margin:0;padding:24px 16px;font-family:'Segoe UI',system-ui,-apple-system,sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:560px;margin:0 auto">
<h1 style="font-size:20px;line-height:1.3;margin:0 0 12px">Sign-in code</h1>
<p style="margin:0 0 16px"><strong>{{askedBy}}</strong> on <strong>{{host}}</strong> asked for this code to sign in to <strong>{{tenant}}</strong>.</p>
<p style="margin:0 0 4px;font-family:ui-monospace,Consolas,'DejaVu Sans Mono',monospace;font-size:30px;font-weight:600;letter-spacing:4px">{{code}}</p>
<p style="margin:0 0 20px">Valid until {{validUntil}} ({{validMinutes}} minutes)</p>
<p style="margin:0 0 8px"><a href="{{link}}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#0c5c5d;color:#ffffff;text-decoration:none;font-weight:600">Show, copy and enter the code</a></p>
<p style="margin:0 0 24px;font-size:14px">Or enter it yourself at <span style="word-break:break-all">{{page}}</span></p>
<table role="presentation" style="border-collapse:collapse;font-size:14px;margin:0 0 24px">
${row('Asked by', 'askedBy')}
${row('Computer', 'host')}
${row('Program', 'program')}
${row('Asked at', 'time')}
${row('Sign-in to', 'tenant')}
${row('Account', 'to')}
</table>
<p style="margin:0 0 12px;padding:12px 16px;border-left:4px solid #a0241d"><strong>If you did not ask for this, ignore it and tell your administrator.</strong> Do not enter the code: whoever started this would be signed in as you.</p>
<p style="margin:0;font-size:14px">Nobody will ever call or write to you to have this code entered.</p>
</div>
</body>
</html>
`;

export const defaultMailTemplate: MailTemplate = {
  subject: 'Sign-in code asked for on {{host}}',
  text,
  html,
};
