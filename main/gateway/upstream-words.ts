const maxTextLength = 200;

/**
 * An upstream's own words on one line, to be passed on to the client. Only for an upstream that is known to be the
 * right one.
 * @returns undefined where they would give a secret away.
 */
export function upstreamWords(text: string, secrets: (string | undefined)[]): string | undefined {
  if (secrets.some((secret) => secret !== undefined && secret !== '' && text.includes(secret)))
    return undefined;
  const line = printable(text).trim();
  return line.length > maxTextLength ? `${line.slice(0, maxTextLength)}…` : line;
}

/** Without control characters and line ends, which would make a log or a terminal show something else. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}
