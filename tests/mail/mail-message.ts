export interface MessagePart {
  /** Unfolded, encoded words decoded; names in lower case, each with all its values. */
  headers: Map<string, string[]>;
  body: string;
  parts: MessagePart[];
}

/** Reads a mail as RFC 5322 and MIME (RFC 2045 to 2047) say, as far as nodemailer writes them. */
export function parseMessage(raw: string): MessagePart {
  const end = raw.indexOf('\r\n\r\n');
  const headers = new Map<string, string[]>();
  for (const line of raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), decodeWords(line.slice(colon + 1).trim())]);
  }
  const content = raw.slice(end + 4);
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get('content-type')?.[0] ?? '')?.[1];
  if (boundary === undefined) {
    const encoding = headers.get('content-transfer-encoding')?.[0]?.toLowerCase();
    return { headers, body: decodeBody(content, encoding).replaceAll('\r\n', '\n'), parts: [] };
  }
  const pieces = content.split(`--${boundary}`).slice(1, -1);
  return {
    headers,
    body: '',
    parts: pieces.map((piece) => parseMessage(piece.replace(/^\r\n/, '').replace(/\r\n$/, ''))),
  };
}

export function partOf(message: MessagePart, type: string): string {
  const all = [message, ...message.parts];
  const found = all.find(({ headers }) => headers.get('content-type')?.[0]?.startsWith(type));
  if (found === undefined) throw new Error(`no ${type} part`);
  return found.body;
}

function decodeBody(content: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(content, 'base64').toString('utf8');
  if (encoding === 'quoted-printable') return decodeQuoted(content.replaceAll(/=\r\n/g, ''));
  return content;
}

function decodeQuoted(text: string): string {
  const bytes = text.replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function decodeWords(value: string): string {
  return value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_all, kind: string, text: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString('utf8')
        : decodeQuoted(text.replaceAll('_', ' ')),
    );
}
