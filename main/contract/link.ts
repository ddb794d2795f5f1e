import { z } from 'zod';

/** What `latchkey://open/…` can name. */
export const linkScreens = [
  'access',
  'activity',
  'audit',
  'tools',
  'connections',
  'security',
  'providers',
  'organisation',
  'doctor',
  'settings',
  'about',
] as const;
export type LinkScreen = (typeof linkScreens)[number];

/** Where a link leads. It opens a place of the window and does nothing there: whatever acts is the person's to press. */
export const link = z.discriminatedUnion('kind', [
  /** The question whether to join, with this address in it. */
  z.object({ kind: z.literal('join'), address: z.string() }),
  z.object({ kind: z.literal('screen'), screen: z.enum(linkScreens) }),
  z.object({ kind: z.literal('connection'), name: z.string() }),
  /** The search of everything; no address leads there, only the shortcut. */
  z.object({ kind: z.literal('palette') }),
  /** It is ours, and leads nowhere. */
  z.object({ kind: z.literal('unknown') }),
]);
export type Link = z.infer<typeof link>;

/**
 * Reads `latchkey://join?address=…`, `latchkey://open/<screen>` and `latchkey://connection/<name>`, without anything more in
 * them; undefined for what is no link of ours.
 */
export function readLink(text: string): Link | undefined {
  if (!/^latchkey:/i.test(text)) return undefined;
  return (text.length > 4000 ? undefined : known(text)) ?? { kind: 'unknown' };
}

function known(text: string): Link | undefined {
  try {
    const { host, pathname, search, searchParams, hash } = new URL(text);
    // The first word is the host for some parsers and the path for others.
    const [first, second, ...more] = `${host}/${pathname}`.split('/').filter((part) => part !== '');
    if (first?.toLowerCase() === 'join' && second === undefined) {
      const address = searchParams.get('address');
      return address === null ? undefined : { kind: 'join', address };
    }
    if (second === undefined || more.length > 0 || search !== '' || hash !== '') return undefined;
    const screen = linkScreens.find((name) => name === second.toLowerCase());
    if (first === 'open') return screen && { kind: 'screen', screen };
    const name = decodeURIComponent(second);
    return first === 'connection' && name.length <= 100 ? { kind: 'connection', name } : undefined;
  } catch {
    return undefined;
  }
}
