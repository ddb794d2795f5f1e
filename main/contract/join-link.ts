/**
 * The address of an organisation in a link `latchkey://join?address=…`; undefined for every other text. A link only leads
 * to the question whether to join.
 */
export function addressInJoinLink(text: string): string | undefined {
  if (!/^latchkey:/i.test(text) || text.length > 4000) return undefined;
  try {
    const { host, pathname, searchParams } = new URL(text);
    // "join" is the host for some parsers and the path for others.
    if (`${host}${pathname}`.replaceAll('/', '') !== 'join') return undefined;
    return searchParams.get('address') ?? undefined;
  } catch {
    return undefined;
  }
}
