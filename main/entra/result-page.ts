import { escapeMarkup } from '../base/escape.ts';
import { createHash } from 'node:crypto';

/** What the browser shows when it has come back. Plain text: markup in it is shown, not obeyed. */
export interface ResultPage {
  title: string;
  text: string;
}

const style = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.125rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; padding: 2rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.25; }
p { margin: 0; }
`;
const styleHash = createHash('sha256').update(style).digest('base64');

/** Nothing may run, load, be framed or remembered; the address with the code in it goes to no other page. */
export const resultPageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

export function renderResultPage({ title, text }: ResultPage): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)} - Latchkey</title><style>${style}</style></head>
<body><main><h1>${escape(title)}</h1><p>${escape(text)}</p></main></body>
</html>
`;
}

function escape(text: string): string {
  // Marks of direction could make one name look like another; as in terminals they are shown as what they are not.
  return escapeMarkup(text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\u{fffd}'));
}
