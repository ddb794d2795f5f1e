const quotes: readonly (readonly [string, string])[] = [
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['[', ']'],
];

/**
 * Whether the user that a client names is this person, as tools write names: in any case, with blanks or quotes around it,
 * behind a Windows domain (`FABRIKAM\ada`, `AzureAD\ada@fabrikam.example`), or with a server behind it, as Azure's older
 * databases want it (`ada@fabrikam.example@server`). Only a name is compared here: who it is, the token has proved.
 */
export function namesPerson(clientUser: string, username: string): boolean {
  const wanted = username.toLowerCase();
  const named = unquoted(clientUser.trim()).toLowerCase();
  if (named === wanted) return true;
  const [, inDomain] = /^[^\\]+\\([^\\]+)$/.exec(named) ?? [];
  if (inDomain !== undefined) return inDomain === wanted || inDomain === wanted.split('@')[0];
  const [, withoutServer] = /^(.+)@[^@]+$/.exec(named) ?? [];
  return withoutServer === wanted;
}

function unquoted(name: string): string {
  const pair = quotes.find(([open, end]) => name.length > 2 && name.startsWith(open) && name.endsWith(end));
  return pair === undefined ? name : name.slice(1, -1).trim();
}
